"""The loop over the blocks of a text, which asks only the rules that a line may be for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from markdown_it.parser_block import ParserBlock, RuleFuncBlockType
from markdown_it.ruler import Ruler
from markdown_it.rules_block import StateBlock

_BY_START = {
    "{": ("attributes", "plain", "html_block"),
    "`": ("fence", "plain"),
    "~": ("fence",),
    ">": ("plain", "blockquote"),
    "#": ("plain", "heading"),
    "<": ("html_block",),
    "_": ("plain", "rule"),
    **dict.fromkeys("*-", ("plain", "rule", "list")),
    **dict.fromkeys("+0123456789", ("plain", "list")),
}
"""The rules that a line may be for, by the character that it starts with; another is text."""

_CODE = 4
"""Columns by which code is indented."""

BlockRule = tuple[RuleFuncBlockType, Sequence[str]]
"""A rule, and which kinds of blocks it ends."""


class _Rules(Ruler[RuleFuncBlockType]):
    """The rules of a parser; those that may end a block are asked as if they were one."""

    def getRules(self, chainName: str = "") -> list[RuleFuncBlockType]:  # noqa: N802, N803
        """Return the rules that may end a block of a kind, or all."""
        return self._ending[chainName] if chainName else super().getRules()

    @cached_property
    def _ending(self) -> dict[str, list[RuleFuncBlockType]]:
        return {kind: [self._one_of(kind)] for kind in ("paragraph", "blockquote", "list")}

    def _one_of(self, kind: str) -> RuleFuncBlockType:
        ends = {id(rule) for rule in super().getRules(kind)}
        chosen = {
            start: [rule for rule in rules if id(rule) in ends]
            for start, rules in self.by_start.items()
        }

        def ends_block(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001
            position = state.bMarks[line] + state.tShift[line]
            for rule in chosen.get(state.src[position : position + 1], ()):
                if rule(state, line, end, silent):
                    return True
            return False

        return ends_block

    @cached_property
    def by_start(self) -> dict[str, list[RuleFuncBlockType]]:
        """The rules to ask, by the first character; those of code and of text under a word."""
        enabled = dict(zip(self.get_active_rules(), super().getRules(), strict=True))
        names = {start: (*rules, "text") for start, rules in _BY_START.items()}
        names |= {"code": ("code",), "text": ("plain", "text")}
        return {
            start: [enabled[rule] for rule in rules if rule in enabled]
            for start, rules in names.items()
        }


class ChoosingParser(ParserBlock):
    """Parses blocks as markdown-it does, which asks eleven rules for each block and line."""

    def __init__(self, rules: Mapping[str, BlockRule]) -> None:
        """Take rules by their names, in their order."""
        self.ruler = self.rules = _Rules()
        for name, (rule, ends) in rules.items():
            self.rules.push(name, rule, {"alt": list(ends)})

    def tokenize(self, state: StateBlock, startLine: int, endLine: int) -> None:  # noqa: N803
        """Parse the blocks that start on some lines, the end not included."""
        rules, line = self.rules.by_start, startLine
        starts, ends, shifts, columns = state.bMarks, state.eMarks, state.tShift, state.sCount
        deepest, indent = state.md.options.maxNesting, state.blkIndent
        while True:
            while line < state.lineMax and starts[line] + shifts[line] >= ends[line]:
                line += 1
            state.line = line
            if line >= endLine or columns[line] < indent:
                return
            if state.level >= deepest:
                state.line = endLine
                return
            is_code = columns[line] - indent >= _CODE
            start = "code" if is_code else state.src[starts[line] + shifts[line]]
            for rule in rules.get(start) or rules["text"]:
                if rule(state, line, endLine, False):  # noqa: FBT003  # the signature of a rule
                    break
            line = state.line
