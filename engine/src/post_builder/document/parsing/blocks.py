"""The blocks of a Markdown text, as kramdown delimits them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.rules_block import StateBlock, blockquote, code, fence

from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.parsing.rules.choosing import ChoosingParser
from post_builder.document.parsing.rules.html import HtmlBlocks
from post_builder.document.parsing.rules.kept import KeepingState, Kept
from post_builder.document.parsing.rules.lists import lists
from post_builder.document.parsing.rules.plain import skip_plain
from post_builder.document.parsing.rules.text import heading, rule, text
from post_builder.files import unix_newlines

_OPENING = re.compile(r"(?P<marks>`{3,}|~{3,})(?P<info>.*)$")
_CLOSING = re.compile(r"^[ \t>]*(?P<marks>`{3,}|~{3,})[ \t]*$", re.MULTILINE)

_LONG = 20_000
"""Characters of a text from which on the pattern for plain text repays its making."""

_MAX_NESTING = 100
"""Levels of lists and quotes."""


def find_blocks(content: str, is_cell: Callable[[str], bool], *, parse_block_html: bool) -> Kept:
    """Parse the blocks of a text; inline markup is not parsed.

    Args:
        content: text without front matter.
        is_cell: tells from the words on a fence whether its block is to run.
        parse_block_html: the option of kramdown.

    Returns:
        Code, HTML, and text that may contain a value; and the headings.
    """
    every = ["paragraph", "blockquote", "list"]
    html, outside_lists = HtmlBlocks(parse_block_html), ["paragraph", "blockquote"]
    rules: list[tuple[str, RuleFuncBlockType, Sequence[str]]] = [
        ("attributes", _attributes, every),
        ("code", _absorbing(code, "indented code"), ()),
        ("fence", _Fences(is_cell), every),
        ("blockquote", _absorbing(blockquote, "quote"), every),
        ("rule", rule, ["blockquote"]),  # in kramdown it ends no paragraph
        ("list", lists, outside_lists),
        ("html_block", html, outside_lists),
        ("heading", heading, outside_lists),
        ("text", text, ()),
    ]
    if len(content) > _LONG:
        rules.append(("plain", skip_plain, ()))
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    parser.block = ChoosingParser(rules)
    state = KeepingState(unix_newlines(content).replace("\0", "\ufffd"), parser)
    parser.block.tokenize(state, 0, state.lineMax)
    return state.tokens


def _attributes(state: StateBlock, start: int, _: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over a line of attributes: what is below it starts a block, and continues none."""
    if not state.src.startswith("{:", state.bMarks[start] + state.tShift[start]):
        return False
    line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    found = OPTIONS_LINE.match(line) is not None and not state.is_code_block(start)
    if found and not silent:
        state.line = start + 1
        if isinstance(state.tokens, Kept):
            state.tokens.absorber = ("", 0)
    return found


def _absorbing(block: RuleFuncBlockType, kind: str) -> RuleFuncBlockType:
    """Let a rule note where its block ends: in kramdown it takes the lines directly below."""

    def noting(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
        tokens = state.tokens
        if silent or not isinstance(tokens, Kept):
            return block(state, start, end, silent)
        outside, above = tokens.absorbed, tokens.absorbing(state, start)
        tokens.absorbed = outside or above
        found = block(state, start, end, silent)
        tokens.absorbed = outside
        if found:
            tokens.absorber, tokens.has_bullets = (kind, state.line), False
        return found

    return noting


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
        position = state.bMarks[start] + state.tShift[start]
        opening = _OPENING.match(state.src, position, state.eMarks[start])
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
        assert isinstance(state.tokens, Kept)  # noqa: S101  # find_blocks gave them
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
