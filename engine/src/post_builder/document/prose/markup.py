"""A Markdown text in segments: blocks of code, code spans, HTML, formulas, and plain text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from functools import lru_cache
from itertools import accumulate

from markdown_it import MarkdownIt
from markdown_it.common.html_re import HTML_TAG_RE
from markdown_it.rules_block import StateBlock, fence, paragraph
from markdown_it.token import Token
from msgspec import Struct, field

from post_builder.document.post import LINE, Span
from post_builder.document.prose.formulas import Dialect, Formula, find_formulas


class Kind(Enum):
    """What a segment is."""

    TEXT = auto()
    CODE_BLOCK = auto()
    """Fenced or indented, whole lines."""
    CODE_SPAN = auto()
    HTML_BLOCK = auto()
    """Whole lines, up to a blank line or its end tag, as CommonMark reads it."""
    TAG = auto()
    """One tag or comment within text."""
    FORMULA = auto()


class Segment(Struct, frozen=True):
    """A part of a text that is of one kind."""

    kind: Kind
    span: Span
    formula: Formula | None = None
    """Of a segment that is one."""


class Block(Struct, frozen=True):
    """A block of a Markdown text: whole lines."""

    token: Token
    span: Span
    indent: int
    """Column at which the text of its list item starts; 0 outside lists."""


class Markup(Struct, frozen=True):
    """A Markdown text and its parts."""

    text: str
    segments: tuple[Segment, ...]
    """They cover the whole text, in its order."""
    blocks: tuple[Block, ...] = field(default_factory=tuple)
    """Each token of markdown-it that has lines, in its order."""

    def at(self, span: Span) -> str:
        """Return the text of a span."""
        return self.text[span.start : span.end]

    def line(self, offset: int) -> Span:
        """Return the line that holds an offset, with its ending."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        return Span(start, len(self.text) if end < 0 else end + 1)


_BACKTICKS_OR_TAG = re.compile(rf"\\.|(?P<ticks>`+)|(?P<tag>{HTML_TAG_RE.pattern})", re.DOTALL)
_CODE = {"fence", "code_block"}


@lru_cache(maxsize=1024)  # of `watch`: most prose is as in the build before
def read_markup(text: str, dialect: Dialect) -> Markup:
    r"""Divide a Markdown text into its parts.

    Args:
        text: with `\n` as line ending.
        dialect: whose formulas it has.
    """
    first = list(_blocks(text))
    opaque = [b.span for b in first if b.token.type in {*_CODE, "html_block"}]
    formulas = [
        formula
        for span in _between(opaque, len(text))
        for formula in find_formulas(text[span.start : span.end], dialect, span.start)
    ]
    masked = _masked(text, formulas)
    blocks = list(_blocks(masked)) if formulas else first
    special = list(_special(masked, blocks))
    special += [Segment(Kind.FORMULA, formula.span, formula) for formula in formulas]
    return Markup(text, tuple(_covering(special, len(text))), tuple(blocks))


def _blocks(text: str) -> Iterator[Block]:
    starts = [0, *accumulate(map(len, LINE.findall(text)))]
    for token in _PARSER.parse(text):
        if token.map is not None and not token.type.endswith("_close"):
            first, last = token.map
            last = min(last, len(starts) - 1)
            yield Block(token, Span(starts[first], starts[last]), token.meta.get("column", 0))


def _between(spans: Sequence[Span], length: int) -> Iterator[Span]:
    position = 0
    for span in sorted(spans):
        yield Span(position, span.start)
        position = max(position, span.end)
    yield Span(position, length)


def _masked(text: str, formulas: Sequence[Formula]) -> str:
    """Replace formulas by as many letters, so that nothing in them is taken for markup."""
    pieces, position = [], 0
    for formula in formulas:
        pieces += [
            text[position : formula.span.start],
            "x" * (formula.span.end - formula.span.start),
        ]
        position = formula.span.end
    return "".join([*pieces, text[position:]])


def _special(text: str, blocks: Sequence[Block]) -> Iterator[Segment]:
    for block in blocks:
        if block.token.type in _CODE:
            yield Segment(Kind.CODE_BLOCK, block.span)
        elif block.token.type == "html_block":
            yield Segment(Kind.HTML_BLOCK, block.span)
        elif block.token.type == "inline":
            yield from _inline(text, block.span)


def _inline(text: str, span: Span) -> Iterator[Segment]:
    """Find code spans and tags in the lines of a paragraph, heading or table."""
    ticks: dict[int, list[int]] = {}
    for run in re.finditer("`+", text[span.start : span.end]):
        ticks.setdefault(len(run.group()), []).append(span.start + run.start())
    position = span.start
    while found := _BACKTICKS_OR_TAG.search(text, position, span.end):
        position = found.end()
        if found["tag"]:
            yield Segment(Kind.TAG, Span(*found.span()))
        elif found["ticks"]:
            length = len(found["ticks"])
            runs = ticks.get(length, [])
            index = bisect_right(runs, found.start())
            if index < len(runs):
                position = runs[index] + length
                yield Segment(Kind.CODE_SPAN, Span(found.start(), position))


def _covering(special: list[Segment], length: int) -> Iterator[Segment]:
    """Put text between the segments of other kinds; one inside another is left out."""
    position = 0
    for segment in sorted(special, key=lambda segment: (segment.span.start, -segment.span.end)):
        if segment.span.start < position:
            continue
        if segment.span.start > position:
            yield Segment(Kind.TEXT, Span(position, segment.span.start))
        yield segment
        position = segment.span.end
    if position < length:
        yield Segment(Kind.TEXT, Span(position, length))


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    found = fence(state, start, end, silent)
    if found and not silent:
        state.tokens[-1].meta["column"] = state.blkIndent
        state.tokens[-1].meta["indent"] = state.sCount[start] - state.blkIndent
    return found


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    column = state.blkIndent
    found = paragraph(state, start, end, silent)
    if found and not silent:
        state.tokens[-2].meta["column"] = column
    return found


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable("table")
    parser.core.ruler.enableOnly(["normalize", "block"])
    parser.block.ruler.at(
        "fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]}
    )
    parser.block.ruler.at("paragraph", _paragraph)
    return parser


_PARSER = _parser()
"""Parses the blocks of Markdown with tables; inline markup is not parsed."""
