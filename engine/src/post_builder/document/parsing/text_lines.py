"""The text of a post as lines: their offsets, their list and quote prefixes, and Liquid blocks."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import lru_cache
from itertools import accumulate

from markdown_it.token import Token

from post_builder.document.liquid import BLOCK
from post_builder.document.post import LINE, MAX_SHOWN, Span
from post_builder.errors import PostError
from post_builder.place import Place

_MAX_INDENT = 3
"""Spaces that may start a line before it counts as indented code."""

_TAB = 4
"""Columns between tab stops, for Markdown."""

OUTSIDE = "?"
"""What `TextLines.bare` returns for a line outside a cell's list or quote."""


class TextLines:
    """The lines of a post's text, by index from 0, and their offsets."""

    def __init__(self, text: str, path: str, content: int) -> None:
        """Take a text whose front matter ends at the offset `content`."""
        self.text, self.path = text, path
        self.lines: list[str] = LINE.findall(text)
        self.starts = [0, *accumulate(map(len, self.lines))]
        self.first = bisect_left(self.starts, content, 0, len(self.lines))
        """Index of the first line after the front matter."""
        self._liquid = [
            (match["tag"], Span(*match.span("content"))) for match in BLOCK.finditer(text, content)
        ]
        self._liquid_starts = [span.start for _, span in self._liquid]
        self._asked, self._answer = (-1, ""), ""

    @property
    def content(self) -> str:
        """The text after the front matter."""
        return "".join(self.lines[self.first :])

    def error(self, index: int, message: str, hint: str = "") -> PostError:
        """Return an error that names a line."""
        source = self.lines[index][:MAX_SHOWN].rstrip("\r\n") if index < len(self.lines) else ""
        return PostError(message, Place(self.path, index + 1, source), hint)

    def index_of(self, offset: int) -> int:
        """Return the index of the line that holds an offset."""
        return bisect_right(self.starts, offset) - 1

    def range_of(self, token: Token) -> tuple[int, int]:
        """Return the lines of a Markdown block, the end not included."""
        assert token.map is not None  # noqa: S101  # every block token of markdown-it has one
        return self.first + token.map[0], self.first + token.map[1]

    def in_liquid(self, tag: str, offset: int) -> bool:
        """Return whether an offset is inside a Liquid `raw` or `comment` block."""
        index = bisect_right(self._liquid_starts, offset) - 1
        if index < 0:
            return False
        block, span = self._liquid[index]
        unclosed = offset == span.end == len(self.text)
        return tag == block and (offset < span.end or unclosed)

    def bare(self, index: int, prefix: str) -> str:
        """Return a line without a cell's prefix and surrounding white space.

        A line outside the cell's list or quote, or after the last, is `OUTSIDE`.
        """
        if (index, prefix) != self._asked:
            self._asked, self._answer = (index, prefix), self._bare(index, prefix)
        return self._answer

    def _bare(self, index: int, prefix: str) -> str:
        line = self.lines[index] if index < len(self.lines) else OUTSIDE
        if prefix == "" and not line.startswith((" ", "\t")):
            return line.rstrip(" \t\r\n")
        quotes = prefix.count(">")
        inside = _quoted(quotes).match(line)
        if inside is None or (not quotes and _indent(line) > _indent(prefix) + _MAX_INDENT):
            return OUTSIDE
        return line[inside.end() :].strip(" \t\r\n")


@lru_cache(maxsize=128)
def _quoted(levels: int) -> re.Pattern[str]:
    """Return the pattern of what precedes a line of quotes within one another."""
    return re.compile(rf"(?:[ \t]*>){{{levels}}}")


def _indent(line: str) -> int:
    """Return how many columns of white space a line starts with."""
    columns = line.expandtabs(_TAB)
    return len(columns) - len(columns.lstrip(" "))
