"""Going over text of which nothing is kept: paragraphs, lists and quotes without code or HTML.

markdown-it takes 20 microseconds for each item of a list. What one pattern recognises as plain is
skipped, up to a line at which all that is above it is closed; so what is below is read as if all
had been.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from functools import lru_cache

from markdown_it.rules_block import StateBlock
from msgspec import Struct

from post_builder.document.parsing.rules.kept import Kept

_MAX_LEVEL = 40
"""Lists and quotes in which text is skipped; what may be in it does not reach `maxNesting`."""

_PREFIX = re.compile("(?:> ){0,2} {0,8}")
"""What precedes each line of the lists and quotes in which text is skipped."""

_START = r"""(?:[^\W\d_]|\d++(?![.)\d])|[(\[!$\\"'|:;,?.&%@^/)\]}]|[*_](?=[^\W_])|`(?!`)|\{(?!:))"""
"""How text starts that is nothing else."""

_REST = r"[^\n<>]*+(?:(?:<(?!span|!--)|(?<!--)>)[^\n<>]*+)*+(?:\n|\Z)"
"""The rest of its line: no value, no comment, no marker of an output."""

TEXT = rf"{_START}{_REST}"
"""A line of text that is nothing else."""

BARE_FENCE = r"(?:`{3}|~{3})[ \t]*+(?:\n|\Z)"
"""A fence without a word. It is text, of which nothing is kept, where no line can close it."""

_INNER = r"(?:[-*+][ ]|\d\.[ ]|>[ ])"
_NESTED = rf"{_INNER}?{TEXT}"
_ATTRIBUTES = r"→\{:(?![:/])[^{}<>\n]*+\}[ \t]*+\n"
"""A line of attributes: of the item above it, where another item is below it."""


def _items(marker: str, content: int) -> str:
    """Return a pattern of items whose text starts at a column, with all that is in them.

    After an empty line they may not be indented so far that they could be code.
    """
    inside = f"→[ ]{{{content},{_MAX_LEVEL}}}{_NESTED}"
    first = f"→[ ]{{{content},{content + 3}}}{_NESTED}"
    item = (
        rf"→{marker}[ ]{_INNER}{{0,3}}+{TEXT}(?:{inside}|→{TEXT})*+"
        rf"(?:{_ATTRIBUTES}(?=→{marker}[ ]))?+"
    )
    return rf"(?:(?:{item})++(?:∅++{first}(?:{inside})*+)*+)++"


_BULLETS = _items("[-*+]", 2)
_NUMBERS = rf"{_items('[0-9][.]', 3)}|(?:→[0-9]{{1,3}}\.[ ]{TEXT}(?:→{TEXT})*+)++"
_PARAGRAPH = rf"→{TEXT}(?:→[ \t]*+{TEXT})*+"
_HASHED = rf"→\#{{1,6}}[ ]{_START}[^\n\#<>]*+(?:\n|\Z)"
_HEADING = (
    rf"(?:{_HASHED}"
    rf"|→{_START}[^\n\#<>]*+\n→(?:=++|-++)[ \t]*+(?:\n|\Z))"
)
_QUOTED = rf"→(?:>[ ]?){{1,9}}(?:(?:[-*+]|\d\.)[ ])?{TEXT}"
_QUOTE = (
    rf"(?:{_QUOTED}(?:{_QUOTED}|→>[ ]{{0,{_MAX_LEVEL}}}(?:(?:[-*+]|\d\.)[ ])?{TEXT}|→{TEXT})*+"
    rf"(?:→>[ \t]*\n)*+)++"
)
_GROUP = (
    rf"(?:(?:{_HEADING}|{_PARAGRAPH})++(?:{_QUOTE}|{_BULLETS})?+|{_QUOTE}|{_BULLETS}|{_NUMBERS})"
)
_NUMBERED = rf"→(?:[0-9]{{1,9}}[.)][ ](?:>[ ]?)?+){{1,3}}{TEXT}"
_MARKED = rf"→(?:[-*+][ ]|>[ ]?)(?:(?:[-*+]|[0-9]{{1,9}}[.)])[ ]|>[ ]?){{0,9}}+{TEXT}"
_BARE = r"(?:→[-*+>][ \t]*+\n)"
_LINE = rf"(?:{_HASHED}|(?:{_MARKED}|→>[ \t]*+\n){_BARE}*+|{_NUMBERED}|→{TEXT})"
_MIXED = rf"(?:{_BARE}++{_LINE}*+|{_LINE}++)"
_GOES_ON = r"(?:[ \t*+-]|[0-9]{1,9}[.)])"
_RUN = rf"∅*+(?:(?:{_GROUP}∅++|{_MIXED}(?:∅++(?!→{_GOES_ON})|\Z)))*+(?:{_GROUP})?+"
"""Plain text; `→` is what precedes each line, and `∅` an empty line.

Where a list or quote starts directly below another, kramdown may take it into that one: such a
mixture is skipped if it ends above an empty line and what is below that cannot belong to it.
Bullets of all kinds make one list, as in kramdown.
"""

_MAY_BE_PLAIN = re.compile(rf"(?:[-*+>][ ]?|[0-9]{{1,9}}[.)][ ])*+(?:{_START}|\#|[ \t]*+(?:\n|\Z))")
"""How a line starts at which plain text may."""

_ITEM_OR_HEADING = re.compile(r"[-*+][ ]|[0-9]{1,3}\.[ ]|#")
"""What closes all that is above it, without an empty line as well."""


class _Patterns(Struct, frozen=True):
    """What plain text is within some lists and quotes."""

    prefix: str
    """What precedes each line."""
    run: re.Pattern[str]
    heading: re.Pattern[str]
    empty: re.Pattern[str]
    inside: re.Pattern[str]
    """A line that may belong to a list above it."""


@lru_cache(maxsize=32)
def _patterns(prefix: str) -> _Patterns:
    before, empty = re.escape(prefix), rf"{re.escape(prefix.rstrip())}[ \t]*\n"
    return _Patterns(
        prefix,
        re.compile(_RUN.replace("→", before).replace("∅", f"(?:{empty})")),
        re.compile(
            rf"^{before}(?:(?P<marks>\#{{1,6}})[ ](?P<text>[^\n]+)"
            rf"|(?P<above>{_START}[^\n]*)\n{before}(?:=++|-++)[ \t]*+$)",
            re.MULTILINE,
        ),
        re.compile(empty),
        re.compile(rf"{empty}|{before}[ \t]"),
    )


def skip_plain(state: StateBlock, start: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """Go over plain text from a line on, as a rule of markdown-it; headings are kept."""
    tokens = state.tokens
    if silent or not isinstance(tokens, Kept) or tokens.absorbed or tokens.absorbing(state, start):
        return False
    if not _may_skip(state, start):
        return False
    indent = " " * state.blkIndent
    begin = state.src.rfind("\n", 0, state.bMarks[start]) + 1
    prefix = state.src[begin : state.bMarks[start]] + indent
    if not _PREFIX.fullmatch(prefix):
        return False
    patterns = _patterns(prefix)
    found = patterns.run.match(state.src, begin)
    last = _last(state, patterns, (begin, found.end()), end) if found else begin
    if last == begin:
        return False
    for heading in patterns.heading.finditer(state.src, begin, last):
        text = heading["text"] or heading["above"]
        tokens.headings.append((bisect_left(state.bMarks, heading.start()), text.strip()))
    state.line = bisect_left(state.bMarks, last)
    return True


def _may_skip(state: StateBlock, start: int) -> bool:
    """Return whether a line may be the first of plain text; most others are told by its start."""
    if state.sCount[start] != state.blkIndent or state.level > _MAX_LEVEL:
        return False
    first = state.bMarks[start] + state.tShift[start]
    return _MAY_BE_PLAIN.match(state.src, first) is not None and state.src.startswith(
        " " * state.blkIndent, state.bMarks[start]
    )


def _last(state: StateBlock, patterns: _Patterns, run: tuple[int, int], end: int) -> int:
    """Return the last offset in a run of plain text at which all above is closed."""
    begin, position = run
    if bisect_left(state.bMarks, position) >= end:
        return position
    src, indent = state.src, len(patterns.prefix)
    while position > begin:
        above = src.rfind("\n", 0, position - 1) + 1
        if not patterns.inside.match(src, position) and (
            patterns.empty.match(src, above)
            or (position < run[1] and _ITEM_OR_HEADING.match(src, position + indent))
        ):
            break
        position = above
    return position
