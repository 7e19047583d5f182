"""HTML blocks as kramdown delimits them: from a start tag to its end tag, blank lines included.

CommonMark ends most of them at a blank line. What kramdown shows raw is not code, so a fence inside
an open `<div>` does not run; and a fence right below `</div>` does, blank line or not.
"""

from __future__ import annotations

import re

from markdown_it.rules_block import StateBlock
from markdown_it.token import Token
from msgspec import Struct, field

from post_builder.document.parsing.rules.html_scan import (
    EMPTY,
    EXTENSION,
    OPENING,
    START,
    Element,
    MoreLinesNeeded,
    Scan,
)
from post_builder.document.parsing.rules.kept import KeepingState

_SPAN = re.compile(
    "a|abbr|acronym|b|big|bdo|br|button|cite|code|del|dfn|em|i|img|input|ins|kbd|label|mark"
    "|option|q|rb|rbc|rp|rt|rtc|ruby|samp|select|small|span|strong|sub|sup|tt|u|var"
)
"""Elements that do not start a block."""

_END = re.compile(r"^[ \t>]*\{:/(?P<name>\w*)\}[^\S\n]*$", re.MULTILINE)
"""The end of an extension of kramdown."""

_MAX_OPEN = 100
"""Elements in one another; those further out are forgotten."""

_SAYS_SOMETHING = re.compile("data-value|output -->|```|~~~|<code", re.IGNORECASE)
"""A value, a marker of an output, or code, which HTML is kept for."""

_LIST_START = re.compile(r"(?:[+*-]|\d+\.)[\t |]")
"""How a list item starts."""

_FEW, _STEP, _FACTOR = 4, 64, 8
"""Lines that are read at first of a list or quote, and of other text; and how many times as many
each time that the end is not among them."""


