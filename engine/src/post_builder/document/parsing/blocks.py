"""The blocks of a Markdown text, as kramdown delimits them."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, fence
from markdown_it.token import Token

from post_builder.document.parsing.html_blocks import HtmlBlocks
from post_builder.files import unix_newlines

_RULES = ["code", "fence", "blockquote", "hr", "list", "html_block", "heading", "lheading"]

_MAX_NESTING = 100
"""Levels of lists and quotes."""


def find_blocks(text: str, *, parse_block_html: bool) -> list[Token]:
    """Parse the blocks of a text; inline markup is not parsed.

    Returns:
        Code, HTML, headings, and text that may contain a value.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    rules = parser.block.ruler
    rules.enableOnly([*_RULES, "paragraph"])
    rules.at("fence", _fence, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    html = HtmlBlocks(parse_block_html)
    rules.at("html_block", html, {"alt": ["paragraph", "reference", "blockquote"]})
    tokens = _Kept()
    parser.block.parse(unix_newlines(text).replace("\0", "\ufffd"), parser, {}, tokens)
    return list(tokens)


class _Kept(list[Token]):
    """Tokens, without those that say nothing: a list of a million items has five million."""

    def __init__(self) -> None:
        """Start without tokens."""
        super().__init__()
        self.last = ""
        """The type of the last token, kept or not."""

    def append(self, token: Token) -> None:
        """Add a token if it is needed, and drop the one before it if that turned out not to be."""
        if self and self[-1].type == "inline" and not self._is_needed(self[-1]):
            self.pop()
        self.last = token.type
        if token.type in {"fence", "code_block", "html_block", "heading_open", "inline"}:
            super().append(token)

    def _is_needed(self, inline: Token) -> bool:
        before = self[-2].type if len(self) > 1 else ""
        return before == "heading_open" or "<span" in inline.content


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Parse a fence as usual, and note its indentation and whether it touches a list above it."""
    assert isinstance(state.tokens, _Kept)  # noqa: S101  # find_blocks gave them
    after_list = state.tokens.last.endswith("list_close") and not state.isEmpty(start - 1)
    found = fence(state, start, end, silent)
    if found and not silent:
        meta = state.tokens[-1].meta
        meta["indent"], meta["touches_list"] = state.sCount[start] - state.blkIndent, after_list
    return found
