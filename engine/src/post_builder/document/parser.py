"""One reading of a post's text: its lines, their offsets, and what Markdown makes of them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from itertools import accumulate, pairwise
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence
from markdown_it.token import Token

from post_builder.errors import Place, PostError
from post_builder.document.liquid import BLOCK, END_RAW, TAG, liquid_problem
from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.options import OptionError, Options, parse_options
from post_builder.document.post import END, LINE, START, Cell, Post, Span, Value

_PROSE = re.compile(
    r"""\\.                                             # an escaped character is itself
      |(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`) # a code span is not prose
      |<!--.*?-->
      |<span\s(?:[^>]*?\s)?data-value=(?P<q>["'])(?P<expression>.*?)(?P=q)[^>]*>(?P<shown>[^<]*)</span>
      |(?P<broken><span\s[^>]*\bdata-value\b)""",
    re.DOTALL | re.VERBOSE,
)


_MOST_INDENT = 3
"""Blanks that a line may start with and still be no indented code."""


class Parser:
    """One reading of one text: its lines, their offsets, and what Markdown makes of them."""

    def __init__(self, text: str, path: str, content: int) -> None:
        """Read a text whose front matter ends at the offset `content`."""
        self.text, self.path, self.content = text, path, content
        self.lines: list[str] = LINE.findall(text)
        self.starts = [0, *accumulate(map(len, self.lines))]
        self.first = sum(start < content for start in self.starts[:-1])
        """The index of the first line after the front matter."""
        self.liquid = [
            (match["tag"], Span(*match.span("content"))) for match in BLOCK.finditer(text, content)
        ]

    def parse(self, front_matter: Mapping[str, Any], kernel: str, language: str) -> Post:
        """Find the post's parts.

        Raises:
            PostError: with the line at fault.
        """
        tokens = _blocks("".join(self.lines[self.first :]))
        fences = [token for token in tokens if token.type == "fence"]
        cells = list(self._cells(fences, language))
        self._refuse_stray_markers(tokens, cells)
        values = tuple(self._values(tokens, cells))
        return Post(
            path=self.path,
            text=self.text,
            front_matter=front_matter,
            kernel=kernel,
            language=language,
            content=self.content,
            cells=tuple(cells),
            values=values,
            headings=tuple(
                (self._range(heading)[0] + 1, text.content)
                for heading, text in pairwise(tokens)
                if heading.type == "heading_open"
            ),
            unreadable_fences=tuple(
                self._range(token)[0] + 1 for token in fences if len(token.info.split()) > 1
            ),
        )

    def _error(self, index: int, message: str, hint: str = "") -> PostError:
        source = self.lines[index].rstrip("\r\n") if index < len(self.lines) else ""
        return PostError(message, Place(self.path, index + 1, source), hint)

    def _range(self, token: Token) -> tuple[int, int]:
        """Give a block's lines as indices into the whole text, the end not included."""
        assert token.map is not None  # noqa: S101  # every block token of markdown-it has one
        return self.first + token.map[0], self.first + token.map[1]

    def _in_liquid(self, tag: str, offset: int) -> bool:
        last = len(self.text)  # where a block that is never closed ends
        return any(
            tag == block and (span.start <= offset < span.end or offset == span.end == last)
            for block, span in self.liquid
        )

    def _cells(self, fences: Sequence[Token], language: str) -> Iterator[Cell]:
        names: dict[str, int] = {}
        number = 0
        for token in fences:
            start, end = self._range(token)
            if token.info.strip() != language or self._in_liquid("comment", self.starts[start]):
                continue
            number += 1
            cell = self._cell(token, start, end, number)
            if cell.name in names:
                message = (
                    f"two cells are named {cell.name}: the other is on line {names[cell.name]}"
                )
                raise self._error(start, message, "give each cell a name of its own")
            names[cell.name] = cell.line
            yield cell

    def _cell(self, token: Token, start: int, end: int, number: int) -> Cell:
        opening = self.lines[start]
        prefix = re.sub(r"[^\s>]", " ", opening[: opening.index(token.markup)])
        self._refuse_unfit_fence(token, start, end, prefix)
        options, options_text, after = self._options(end, prefix)
        if END_RAW.match(self._bare(after, prefix)):
            after += 1
        cell = Cell(
            name=options.name or f"cell-{number}",
            code=token.content,
            options=options,
            options_text=options_text,
            line=start + 1,
            fence=token.markup,
            block=Span(self.starts[start], self.starts[after]),
            body=Span(self.starts[start + 1], self.starts[end - 1]),
            region=self._region(after, prefix),
            prefix=prefix,
            newline=opening[len(opening.rstrip("\r\n")) :],
            in_raw=self._in_liquid("raw", self.starts[start]),
            region_in_raw=self._in_liquid("raw", self.starts[after]),
        )
        self._refuse_liquid(cell)
        return cell

    def _refuse_unfit_fence(self, token: Token, start: int, end: int, prefix: str) -> None:
        closing = self._bare(end - 1, prefix)
        if end - start < 2 or closing.rstrip(token.markup[0]) or len(closing) < len(token.markup):  # noqa: PLR2004
            hint = f"end it with a line of {token.markup}"
            raise self._error(start, "this code block is not closed", hint)
        if token.meta.get("indent"):
            raise self._error(
                start,
                "readers would get this code with blanks before each line",
                "start the fence, and its code, right where the text of its list item starts",
            )

    def _refuse_liquid(self, cell: Cell) -> None:
        if cell.options.source:
            return  # the text of the package is looked at instead
        for found in TAG.finditer(self.text, cell.body.start, cell.body.end):
            if not self._in_liquid("raw", found.start()):
                index = bisect_right(self.starts, found.start()) - 1
                raise self._error(index, *liquid_problem(cell.name))

    def _bare(self, index: int, prefix: str) -> str:
        """Give a line without a cell's prefix; one outside its list or quote, or none, is `?`."""
        line = self.lines[index] if index < len(self.lines) else "?"
        quotes = prefix.count(">")
        inside = re.match(rf"(?:[ \t]*>){{{quotes}}}", line)
        if inside is None or (not quotes and _width(line) > len(prefix) + _MOST_INDENT):
            return "?"
        return line[inside.end() :].strip(" \t\r\n")

    def _options(self, index: int, prefix: str) -> tuple[Options, str, int]:
        """Read the attribute list on a line, if it holds one; return the next line's index too."""
        bare = self._bare(index, prefix)
        match = OPTIONS_LINE.match(bare)
        if match is None:
            if re.match(r"\{:\s*[#.\w]", bare):
                hint = "it must end on its line, and a } inside it is written \\}"
                raise self._error(index, "kramdown cannot read these options", hint)
            return Options(), "", index
        try:
            return parse_options(match["body"]), match["body"].strip(), index + 1
        except OptionError as error:
            raise self._error(index, str(error)) from error

    def _region(self, after: int, prefix: str) -> Span:
        start = after
        while not self._bare(start, prefix):
            start += 1
        if self._bare(start, prefix) != START:
            return Span(self.starts[after], self.starts[after])
        for end in range(start + 1, len(self.lines)):
            bare = self._bare(end, prefix)
            if bare == START:
                break
            if bare == END:
                return self._region_span(start, end + 1)
        raise self._error(
            start,
            "this output region has no end",
            f"put {END} after the output, or delete the output: the next build writes it anew",
        )

    def _region_span(self, start: int, end: int) -> Span:
        """A region that ends a text without a final newline owns the newline before it."""
        if self.lines[end - 1].endswith(("\r", "\n")):
            return Span(self.starts[start], self.starts[end])
        before = self.lines[start - 1]
        return Span(self.starts[start] - len(before) + len(before.rstrip("\r\n")), self.starts[end])

    def _refuse_stray_markers(self, tokens: Sequence[Token], cells: Sequence[Cell]) -> None:
        """Output whose cell is gone would be published for ever."""
        for token in tokens:
            if token.type != "html_block":
                continue
            for index in range(*self._range(token)):
                if self.lines[index].lstrip(" \t>").rstrip() in {START, END} and not _within(
                    self.starts[index], cells
                ):
                    raise self._error(
                        index,
                        "this output region belongs to no cell",
                        "it must stand right under its cell: delete it, and the build writes anew",
                    )

    def _values(self, tokens: Sequence[Token], cells: Sequence[Cell]) -> Iterator[Value]:
        for token in tokens:
            if token.type not in {"inline", "html_block"}:
                continue
            first, last = self._range(token)
            start = _after_region(self.starts[first], cells)
            for match in _PROSE.finditer(self.text, start, self.starts[last]):
                if match["expression"] is not None or match["broken"]:
                    yield self._value(match, cells)

    def _value(self, match: re.Match[str], cells: Sequence[Cell]) -> Value:
        index = bisect_right(self.starts, match.start()) - 1
        if match["broken"]:
            hint = 'write <span data-value="EXPRESSION">TEXT</span>, with no tag inside'
            raise self._error(index, "this value cannot be read", hint)
        expression = re.sub(r"\s*[\r\n][\s>]*", " ", unescape(match["expression"])).strip()
        if not expression:
            raise self._error(index, "this value has no expression")
        after = sum(cell.body.start <= match.start() for cell in cells) - 1
        if after < 0:
            raise self._error(
                index,
                f"no cell stands above the value {expression!r}",
                "a value is computed after the last cell above it",
            )
        return Value(expression, index + 1, Span(*match.span("shown")), after)


def _blocks(text: str) -> list[Token]:
    """Parse the blocks of a Markdown text; inline markup is not looked at."""
    parser = MarkdownIt("commonmark")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.at(
        "fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    return parser.parse(text)


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Parse a fence as ever, and note by how much it is indented within its list or quote."""
    found = fence(state, start, end, silent)
    if found and not silent:
        state.tokens[-1].meta["indent"] = state.sCount[start] - state.blkIndent
    return found


def _width(line: str) -> int:
    """Give the number of blanks at a line's start."""
    return len(line) - len(line.lstrip(" \t"))


def _within(offset: int, cells: Iterable[Cell]) -> bool:
    return any(cell.region.start <= offset < cell.region.end for cell in cells)


def _after_region(offset: int, cells: Iterable[Cell]) -> int:
    """Move an offset inside an output region to the region's end."""
    inside = (cell.region.end for cell in cells if cell.region.start <= offset < cell.region.end)
    return next(inside, offset)
