"""Finding the values in a post's prose."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from html import unescape

from markdown_it.token import Token

from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import Cell, Span, Value

_PROSE = re.compile(
    r"""\\.                                             # an escaped character is itself
      |(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`) # a code span is not prose
      |<!--.*?-->
      |<span\s(?P<before>[^>]*?\s)??data-value=(?P<q>["'])(?P<expression>.*?)(?P=q)
        (?P<after>[^>]*)>(?P<shown>[^<]*(?:<(?!/?span\b)[^<]*)*)</span>
      |(?P<broken><span\s[^>]*\bdata-value\b)""",
    re.DOTALL | re.VERBOSE,
)


_CLASSES = re.compile(r"""\bclass=(["'])(.*?)\1""")


def find_values(text: TextLines, tokens: Sequence[Token], cells: Sequence[Cell]) -> Iterator[Value]:
    """Yield the values in paragraphs, headings, tables and HTML, but not in code or outputs.

    Raises:
        PostError: with the line at fault.
    """
    for token in tokens:
        if token.type not in {"inline", "html_block"}:
            continue
        first, last = text.range_of(token)
        start = _after_region(text.starts[first], cells)
        for match in _PROSE.finditer(text.text, start, text.starts[last]):
            if match["expression"] is not None or match["broken"]:
                yield _value(text, match, cells)


def _after_region(offset: int, cells: Iterable[Cell]) -> int:
    """Move an offset inside an output region to the end of the region."""
    inside = (cell.region.end for cell in cells if cell.region.start <= offset < cell.region.end)
    return next(inside, offset)


def _value(text: TextLines, match: re.Match[str], cells: Sequence[Cell]) -> Value:
    index = text.index_of(match.start())
    classes = _CLASSES.search(f"{match['before'] or ''} {match['after'] or ''}")
    markdown = classes is not None and "markdown" in classes[2].split()
    if match["broken"] or ("<" in match["shown"] and not markdown):
        hint = 'write <span data-value="EXPRESSION">TEXT</span>, without tags inside'
        raise text.error(index, "this value cannot be read", hint)
    expression = re.sub(r"\s*[\r\n][\s>]*", " ", unescape(match["expression"])).strip()
    if not expression:
        raise text.error(index, "this value has no expression")
    after = sum(cell.body.start <= match.start() for cell in cells) - 1
    if after < 0:
        raise text.error(
            index,
            f"there is no cell above the value {expression!r}",
            "a value is computed after the last cell above it",
        )
    return Value(expression, index + 1, Span(*match.span("shown")), after, markdown)
