"""What around the cells of a post would break the output that a build writes below them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import END, START, Cell
from post_builder.errors import PostError


def stray_markers(
    text: TextLines, tokens: Sequence[Token], cells: Sequence[Cell]
) -> Iterator[PostError]:
    """Yield an error for each output whose cell is gone: it would be published for ever."""
    starts = [cell.region.start for cell in cells]
    reported = False  # the end marker of a stray region needs no error of its own
    prose = [token for token in tokens if token.type in {"html_block", "inline"}]
    for index in (index for token in prose for index in _range(text, token)):
        marker = text.lines[index].lstrip(" \t>").rstrip()
        if marker not in {START, END}:
            continue
        position = bisect_right(starts, text.starts[index]) - 1
        stray = position < 0 or text.starts[index] >= cells[position].region.end
        if stray and not (reported and marker == END):
            hint = "delete it; the build recreates it"
            yield text.error(index, "this output region is not directly below a cell", hint)
        reported = stray and marker == START


def open_comments(
    text: TextLines, tokens: Sequence[Token], cells: Sequence[Cell]
) -> Iterator[PostError]:
    """Yield an error if a comment without an end is above a cell: output would end it."""
    last_end, last_cell = text.text.rfind("-->"), cells[-1].block.start if cells else 0
    for token in tokens:
        if token.type == "inline" and token.content.startswith("<!--"):
            index, _ = text.range_of(token)
            if last_end < text.starts[index] < last_cell:
                yield text.error(index, "this comment has no end", "end it with -->")
                return


def _range(text: TextLines, token: Token) -> range:
    return range(*text.range_of(token))
