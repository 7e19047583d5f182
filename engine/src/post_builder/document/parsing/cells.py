"""Finding the cells of a post, with their options and output regions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from post_builder.document.liquid import END_RAW, TAG, liquid_problem
from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.options import OptionError, Options, parse_options
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import END, START, Cell, Span

_FENCES = 2
"""Lines that a closed code block has at least."""


def find_cells(text: TextLines, fences: Sequence[Token], language: str) -> Iterator[Cell]:
    """Yield the code blocks that run.

    Args:
        text: of the post.
        fences: all its fenced code blocks, as markdown-it found them.
        language: the info string of cells.

    Raises:
        PostError: with the line at fault.
    """
    names: dict[str, int] = {}
    for token in fences:
        start, _ = text.range_of(token)
        if token.info.strip() != language or text.in_liquid("comment", text.starts[start]):
            continue
        cell = _cell(text, token, number=len(names) + 1)
        if cell.name in names:
            message = f"two cells are named {cell.name}: the other is on line {names[cell.name]}"
            raise text.error(start, message, "give each cell its own name")
        names[cell.name] = cell.line
        yield cell


def refuse_stray_markers(text: TextLines, tokens: Sequence[Token], cells: Sequence[Cell]) -> None:
    """Refuse output whose cell is gone: it would be published for ever.

    Raises:
        PostError: with the line of the marker.
    """
    for token in tokens:
        if token.type != "html_block":
            continue
        for index in range(*text.range_of(token)):
            marker = text.lines[index].lstrip(" \t>").rstrip() in {START, END}
            if marker and not _in_region(text.starts[index], cells):
                raise text.error(
                    index,
                    "this output region is not directly below a cell",
                    "delete it; the build recreates it",
                )


def _in_region(offset: int, cells: Sequence[Cell]) -> bool:
    return any(cell.region.start <= offset < cell.region.end for cell in cells)


def _cell(text: TextLines, token: Token, number: int) -> Cell:
    start, end = text.range_of(token)
    opening = text.lines[start]
    prefix = re.sub(r"[^\s>]", " ", opening[: opening.index(token.markup)])
    _refuse_bad_fence(text, token, prefix)
    options, options_text, after = _options(text, end, prefix)
    if END_RAW.match(text.bare(after, prefix)):
        after += 1
    cell = Cell(
        name=options.name or f"cell-{number}",
        code=token.content,
        options=options,
        options_text=options_text,
        line=start + 1,
        fence=token.markup,
        block=Span(text.starts[start], text.starts[after]),
        body=Span(text.starts[start + 1], text.starts[end - 1]),
        region=_region(text, after, prefix),
        prefix=prefix,
        newline=opening[len(opening.rstrip("\r\n")) :],
        in_raw=text.in_liquid("raw", text.starts[start]),
        region_in_raw=text.in_liquid("raw", text.starts[after]),
    )
    _refuse_liquid(text, cell)
    return cell


def _refuse_bad_fence(text: TextLines, token: Token, prefix: str) -> None:
    start, end = text.range_of(token)
    closing = text.bare(end - 1, prefix)
    too_short = end - start < _FENCES or len(closing) < len(token.markup)
    if too_short or closing.rstrip(token.markup[0]):
        hint = f"end it with a line of {token.markup}"
        raise text.error(start, "this code block is not closed", hint)
    if token.meta.get("indent"):
        raise text.error(
            start,
            "readers would get this code with extra spaces before each line",
            "start the fence, and its code, where the text of its list item starts",
        )


def _refuse_liquid(text: TextLines, cell: Cell) -> None:
    if cell.options.source:
        return  # its source is checked instead
    for found in TAG.finditer(text.text, cell.body.start, cell.body.end):
        if not text.in_liquid("raw", found.start()):
            raise text.error(text.index_of(found.start()), *liquid_problem(cell.name))


def _options(text: TextLines, index: int, prefix: str) -> tuple[Options, str, int]:
    """Read the attribute list on a line, if there is one; return the next line's index too."""
    bare = text.bare(index, prefix)
    match = OPTIONS_LINE.match(bare)
    if match is None:
        if re.match(r"\{:\s*[#.\w]", bare):
            hint = "they must end on their line, and a } inside them is written \\}"
            raise text.error(index, "kramdown cannot read these options", hint)
        return Options(), "", index
    try:
        return parse_options(match["body"]), match["body"].strip(), index + 1
    except OptionError as error:
        raise text.error(index, str(error)) from error


def _region(text: TextLines, after: int, prefix: str) -> Span:
    """Find the output region below a cell; without one, the empty span where it would be."""
    start = after
    while not text.bare(start, prefix):
        start += 1
    if text.bare(start, prefix) != START:
        return Span(text.starts[after], text.starts[after])
    for end in range(start + 1, len(text.lines)):
        bare = text.bare(end, prefix)
        if bare == START:
            break
        if bare == END:
            return _region_span(text, start, end + 1)
    raise text.error(
        start,
        "this output region has no end",
        f"put {END} below the output, or delete the output; the build recreates it",
    )


def _region_span(text: TextLines, start: int, end: int) -> Span:
    """Return the span of some lines.

    At the end of a text without a final newline it includes the newline before them.
    """
    if text.lines[end - 1].endswith(("\r", "\n")):
        return Span(text.starts[start], text.starts[end])
    before = text.lines[start - 1]
    newline = len(before) - len(before.rstrip("\r\n"))
    return Span(text.starts[start] - newline, text.starts[end])
