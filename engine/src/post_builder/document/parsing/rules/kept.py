"""The tokens of a text that say something, and what blocks take the lines below them."""

from __future__ import annotations

from typing import Literal

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token


class Kept(list[Token]):
    """Tokens, without those that say nothing: a list of a million items has five million."""

    def __init__(self) -> None:
        """Start without tokens."""
        super().__init__()
        self.absorber = ("", 0)
        """What may absorb the lines below it, and the first line that may not be its own."""
        self.has_bullets = False
        """Whether that is a list with bullets."""
        self.absorbed = ""
        """What absorbs the list or quote that is being read."""
        self.items: list[Token] = []
        """The start of each list item that is being read."""
        self._ignored = Token("", "", 0)
        """What rules write to that have nothing to say."""
        self._text, self._has_text = _inline(), False
        """What they write text to, and whether one did so last."""

    def absorbing(self, state: StateBlock, line: int) -> str:
        """Return what takes a line for its own: what is above it without an empty line between."""
        kind, end = self.absorber
        if not kind or any(map(state.isEmpty, range(end - 1, line))):
            self.absorber = ("", 0)
            return ""
        self.absorber = (kind, line)
        return kind

    def note(self, kind: str) -> Token:
        """Go over a token that may say nothing; return one that the rule may write to.

        Making a token costs more than all else that is done for a short item. The text of a
        heading is its own content too.
        """
        if kind == "inline":
            self._has_text = True
            return self._text
        if self._has_text:
            self._has_text = False
            if kind == "heading_close":
                self[-1].content = self._text.content
            if _is_needed(self._text.content):
                self.append(self._text)
                self._text = _inline()
        elif kind == "list_item_open":
            self.absorber = ("", 0)  # a marker of its own
            self.items.append(Token("", "", 0))
            return self.items[-1]
        elif kind == "list_item_close":
            self.items.pop()
        return self._ignored


class KeepingState(StateBlock):
    """The state of a parser whose tokens are `Kept`."""

    tokens: Kept

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Add a token as markdown-it does, if it is needed."""
        if nesting < 0:
            self.level -= 1
        if ttype in _NEEDED:
            token = Token(ttype, tag, nesting, level=self.level, block=True)
            self.tokens.append(token)
        else:
            token = self.tokens.note(ttype)
        if nesting > 0:
            self.level += 1
        return token


_NEEDED = frozenset({"fence", "code_block", "html_block", "heading_open"})
"""Types of the tokens that are kept whatever they hold."""


def _inline() -> Token:
    return Token("inline", "", 0, block=True)


def _is_needed(text: str) -> bool:
    return "<span" in text or "<!--" in text or "output -->" in text