class HtmlBlocks(Struct):
    """The rule for one text; it remembers which elements are open."""

    parse_block_html: bool
    """The option of kramdown: Markdown in all block elements."""
    open: list[Element] = field(default_factory=list)
    last_comment_end: int | None = None
    """Offset of the last `-->`; above it, `<!--` starts a comment."""
    ends: dict[str, int] | None = None
    """Offset of the last end of kramdown's extensions, by their names."""
    seen: tuple[tuple[int, int], int, bool] = ((0, 0), 0, False)
    """A list item, how far it was looked through for an empty line or a list, and whether it has
    one there."""

    def __call__(
        self,
        state: StateBlock,
        start: int,
        end: int,
        silent: bool,  # noqa: FBT001  # the signature of a rule
    ) -> bool:
        """Parse an HTML block that starts on a line, as a rule of markdown-it."""
        position = state.bMarks[start] + state.tShift[start]
        if not state.src.startswith(("<", "{::"), position) or state.is_code_block(start):
            return False
        line = state.src[position : state.eMarks[start]]
        if not self._may_start(state, start, line):
            return False
        if silent:
            return not line.startswith(("<script", "<!--", "{"))  # these end no paragraph
        if self._is_one_line(state, start, end, line):
            last: int | None = start + 1
        else:
            nested = self.open[-_MAX_OPEN:]
            self.open = [element for element in nested if element.level <= state.level]
            last = self._end(state, start, end)
        if last is None:
            return False
        assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
        if _SAYS_SOMETHING.search(state.src, state.bMarks[start], state.eMarks[last - 1]):
            state.tokens.append(Token("html_block", "", 0, map=[start, last]))
        state.line = last
        return True

    def _is_one_line(self, state: StateBlock, start: int, end: int, line: str) -> bool:
        """Return whether an element is one line and opens nothing.

        It is empty, or what kramdown reads at once ends: its item, or the part above a list in it.
        Where no element is open and none reads Markdown, no other is left open below it.
        """
        if self.open or self.parse_block_html or "markdown" in line:
            return False
        tag = START.match(line)
        if tag is None or tag["name"].lower() in EMPTY:
            return tag is not None
        below = start + 1
        while below < end and state.isEmpty(below):
            below += 1
        if below >= end or state.sCount[below] < state.blkIndent:
            return True
        is_directly_below = below == start + 1 and state.level > 0
        return (
            is_directly_below and _starts_list(state, below) and self._in_first_part(state, start)
        )

    def _may_start(self, state: StateBlock, start: int, line: str) -> bool:
        """Return whether a line looks like the start of a block; it ends a paragraph then."""
        if line.startswith("{"):
            return EXTENSION.match(line) is not None
        if line.startswith("<!--"):
            if self.last_comment_end is None:
                self.last_comment_end = state.src.rfind("-->")
            above = state.bMarks[start] < self.last_comment_end
            return above and state.sCount[start] == state.blkIndent
        found = OPENING.match(line)
        name = found["name"].lower() if found else ""
        if not line.startswith("</"):
            return bool(name) and not _SPAN.fullmatch(name)
        top = self.open[-1] if self.open else None
        if top is None or top.name != name:
            return False
        ends_item = top.level < state.level and state.sCount[start] < state.blkIndent
        return top.level == state.level or ends_item

    def _end(self, state: StateBlock, start: int, end: int) -> int | None:
        """Return the line after the block; None if there is no block."""
        if not self._may_end(state, start):
            return None
        count = _FEW if state.level else _STEP
        while True:
            last = self._inside(state, start, min(start + count, end))
            scan = Scan(
                _lines(state, start, last).lstrip(" "),
                list(self.open),
                state.level,
                self.parse_block_html,
                is_whole=last < start + count,
                is_short=count < _STEP,
            )
            try:
                stop = scan.block()
            except MoreLinesNeeded:
                count = max(count * _FACTOR, _STEP)
                continue
            if stop is not None:
                self.open = scan.open
            return stop if stop is None else min(start + scan.text.count("\n", 0, stop) + 1, last)

    def _may_end(self, state: StateBlock, start: int) -> bool:
        """Return whether an extension has an end below; looking for it costs the whole text."""
        line = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
        extension = EXTENSION.match(line)
        if extension is None:
            return True
        if self.ends is None:
            self.ends = {end["name"]: end.start() for end in _END.finditer(state.src)}
        last = max(self.ends.get(name, -1) for name in ("", extension["name"]))
        return last > state.bMarks[start]

    def _inside(self, state: StateBlock, start: int, end: int) -> int:
        """Return the first line that is not in the list item of a line.

        kramdown reads an item in two parts: the second starts with the first list in it, unless
        there is an empty line above that list.
        """
        if state.level == 0:
            return end
        is_first_part = self._in_first_part(state, start)
        for line in range(start + 1, end):
            if state.isEmpty(line):
                is_first_part = False
            elif state.sCount[line] < state.blkIndent or (
                is_first_part and _starts_list(state, line)
            ):
                return line
        return end

    def _in_first_part(self, state: StateBlock, start: int) -> bool:
        """Return whether neither an empty line nor a list is above a line in its list item."""
        assert isinstance(state, KeepingState)  # noqa: S101  # find_blocks made it
        if not state.tokens.items:
            return False
        item, line, above = self.seen
        if item != state.tokens.items[-1]:
            item = state.tokens.items[-1]
            line, above = item[0], False
        while line < start and not above:
            above = state.isEmpty(line) or _starts_list(state, line)
            line += 1
        self.seen = item, line, above
        return not above


def _lines(state: StateBlock, start: int, end: int) -> str:
    """Return some lines as they are in the list item or quote that is being read."""
    if state.level == 0:
        return state.src[state.bMarks[start] : state.bMarks[end]]
    has_end = state.eMarks[end - 1] < len(state.src)
    return state.getLines(start, end, state.blkIndent, keepLastLF=has_end)


def _starts_list(state: StateBlock, line: int) -> bool:
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    return _LIST_START.match(text) is not None and not state.is_code_block(line)
