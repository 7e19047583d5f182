"""Headings, paragraphs and rules, delimited as markdown-it does."""

from __future__ import annotations

import re

from markdown_it.common.utils import mdTrim
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

from post_builder.document.parsing.rules.kept import KeepingState

RULE = re.compile(r"(?P<mark>[-*_])(?:[ \t]*(?P=mark)){2,}[ \t]*\Z")
"""A line that is a rule."""

_HEADING = re.compile(r"(?P<marks>\#{1,6})(?![^ \t\n])")
_UNDERLINE = re.compile(r"(?:-+|=+)[ \t]*\Z")

_LAZY = 3
"""Columns by which a line of a paragraph may be indented and still be another block."""


def rule(state: StateBlock, start: int, _: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over a rule."""
    first, last = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    found = not state.is_code_block(start) and RULE.match(state.src, first, last) is not None
    if found and not silent:
        state.line = start + 1
    return found


def code(state: StateBlock, start: int, end: int, _: bool) -> bool:  # noqa: FBT001
    """Go over indented code, which ends no block; it is kept if attributes may be below it.

    In kramdown it takes the lines directly below it.
    """
    assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
    last = line = start + 1
    while line < end and (state.isEmpty(line) or state.is_code_block(line)):
        line += 1
        last = last if state.isEmpty(line - 1) else line
    if state.src.find("{:", state.bMarks[last], state.eMarks[last]) >= 0:
        state.tokens.append(Token("code_block", "code", 0, map=[start, last]))
    state.line = last
    state.tokens.absorber, state.tokens.has_bullets = ("indented code", last), False
    return True


def heading(state: StateBlock, start: int, _: int, silent: bool) -> bool:  # noqa: FBT001
    """Keep a heading that starts with a `#`."""
    first, last = state.bMarks[start] + state.tShift[start], state.eMarks[start]
    if state.is_code_block(start):
        return False
    if silent:
        return _HEADING.match(state.src, first, last) is not None
    found = keep_heading(state, start, first)
    state.line += found
    return found


def keep_heading(state: StateBlock, line: int, first: int) -> bool:
    """Keep a heading that starts at an offset, if one does."""
    last = state.eMarks[line]
    found = _HEADING.match(state.src, first, last)
    if found is None:
        return False
    content = state.src[found.end() : last].rstrip(" \t")
    without_marks = content.rstrip("#")
    content = without_marks if without_marks.endswith((" ", "\t")) else content
    _keep(state, line, mdTrim(content), line + 1)
    return True


def text(state: StateBlock, start: int, end: int, _: bool) -> bool:  # noqa: FBT001
    """Go over a paragraph, or keep an underlined heading."""
    [ends] = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    line = start + 1
    is_heading = False
    while line < state.lineMax and not state.isEmpty(line):
        count = state.sCount[line]
        if count - state.blkIndent <= _LAZY:
            is_heading = count >= state.blkIndent and line < end and _is_underline(state, line)
            if is_heading or (count >= 0 and ends(state, line, state.lineMax, True)):  # noqa: FBT003
                break
        line += 1
    state.parentType, state.line = parent, line + is_heading
    if is_heading:
        _keep(state, start, _content(state, start, line), line)
    elif is_kept(state.src[state.bMarks[start] : state.eMarks[line - 1]]):
        _keep_text(state, _content(state, start, line), [start, line])
    return True


def is_kept(content: str) -> bool:
    """Return whether text may hold a value, a comment or a marker of an output."""
    return ("<" in content and ("<span" in content or "<!--" in content)) or "output -->" in content


def _is_underline(state: StateBlock, line: int) -> bool:
    first = state.bMarks[line] + state.tShift[line]
    return (
        state.src[first] in "-="
        and _UNDERLINE.match(state.src, first, state.eMarks[line]) is not None
    )


def _content(state: StateBlock, start: int, end: int) -> str:
    """Return the text of some lines."""
    return mdTrim(state.getLines(start, end, state.blkIndent, keepLastLF=False))


def _keep(state: StateBlock, start: int, content: str, end: int) -> None:
    assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
    state.tokens.headings.append((start, content))
    if is_kept(content):
        _keep_text(state, content, [start, end])


def _keep_text(state: StateBlock, content: str, lines: list[int]) -> None:
    state.tokens.append(Token("inline", "", 0, map=lines, content=content))
