"""The tokens of a text that say something, and what blocks take the lines below them."""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token

_LINE = re.compile(r"[^\n]*\n|[^\n]+\Z")

TAB = 4
"""Columns between tab stops."""


class Kept(list[Token]):
    """Tokens, without those that say nothing: a list of a million items has five million."""

    def __init__(self) -> None:
        """Start without tokens."""
        super().__init__()
        self.headings: list[tuple[int, str]] = []
        """The line and text of each heading; there may be more of them than of all else."""
        self.absorber = ("", 0)
        """What may absorb the lines below it, and the first line that may not be its own."""
        self.has_bullets = False
        """Whether that is a list with bullets."""
        self.absorbed = ""
        """What absorbs the list or quote that is being read."""
        self.looked_at = 0
        """How many lines looked like those of a quote, and were not."""
        self.items: list[tuple[int, int]] = []
        """The line and level of each list item that is being read."""

    def enter(self, line: int, level: int) -> None:
        """Note that a list item starts, with a marker of its own."""
        self.absorber = ("", 0)
        self.items.append((line, level))

    def absorbing(self, state: StateBlock, line: int) -> str:
        """Return what takes a line for its own: what is above it without an empty line between."""
        kind, end = self.absorber
        if not kind:
            return ""
        above = end - 1
        while above < line:
            if state.bMarks[above] + state.tShift[above] >= state.eMarks[above]:  # it is empty
                self.absorber = ("", 0)
                return ""
            above += 1
        if end < line:
            self.absorber = (kind, line)
        return kind


class KeepingState(StateBlock):
    """The state of a parser whose tokens are `Kept`."""

    tokens: Kept

    def __init__(self, src: str, md: MarkdownIt) -> None:
        """Find the lines of a text, of which nothing is parsed yet."""
        super().__init__("", md, {}, Kept())
        self.src = src
        self._ignored = Token("", "", 0)
        self._find_lines()

    def _find_lines(self) -> None:
        """Find where lines start and end, and their indentation, all at once."""
        lines = _LINE.findall(self.src)
        if lines and not lines[-1].strip(" \t"):
            lines.pop()
        self.lineMax, length = len(lines), len(self.src)
        self.bMarks = [0, *accumulate(map(len, lines))]
        self.eMarks = [start - 1 for start in self.bMarks[1:]]
        if lines and not lines[-1].endswith("\n"):
            self.eMarks[-1] = length
        self.bMarks[-1] = length
        self.eMarks.append(length)
        self.tShift = [len(line) - len(line.lstrip(" \t")) for line in lines]
        self.sCount = self.tShift.copy()
        if "\t" in self.src:
            for index, line in enumerate(lines):
                indent = line[: self.tShift[index]]
                if "\t" in indent:
                    self.sCount[index] = len(indent.expandtabs(TAB))
        self.tShift.append(0)
        self.sCount.append(0)
        self.bsCount = [0] * (self.lineMax + 1)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:  # noqa: ARG002
        """Go over a token as markdown-it adds one: of quotes nothing is kept."""
        self.level += nesting
        return self._ignored


def column_behind(column: int, space: str, quoted: int) -> int:
    """Return the column behind white space; that of a quote starts further to the right."""
    if "\t" not in space:
        return column + len(space)
    for mark in space:
        column += 1 if mark == " " else TAB - (column + quoted) % TAB
    return column
