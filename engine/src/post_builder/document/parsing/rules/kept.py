"""The tokens of a text that say something, and what blocks take the lines below them."""

from __future__ import annotations

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

    def absorbing(self, state: StateBlock, line: int) -> str:
        """Return what takes a line for its own: what is above it without an empty line between."""
        kind, end = self.absorber
        if not kind or any(map(state.isEmpty, range(end - 1, line))):
            self.absorber = ("", 0)
            return ""
        self.absorber = (kind, line)
        return kind

    def append(self, token: Token) -> None:
        """Add a token if it is needed, and drop the one before it if that turned out not to be.

        The text of a heading, which markdown-it sets after it is added, is its own content too.
        """
        if self and self[-1].type == "inline":
            if token.type == "heading_close":
                self[-2].content = self[-1].content
            if not _is_needed(self[-1].content):
                self.pop()
        if token.type == "list_item_open":
            self.absorber = ("", 0)  # a marker of its own
            self.items.append(token)
        elif token.type == "list_item_close":
            self.items.pop()
        if token.type in {"fence", "code_block", "html_block", "heading_open", "inline"}:
            super().append(token)


def _is_needed(text: str) -> bool:
    return "<span" in text or "<!--" in text or "output -->" in text
