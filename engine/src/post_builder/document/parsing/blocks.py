"""The blocks of a Markdown text, as kramdown delimits them."""

from __future__ import annotations

from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock

from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.parsing.rules.choosing import BlockRule, ChoosingParser
from post_builder.document.parsing.rules.containers.lists import lists
from post_builder.document.parsing.rules.containers.quotes import quotes
from post_builder.document.parsing.rules.fences import Fences
from post_builder.document.parsing.rules.html import HtmlBlocks
from post_builder.document.parsing.rules.kept import KeepingState, Kept
from post_builder.document.parsing.rules.plain import skip_plain
from post_builder.document.parsing.rules.text import code, heading, rule, text
from post_builder.files import unix_newlines

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

    Raises:
        ScatteredQuotesError: if looking for the ends of quotes would take time without bound.
    """
    rules = block_rules(is_cell, parse_block_html=parse_block_html)
    if len(content) > _LONG:
        rules["plain"] = (skip_plain, ())
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING})
    parser.block = ChoosingParser(rules)
    state = KeepingState(unix_newlines(content).replace("\0", "\ufffd"), parser)
    parser.block.tokenize(state, 0, state.lineMax)
    return state.tokens


def block_rules(is_cell: Callable[[str], bool], *, parse_block_html: bool) -> dict[str, BlockRule]:
    """Return the rules for all blocks, each with the kinds of blocks that it ends."""
    every = ("paragraph", "blockquote", "list")
    outside_lists = ("paragraph", "blockquote")
    return {
        "attributes": (_attributes, every),
        "code": (code, ()),
        "fence": (Fences(is_cell), every),
        "blockquote": (quotes, every),
        "rule": (rule, ("blockquote",)),  # in kramdown it ends no paragraph
        "list": (lists, outside_lists),
        "html_block": (HtmlBlocks(parse_block_html), outside_lists),
        "heading": (heading, outside_lists),
        "text": (text, ()),
    }


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
