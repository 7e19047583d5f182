"""The blocks of a Markdown text, as kramdown delimits them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.rules_block import StateBlock, blockquote, code, fence, hr, list_block
from markdown_it.token import Token

from post_builder.document.parsing.html.rule import HtmlBlocks
from post_builder.files import unix_newlines

_RULES = ["code", "fence", "blockquote", "hr", "list", "html_block", "heading", "lheading"]

_ATTRIBUTES = re.compile(r"\{:(?![:/])(?:\\\}|[^}])+\}[ \t]*$")
"""A line that gives attributes to the block above, or below, and so is no text of its own."""

_OPENING = re.compile(r"(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_CLOSING = re.compile(r"^[ \t>]*(?P<marks>`{3,}|~{3,})[ \t]*$", re.MULTILINE)

_ABSORBING: dict[str, tuple[RuleFuncBlockType, list[str], str]] = {
    "list": (list_block, ["paragraph", "reference", "blockquote"], "list item"),
    "blockquote": (blockquote, ["paragraph", "reference", "blockquote", "list"], "quote"),
    "code": (code, [], "indented code"),
}
"""Blocks that take the lines directly below them for their own in kramdown: their rule, which
blocks they end, and their name."""

_MAX_NESTING = 100
"""Levels of lists and quotes."""


def find_blocks(
    text: str, is_cell: Callable[[str], bool], *, parse_block_html: bool
) -> list[Token]:
    """Parse the blocks of a text; inline markup is not parsed.

    Args:
        text: without front matter.
        is_cell: tells from the words on a fence whether its block is to run.
        parse_block_html: the option of kramdown.

    Returns:
        Code, HTML, headings, and text that may contain a value.
    """
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    rules = parser.block.ruler
    rules.enableOnly([*_RULES, "paragraph"])
    every = ["paragraph", "reference", "blockquote", "list"]
    rules.before("code", "attributes", _attributes, {"alt": every})
    rules.at("fence", _Fences(is_cell), {"alt": every})
    for name, (rule, ends, kind) in _ABSORBING.items():
        rules.at(name, _absorbing(rule, kind), {"alt": ends})
    rules.at("hr", hr, {"alt": ["blockquote", "list"]})  # in kramdown it ends no paragraph
    html = HtmlBlocks(parse_block_html)
    rules.at("html_block", html, {"alt": ["paragraph", "reference", "blockquote"]})
    tokens = _Kept()
    parser.block.parse(unix_newlines(text).replace("\0", "\ufffd"), parser, {}, tokens)
    return list(tokens)


def _attributes(state: StateBlock, start: int, _: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over a line of attributes: what is below it starts a block, and continues none."""
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = _ATTRIBUTES.match(line) is not None and not state.is_code_block(start)
    if found and not silent:
        state.line = start + 1
        if isinstance(state.tokens, _Kept):
            state.tokens.absorber = ("", 0)
    return found


def _absorbing(rule: RuleFuncBlockType, kind: str) -> RuleFuncBlockType:
    """Let a rule note where its block ends."""

    def noting(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
        tokens = state.tokens
        if silent or not isinstance(tokens, _Kept):
            return rule(state, start, end, silent)
        outside = tokens.absorbed
        tokens.absorbed = outside or tokens.absorbing(state, start)
        found = rule(state, start, end, silent)
        tokens.absorbed = outside
        if found:
            tokens.absorber = (kind, state.line)
        return found

    return noting


class _Kept(list[Token]):
    """Tokens, without those that say nothing: a list of a million items has five million."""

    def __init__(self) -> None:
        """Start without tokens."""
        super().__init__()
        self.absorber = ("", 0)
        """What may absorb the lines below it, and the first line that may not be its own."""
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
        """Add a token if it is needed, and drop the one before it if that turned out not to be."""
        if self and self[-1].type == "inline" and not self._is_needed(self[-1]):
            self.pop()
        if token.type == "list_item_open":
            self.absorber = ("", 0)  # a marker of its own
            self.items.append(token)
        elif token.type == "list_item_close":
            self.items.pop()
        if token.type in {"fence", "code_block", "html_block", "heading_open", "inline"}:
            super().append(token)

    def _is_needed(self, inline: Token) -> bool:
        before = self[-2].type if len(self) > 1 else ""
        text = inline.content
        return before == "heading_open" or any(
            mark in text for mark in ("<span", "<!--", "output -->")
        )


@dataclass(slots=True)
class _Fences:
    """The rule for fences of one text.

    One that is not closed is not a fence to kramdown; if it is to run, an error says so later.
    """

    is_cell: Callable[[str], bool]
    closing: dict[str, int] | None = None
    """Where the last line is that may close a fence, by its characters."""

    def __call__(
        self,
        state: StateBlock,
        start: int,
        end: int,
        silent: bool,  # noqa: FBT001  # the signature of a rule
    ) -> bool:
        """Parse a fence, and note its indentation, and what kramdown would take it into."""
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        opening = _OPENING.match(line)
        if not opening:
            return False
        if silent or self._may_close(state, start, opening["marks"]):
            return self._fence(state, start, end, silent=silent)
        return self._unclosed(state, start, opening)

    def _may_close(self, state: StateBlock, start: int, marks: str) -> bool:
        """Return whether there is a closing line below; looking for it costs the whole text."""
        if self.closing is None:
            self.closing = {found["marks"]: found.start() for found in _CLOSING.finditer(state.src)}
        return any(
            position > state.bMarks[start] and closing.startswith(marks)
            for closing, position in self.closing.items()
        )

    def _unclosed(self, state: StateBlock, start: int, opening: re.Match[str]) -> bool:
        if not self.is_cell(opening["info"]) or state.is_code_block(start):
            return False
        token = state.push("fence", "code", 0)
        token.info, token.markup, token.map = opening["info"], opening["marks"], [start, start + 1]
        state.line = start + 1
        return True

    def _fence(self, state: StateBlock, start: int, end: int, *, silent: bool) -> bool:
        assert isinstance(state.tokens, _Kept)  # noqa: S101  # find_blocks gave them
        above = state.tokens.absorbed or state.tokens.absorbing(state, start)
        found = fence(state, start, end, silent)
        if not found or silent:
            return found
        token = state.tokens[-1]
        last = state.line - 1
        closing = state.src[state.bMarks[last] + state.tShift[last] : state.eMarks[last]].rstrip()
        is_closed = (
            last > start and closing.startswith(token.markup) and not closing.strip(token.markup[0])
        )
        if not is_closed and not self.is_cell(token.info):
            state.tokens.pop()
            state.line = start
            return False
        token.meta["indent"] = state.sCount[start] - state.blkIndent
        token.meta["absorbed"] = above
        return True
