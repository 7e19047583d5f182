"""Lists, delimited as markdown-it does: where each item starts, and what is in it.

No token says that there is a list, since nothing of one is kept but what is in it.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock

from post_builder.document.parsing.rules.kept import KeepingState, column_behind
from post_builder.document.parsing.rules.plain import BARE_FENCE, TEXT
from post_builder.document.parsing.rules.text import RULE, keep_heading

_MARKER = re.compile(r"(?P<marker>[-*+]|(?P<number>[0-9]{1,9})[.)])(?:(?P<space>[ \t]++)|\Z)")
_PLAIN = re.compile(rf"{TEXT}|{BARE_FENCE}|\n")
"""What follows the marker of an item of which nothing is kept, where it ends with its line."""

_CODE = 4
"""Columns by which code is indented; white space behind a marker that is wider belongs to it."""

Marker = re.Match[str]


def lists(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over the lists that start on a line and directly below one another.

    In kramdown an item takes another list directly below it, unless both have bullets.
    """
    assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
    marker = _starting(state, start, silent=silent)
    if marker is None or silent:
        return marker is not None
    tokens = state.tokens
    outside, above = tokens.absorbed, tokens.absorbing(state, start)
    parent, state.parentType = state.parentType, "list"
    had_bullets, line = tokens.has_bullets, start
    while marker:
        has_bullets = marker["number"] is None
        goes_on = above == "list item" and had_bullets and has_bullets
        tokens.absorbed = outside or ("" if goes_on else above)
        line, marker = _list(state, line, end, marker)
        above, had_bullets = "list item", has_bullets
    tokens.absorbed, state.parentType, state.line = outside, parent, line
    tokens.absorber, tokens.has_bullets = ("list item", line), had_bullets
    return True


def _starting(state: StateBlock, line: int, *, silent: bool) -> Marker | None:
    """Return the marker on a line that starts a list; one in a paragraph may not."""
    count, indent = state.sCount[line], state.blkIndent
    if count - indent >= _CODE or (0 <= state.listIndent <= count - _CODE and count < indent):
        return None
    first, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    marker = _MARKER.match(state.src, first, last)
    if marker and silent and state.parentType == "paragraph" and count >= indent:
        is_first = marker["number"] is None or int(marker["number"]) == 1
        if not (is_first and marker.end() < last):
            return None
    return marker


def _list(state: KeepingState, line: int, end: int, marker: Marker) -> tuple[int, Marker | None]:
    """Go over the items of one list.

    Returns:
        The line below it, and the marker on that line if another list starts directly there.
    """
    kind = marker["marker"][-1]
    while True:
        below = _sibling(state, line + 1, end)
        if _is_one_line(state, line, end, marker, is_above_item=below is not None):
            line += 1
        else:
            line = _item(state, line, end, marker)
            below = _sibling(state, line, end)
        if below is None:
            return line, None
        if below["marker"][-1] != kind:
            return line, None if state.isEmpty(line - 1) else below
        marker = below


def _sibling(state: StateBlock, line: int, end: int) -> Marker | None:
    """Return the marker on a line that starts an item below another one."""
    if line >= end or not 0 <= state.sCount[line] - state.blkIndent < _CODE:
        return None
    first, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
    marker = _MARKER.match(state.src, first, last)
    return None if marker is None or RULE.match(state.src, first, last) else marker


def _is_one_line(
    state: KeepingState, line: int, end: int, marker: Marker, *, is_above_item: bool
) -> bool:
    """Go over an item that ends on its line; return whether it does.

    Of plain text above an item or a quote, and of code above an item, nothing is kept.
    """
    below = line + 1
    width = marker.end("marker") - marker.start() + 1  # text starts no further to the left
    if below >= end or state.isEmpty(below) or state.sCount[below] >= state.sCount[line] + width:
        return False
    space = marker["space"]
    if space is None:
        return True
    if "\t" in space:
        return False
    if len(space) > _CODE:
        return is_above_item
    if _PLAIN.match(state.src, marker.end()):
        return is_above_item or _ends_text(state, below)
    return keep_heading(state, line, marker.end())


def _ends_text(state: StateBlock, line: int) -> bool:
    """Return whether a line to the left of an item's text ends that: with a quote or a marker."""
    if state.sCount[line] < 0 or state.sCount[line] - state.blkIndent >= _CODE:
        return False
    first = state.bMarks[line] + state.tShift[line]
    return (
        state.src.startswith(">", first)
        or _MARKER.match(state.src, first, state.eMarks[line]) is not None
    )


def _item(state: KeepingState, line: int, end: int, marker: Marker) -> int:
    """Parse what is in an item; return the line below it."""
    shift, count, outer = state.tShift[line], state.sCount[line], state.listIndent
    after, space = marker.end(), marker["space"] or ""
    before = count + marker.end("marker") - marker.start()
    offset = column_behind(before, space, state.bsCount[line])
    is_empty = after == state.eMarks[line]
    inner = before + (1 if is_empty or offset - before > _CODE else offset - before)
    state.listIndent, state.blkIndent = state.blkIndent, inner
    state.tShift[line], state.sCount[line] = after - state.bMarks[line], offset
    state.level += 2  # one for the list, one for the item
    state.tokens.enter(line, state.level)
    if is_empty and state.isEmpty(line + 1):
        state.line = min(line + 2, end)
    else:
        state.md.block.tokenize(state, line, end)
    state.tokens.items.pop()
    state.level -= 2
    state.listIndent, state.blkIndent = outer, state.listIndent
    state.tShift[line], state.sCount[line] = shift, count
    return state.line
