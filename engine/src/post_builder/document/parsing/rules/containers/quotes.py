"""Quotes, delimited as markdown-it does: which lines are in one, and what is in it.

No token says that there is a quote, since nothing of one is kept but what is in it.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

from post_builder.document.parsing.rules.kept import TAB, KeepingState, column_behind
from post_builder.document.parsing.rules.plain import BARE_FENCE, TEXT

_BARE = re.compile(r">[ \t]*+(?:\n|\Z)")
_PLAIN = re.compile(rf"(?:> ?)?{TEXT}")
"""A line of a paragraph, with its mark or without one, of which nothing is kept."""

_LAST = re.compile(rf"(?:> ?){{1,9}}+(?:[-*+] )?+(?:{TEXT}|{BARE_FENCE})")
"""A line of which nothing is kept if it is the last of its quote: no line closes its fence."""

Columns = tuple[int, int, int, int]
"""Where a line starts, its indentation in characters and in columns, and those before that."""

_MOST = 100_000
"""Lines of a text that may look like those of a quote above them and turn out not to be.

Each quote looks down to the next empty line, so that their number can be the square of the lines.
"""


class ScatteredQuotesError(Exception):
    """There are so many quotes above lines without marks that reading them would take forever."""

    def __init__(self, line: int) -> None:
        """Take the line of the quote at which reading ends."""
        super().__init__(line)
        self.line = line


def quotes(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over a quote; in kramdown it takes the lines directly below it.

    Raises:
        ScatteredQuotesError: if looking for the ends of quotes would take time without bound.
    """
    assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
    first = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(">", first) or state.is_code_block(start):
        return False
    if silent:
        return True
    parent, state.parentType = state.parentType, "blockquote"
    below = _below_plain(state, start, end)
    if below is None:
        _parse(state, start, end)
    else:
        state.line = below
    state.parentType = parent
    state.tokens.absorber, state.tokens.has_bullets = ("quote", state.line), False
    return True


def _below_plain(state: KeepingState, start: int, end: int) -> int | None:
    """Return the line below a quote that is text of which nothing is kept; None for another."""
    line = start
    while True:
        first = state.bMarks[line] + state.tShift[line]
        is_bare = _BARE.match(state.src, first) is not None
        is_plain = is_bare or _PLAIN.match(state.src, first) is not None
        if not is_plain and not _LAST.match(state.src, first):
            return None
        line += 1
        if line >= end or not (_has_mark(state, line) or not (is_bare or _ends(state, line, end))):
            return line
        if not is_plain:
            return None


def _has_mark(state: StateBlock, line: int) -> bool:
    """Return whether a line is a quote's by its mark, and not to the left of its list item."""
    first = state.bMarks[line] + state.tShift[line]
    return state.src.startswith(">", first) and state.sCount[line] >= state.blkIndent


def _ends(state: StateBlock, line: int, end: int) -> bool:
    """Return whether a line without a mark is below a quote, and does not go on with its text."""
    if state.isEmpty(line):
        return True
    [ends] = state.md.block.ruler.getRules("blockquote")
    return ends(state, line, end, True)  # noqa: FBT003  # the signature of a rule


def _parse(state: KeepingState, start: int, end: int) -> None:
    """Parse what is in a quote."""
    tokens = state.tokens
    outside, tokens.absorbed = tokens.absorbed, tokens.absorbed or tokens.absorbing(state, start)
    below, saved = _take_off(state, start, end)
    last, state.lineMax = state.lineMax, below
    indent, state.blkIndent = state.blkIndent, 0
    state.level += 1
    state.md.block.tokenize(state, start, below)
    state.level -= 1
    state.blkIndent, state.lineMax, tokens.absorbed = indent, last, outside
    for line, before in enumerate(saved, start):
        state.bMarks[line], state.tShift[line], state.sCount[line], state.bsCount[line] = before
    tokens.looked_at += below - state.line
    if tokens.looked_at > _MOST:
        raise ScatteredQuotesError(start)


def _take_off(state: StateBlock, start: int, end: int) -> tuple[int, list[Columns]]:
    """Take the marks off the lines of a quote; return the line below it, and what they were.

    A line that goes on with a paragraph and has no mark is indented less than any block.
    """
    line, is_empty = start, False
    saved: list[Columns] = []
    while line < end:
        has_mark = _has_mark(state, line)
        if not has_mark and (is_empty or _ends(state, line, end)):
            break
        saved.append(
            (state.bMarks[line], state.tShift[line], state.sCount[line], state.bsCount[line])
        )
        if has_mark:
            is_empty = _take_mark_off(state, line)
        else:
            state.sCount[line] = -1
        line += 1
    return line, saved


def _take_mark_off(state: StateBlock, line: int) -> bool:
    """Let a line start behind its mark and a space; return whether nothing is there."""
    start, end = state.bMarks[line] + state.tShift[line] + 1, state.eMarks[line]
    column, quoted = state.sCount[line] + 1, state.bsCount[line]
    text = state.src[start:end].lstrip(" \t")
    space = state.src[start : end - len(text)]
    in_tab = space.startswith("\t") and (column + quoted) % TAB != TAB - 1
    skipped = 1 if space and not in_tab else 0
    state.bsCount[line] = column + (1 if space else 0)
    state.bMarks[line], state.tShift[line] = start + skipped, len(space) - skipped
    column += skipped
    state.sCount[line] = column_behind(column, space[skipped:], quoted + in_tab) - column
    return not text
