"""Finding formulas in Markdown, as Jupyter's pages or as kramdown read them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from post_builder.document.post import Span

Dialect = Literal["kramdown", "jupyter"]
"""Whose formulas: kramdown knows `$$…$$` only."""

_CHUNK = re.compile(r"(?:[^\n]*[^\s][^\n]*(?:\n|\Z))+")
"""Lines without a blank one between them: no formula goes on after a blank line."""

_MARKS = re.compile(r"\\begin\{(?P<name>[a-zA-Z]+\*?)\}|\\\\[(\[]|\\.|`+|\$\$?", re.DOTALL)

_ENDS = {"\\\\(": "\\\\)", "\\\\[": "\\\\]", "$$": "$$"}


class Formula(Struct, frozen=True):
    """A formula in a text."""

    span: Span
    """With its delimiters."""
    tex: str
    """Without them; an environment keeps its `\\begin` and `\\end`."""
    display: bool
    """Whether it is set on a line of its own."""


def find_formulas(text: str, dialect: Dialect, start: int = 0) -> Iterator[Formula]:
    """Yield the formulas of a text without code blocks; those in code spans are none.

    Args:
        text: Markdown.
        dialect: whose formulas to look for.
        start: added to all offsets.
    """
    for chunk in _CHUNK.finditer(text):
        yield from _Chunk(chunk.group(), dialect, start + chunk.start()).formulas()


class _Chunk:
    """Lines without a blank one between them."""

    def __init__(self, text: str, dialect: Dialect, start: int) -> None:
        self.text, self.dialect, self.start = text, dialect, start
        self._missing: set[str] = set()
        """Delimiters that do not occur after the current position."""
        self._ticks: dict[int, list[int]] = {}
        for run in re.finditer("`+", text):
            self._ticks.setdefault(len(run.group()), []).append(run.start())

    def formulas(self) -> Iterator[Formula]:
        position = 0
        while mark := _MARKS.search(self.text, position):
            position = mark.end()
            if mark.group().startswith("`"):
                position = self._after_code(mark)
            elif found := self._formula(mark):
                yield found
                position = found.span.end - self.start

    def _after_code(self, ticks: re.Match[str]) -> int:
        """Return where a code span ends; after the backticks if they open none."""
        length = len(ticks.group())
        runs = self._ticks.get(length, [])
        index = bisect_right(runs, ticks.start())
        return runs[index] + length if index < len(runs) else ticks.end()

    def _formula(self, mark: re.Match[str]) -> Formula | None:
        opening = mark.group()
        if self.dialect == "kramdown" and opening != "$$":
            return None
        if mark["name"]:
            end = self._find(f"\\end{{{mark['name']}}}", mark.end())
            return self._made(mark.start(), end, mark.start(), end, display=True) if end else None
        if opening == "$":
            return self._inline(mark)
        if opening in _ENDS:
            end = self._find(_ENDS[opening], mark.end())
            inside = mark.end(), end - len(_ENDS[opening])
            display = opening != "\\\\("
            return self._made(mark.start(), end, *inside, display=display) if end else None
        return None

    def _find(self, closing: str, start: int) -> int:
        """Return where the next closing delimiter ends; 0 if there is none."""
        if closing in self._missing:
            return 0
        found = self.text.find(closing, start)
        if found < 0:
            self._missing.add(closing)
            return 0
        return found + len(closing)

    def _inline(self, mark: re.Match[str]) -> Formula | None:
        r"""Return the formula that a single dollar opens: `$5 and $6` are amounts of money."""
        closing = re.compile(r"(?:[^\\$]|\\.)+?\$(?![\d$])", re.DOTALL).match(self.text, mark.end())
        if closing is None:
            return None
        money = mark.end() < len(self.text) and self.text[mark.end()].isdigit()
        if money and self.text[closing.end() - 2].isspace():
            return None
        inside = mark.end(), closing.end() - 1
        return self._made(mark.start(), closing.end(), *inside, display=False)

    def _made(
        self, start: int, end: int, first: int, last: int, *, display: bool
    ) -> Formula | None:
        tex = self.text[first:last].strip()
        if not tex:
            return None
        return Formula(Span(self.start + start, self.start + end), tex, display)
