"""The engine's rules, which make few tokens, delimit the blocks that those of markdown-it do."""

from itertools import pairwise
from typing import Literal

from hypothesis import example, given
from markdown_it import MarkdownIt
from markdown_it.parser_block import RuleFuncBlockType
from markdown_it.rules_block import (
    StateBlock,
    blockquote,
    code,
    heading,
    hr,
    lheading,
    list_block,
    paragraph,
)
from markdown_it.token import Token
from random_markdown import DOCUMENTS

from post_builder.document.parsing.blocks import block_rules, find_blocks
from post_builder.document.parsing.rules.choosing import ChoosingParser
from post_builder.document.parsing.rules.html import HtmlBlocks
from post_builder.document.parsing.rules.kept import KeepingState
from post_builder.document.parsing.rules.text import is_kept


class TokenState(KeepingState):
    """The state of a parser that keeps the tokens of markdown-it's rules."""

    def push(self, ttype: str, tag: str, nesting: Literal[-1, 0, 1]) -> Token:
        """Add a token."""
        if nesting < 0:
            self.level -= 1
        token = Token(ttype, tag, nesting)
        self.tokens.append(token)
        if nesting > 0:
            self.level += 1
        if ttype == "list_item_open":
            self.tokens.enter(self.line, self.level)
        elif ttype == "list_item_close":
            self.tokens.items.pop()
        return token


class WholeScan(HtmlBlocks):
    """The rule for HTML, which looks through each element for its end."""

    def _is_one_line(self, *_: object) -> bool:
        return False

    def _may_end(self, *_: object) -> bool:
        return True


def _noting(rule: RuleFuncBlockType, kind: str) -> RuleFuncBlockType:
    """Let markdown-it's rule note what takes a block for its own, and where the block ends."""

    def noting(state: StateBlock, start: int, end: int, silent: bool) -> bool:
        if silent:
            return rule(state, start, end, silent)
        assert isinstance(state, KeepingState)
        tokens = state.tokens
        outside, above = tokens.absorbed, tokens.absorbing(state, start)
        has_bullets = state.src[state.bMarks[start] + state.tShift[start]] in "-*+"
        goes_on = above == kind == "list item" and has_bullets and tokens.has_bullets
        tokens.absorbed = outside or ("" if goes_on else above)
        found = rule(state, start, end, silent)
        tokens.absorbed = outside
        if found:
            tokens.absorber, tokens.has_bullets = (kind, state.line), has_bullets
        return found

    return noting


def _text(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    return lheading(state, start, end, silent) or paragraph(state, start, end, silent)


def _is_cell(info: str) -> bool:
    return info.strip() == "python"


Found = list[tuple[object, ...]]


def _with_tokens(text: str, *, parse_block_html: bool) -> tuple[Found, list[tuple[int, str]]]:
    """Return what markdown-it's rules find, and the headings."""
    rules = block_rules(_is_cell, parse_block_html=parse_block_html)
    others: dict[str, RuleFuncBlockType] = {
        "code": _noting(code, "indented code"),
        "blockquote": _noting(blockquote, "quote"),
        "rule": hr,
        "list": _noting(list_block, "list item"),
        "html_block": WholeScan(parse_block_html),
        "heading": heading,
        "text": _text,
    }
    ends = {name: ends for name, (_, ends) in rules.items()} | {"rule": ("blockquote", "list")}
    rules |= {name: (rule, ends[name]) for name, rule in others.items()}
    parser = MarkdownIt("commonmark", {"maxNesting": 100})
    parser.block = ChoosingParser(rules)
    state = TokenState(text, parser)
    parser.block.tokenize(state, 0, state.lineMax)
    titles = [
        ((start.map or [0])[0], below.content)
        for start, below in pairwise(state.tokens)
        if start.type == "heading_open"
    ]
    kept = [token for token in state.tokens if token.type != "inline" or is_kept(token.content)]
    return _listed(text, kept), titles


def _listed(text: str, tokens: list[Token]) -> Found:
    """Return what is said about a text: code only above attributes, HTML only with code in it."""
    lines, found = [*text.split("\n"), ""], []
    for token in tokens:
        start, end = token.map or (0, 0)
        attributes = lines[end].strip(" \t>").startswith("{:")
        inside = "\n".join(lines[start:end])
        if token.type in {"fence", "inline"}:
            found.append((token.type, start, end, token.content, *token.meta.items()))
        elif (token.type == "code_block" and attributes) or (
            token.type == "html_block"
            and any(mark in inside for mark in ("data-value", "output -->", "```", "~~~", "<code"))
        ):
            found.append((token.type, start, end))
    return found


@given(DOCUMENTS)
@example("- a\n* b\n1. c\n```python\nx\n```")
@example("> q\n- a\n1. b\n\n   ```python\n   x\n   ```")
@example("1. a\n- ```python\n  x\n  ```")
@example("-     a\n- b\n{: .a}")
@example("> - <p>\n>")
@example("- <p>\n- </p>\n\n  ```python\n  x\n  ```")
@example("> a\n-\n> - b\n>\nc\n> ```python\n> x\n> ```")
@example(">\t- a\n>\t \tb\n > \t```python\n>   x\n```")
@example("- > a\nb\n> c\n  > # d\n===")
@example("- ```\n> - b\n> ```\n\n> ~~~\n> ```python\n> x\n> ```")
@example("- a\n> ```\n- ```\n  x\n  ```\n> ```\na\n")
@example("- <p>\n  - n\n    <p>\n\n  - </p>\n- <p>\n  1. ```python\n     x\n     ```")
@example("- a\n- # b #\n- ## <span>\n- - -\n  c")
def test_blocks_are_where_the_rules_of_markdown_it_find_them(text: str) -> None:
    """With tokens for each list, item and paragraph the same is found, in three times the time."""
    for parse_block_html in (False, True):
        blocks = find_blocks(text, _is_cell, parse_block_html=parse_block_html)
        expected, titles = _with_tokens(text, parse_block_html=parse_block_html)
        assert expected == _listed(text, blocks)
        assert titles == blocks.headings
