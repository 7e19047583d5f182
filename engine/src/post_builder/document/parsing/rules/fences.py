"""Fenced blocks of code, delimited as markdown-it does; to kramdown all of them have an end."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from msgspec import Struct, field

from post_builder.document.parsing.rules.kept import KeepingState

_OPENING = re.compile(r"(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_CLOSING = re.compile(r"^[ \t>]*(?P<marks>`{3,}|~{3,})[ \t]*$", re.MULTILINE)
_ONE_WORD = re.compile(r"\S*[ \t]*")

_FEWEST = 3
"""Marks of a fence."""


@lru_cache(maxsize=64)
def _end_of(marks: str) -> re.Pattern[str]:
    """Return the pattern of a line that ends a block."""
    return re.compile(rf"{marks}{marks[0]}*[ \t]*\Z")


class Fences(Struct):
    """The rule for fences of one text.

    One that is not closed is not a fence to kramdown; if it is to run, an error says so later.
    """

    is_cell: Callable[[str], bool]
    closing: dict[str, int] | None = None
    """Where the last line is that may close a fence, by its characters."""
    unclosed: dict[tuple[int, int, str], tuple[int, int]] = field(default_factory=dict)
    """Down to which line none of so many marks closes a block, by level, indentation and mark."""

    def __call__(
        self,
        state: StateBlock,
        start: int,
        end: int,
        silent: bool,  # noqa: FBT001  # the signature of a rule
    ) -> bool:
        """Parse a fence, and note its indentation, and what kramdown would take it into."""
        position = state.bMarks[start] + state.tShift[start]
        opening = _OPENING.match(state.src, position, state.eMarks[start])
        if not opening or state.is_code_block(start):
            return False
        marks, info = opening.groups()
        if silent:
            return not ("`" in marks and "`" in info)
        last, below, is_closed = start, start + 1, False
        if self._may_close(state, start, marks):
            if "`" in marks and "`" in info:
                return False
            last, below, is_closed = self._extent(state, start, end, marks)
        if is_closed or self.is_cell(info):
            return self._keep(state, (marks, info), (start, last, below))
        return self._keep_shorter(state, start, end, opening)

    def _may_close(self, state: StateBlock, start: int, marks: str) -> bool:
        """Return whether there is a closing line below; looking for it costs the whole text."""
        if self.closing is None:
            self.closing = {found["marks"]: found.start() for found in _CLOSING.finditer(state.src)}
        begin = state.bMarks[start]
        if self.closing.get(marks, begin) > begin:
            return True
        return any(
            position > begin and closing.startswith(marks)
            for closing, position in self.closing.items()
        )

    def _keep_shorter(
        self, state: StateBlock, start: int, end: int, opening: re.Match[str]
    ) -> bool:
        """Keep a block that only lines of fewer marks close.

        In kramdown the other marks of the first line belong to its word, if it is one.
        """
        marks, info = opening.groups()
        if len(marks) == _FEWEST or "`" in info or self.closing is None:
            return False
        if not _ONE_WORD.fullmatch(info):
            return False
        lengths = {len(closing) for closing in self.closing if closing[0] == marks[0]}
        for length in sorted({min(length, len(marks) - 1) for length in lengths}, reverse=True):
            if length < _FEWEST:
                break
            last, below, is_closed = self._extent(state, start, end, marks[:length])
            if is_closed:
                return self._keep(
                    state, (marks[:length], marks[length:] + info), (start, last, below)
                )
        return False

    def _extent(self, state: StateBlock, start: int, end: int, marks: str) -> tuple[int, int, bool]:
        """Return what `_extent` does; below a block without an end there is none for others."""
        place = (state.level, state.blkIndent, marks[0])
        below, length = self.unclosed.get(place, (0, 0))
        if start < below and length <= len(marks):
            return below, below, False
        found = _extent(state, start, end, marks)
        if not found[2]:
            self.unclosed[place] = (found[1], len(marks))
        return found

    def _keep(
        self, state: StateBlock, opening: tuple[str, str], lines: tuple[int, int, int]
    ) -> bool:
        """Keep a block.

        Args:
            state: of the parser.
            opening: the marks, and what is behind them.
            lines: the first one, that below the code, and that below the block.
        """
        (marks, info), (start, last, below) = opening, lines
        assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
        tokens = state.tokens
        token = Token(
            "fence",
            "code",
            0,
            map=[start, below],
            info=info,
            markup=marks,
            content=_code(state, start, last),
        )
        if last > start:
            token.meta["indent"] = state.sCount[start] - state.blkIndent
            token.meta["absorbed"] = tokens.absorbed or tokens.absorbing(state, start)
        tokens.append(token)
        state.line = below
        return True


def _extent(state: StateBlock, start: int, end: int, marks: str) -> tuple[int, int, bool]:
    """Return the line below the code of a block, the line below the block, and if it is closed."""
    pattern, line = _end_of(marks), start + 1
    while line < end:
        first, last = state.bMarks[line] + state.tShift[line], state.eMarks[line]
        if first < last:
            if state.sCount[line] < state.blkIndent:
                break
            is_end = state.src[first] == marks[0] and pattern.match(state.src, first, last)
            if is_end and not state.is_code_block(line):
                return line, line + 1, True
        line += 1
    above = line - 1
    text = state.src[state.bMarks[above] + state.tShift[above] : state.eMarks[above]].rstrip()
    is_closed = above > start and text.startswith(marks) and not text.strip(marks[0])
    return line, line, is_closed  # kramdown takes a closing line that is indented


def _code(state: StateBlock, start: int, end: int) -> str:
    """Return the lines between those of the fences."""
    if end <= start + 1:
        return ""
    if state.level == 0 and state.sCount[start] == 0:
        return state.src[state.bMarks[start + 1] : state.eMarks[end - 1] + 1]
    has_end = state.eMarks[end - 1] < len(state.src)
    return state.getLines(start + 1, end, state.sCount[start], keepLastLF=has_end)
