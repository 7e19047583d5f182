"""The tokens of a text that say something, and what blocks take the lines below them."""

from __future__ import annotations

from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.token import Token


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
        self.items: list[tuple[int, int]] = []
        """The line and level of each list item that is being read."""

    def enter(self, line: int, level: int) -> None:
        """Note that a list item starts, with a marker of its own."""
        self.absorber = ("", 0)
        self.items.append((line, level))

    def absorbing(self, state: StateBlock, line: int) -> str:
        """Return what takes a line for its own: what is above it without an empty line between."""
        kind, end = self.absorber
        if not kind or any(map(state.isEmpty, range(end - 1, line))):
            self.absorber = ("", 0)
            return ""
        self.absorber = (kind, line)
        return kind


class KeepingState(StateBlock):
    """The state of a parser whose tokens are `Kept`."""

    tokens: Kept

    def __init__(self, src: str, md: MarkdownIt) -> None:
        """Find the lines of a text, of which nothing is parsed yet."""
        super().__init__(src, md, {}, Kept())
        self._ignored = Token("", "", 0)

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Add a token as markdown-it does, if it is needed; of quotes nothing is kept."""
        if nesting < 0:
            self.level -= 1
        token = self._ignored
        if ttype in _NEEDED:
            token = Token(ttype, tag, nesting, level=self.level, block=True)
            self.tokens.append(token)
        if nesting > 0:
            self.level += 1
        return token


_NEEDED = frozenset({"fence", "code_block", "html_block"})
"""Types of the tokens that are kept whatever they hold."""
