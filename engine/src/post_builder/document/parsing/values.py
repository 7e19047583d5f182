"""Finding the values in a post's prose."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from html import unescape

from markdown_it.token import Token

from post_builder.document.liquid import TAG
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import Cell, Span, Value
from post_builder.errors import PostError

_MARK = re.compile(r"\\.|`++|<!--|<span(?=\s)", re.DOTALL)
"""What decides how the text after it is read; an escaped character is itself."""

_ATTRIBUTE = re.compile(
    r"""\s++(?P<key>[^\s=<>"'/]++)(?:\s*+=\s*+(?:(?P<q>["'])(?P<value>.*?)(?P=q)|[^\s<>"']++))?""",
    re.DOTALL,
)
_MAX_TAG = 10_000
"""Characters of a tag, with an expression of any sensible length."""

_TAG = re.compile(
    r"""<span(?:\s++[^\s=<>"'/]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|[^\s<>"']++))?)*+\s*+>"""
)
_SHOWN = re.compile(r"(?P<shown>[^<]*+)</span>")
_SHOWN_MARKDOWN = re.compile(r"(?P<shown>[^<]*+(?:<(?!/?span\b)[^<]*+)*+)</span>")


def find_values(
    text: TextLines, tokens: Sequence[Token], cells: Sequence[Cell], problems: list[PostError]
) -> Iterator[Value]:
    """Yield the values in paragraphs, headings, tables and HTML, but not in code or outputs.

    Args:
        text: of the post.
        tokens: its blocks.
        cells: its cells, in their order.
        problems: takes an error for each value that cannot be computed.
    """
    bodies = [cell.body.start for cell in cells]
    regions = [cell.region for cell in cells]
    starts = [region.start for region in regions]
    for token in tokens:
        if token.type not in {"inline", "html_block"}:
            continue
        first, last = text.range_of(token)
        start = text.starts[first]
        index = bisect_right(starts, start) - 1
        if index >= 0:
            start = max(start, regions[index].end)  # what is in an output region is not prose
        end = text.starts[last]
        for position in _spans(text.text, start, end):
            try:
                yield _value(text, Span(position, end), bisect_right(bodies, position) - 1)
            except PostError as error:
                problems.append(error)


def _spans(text: str, start: int, end: int) -> Iterator[int]:
    """Yield the offsets of `<span` tags with a value that are not in code or comments."""
    if text.find("data-value", start, end) < 0:
        return
    runs = _runs_of_ticks(text, start, end)
    last_comment_end = text.rfind("-->", start, end)
    while found := _MARK.search(text, start, end):
        mark, start = found.group(), found.end()
        if mark[0] == "`":
            same = runs[len(mark)]
            later = bisect_right(same, found.start())
            start = same[later] + len(mark) if later < len(same) else start
        elif mark == "<!--" and start <= last_comment_end:
            start = text.index("-->", start) + 3
        elif mark == "<span":
            tag = _TAG.match(text, found.start(), end)
            start = tag.end() if tag else start
            if _names_value(text, Span(found.start(), end), tag):
                yield found.start()


def _runs_of_ticks(text: str, start: int, end: int) -> dict[int, list[int]]:
    """Return where the runs of backticks of each length are."""
    runs: dict[int, list[int]] = defaultdict(list)
    for found in re.compile("`++").finditer(text, start, end):
        runs[len(found.group())].append(found.start())
    return runs


def _names_value(text: str, rest: Span, tag: re.Match[str] | None) -> bool:
    """Return whether a tag, or what looks like the start of one in its block, names a value."""
    if tag:
        return any(found["key"] == "data-value" for found in _ATTRIBUTE.finditer(tag.group(), 5))
    last = min(rest.end, rest.start + _MAX_TAG)
    ends = [end for mark in "<>" if (end := text.find(mark, rest.start + 1, last)) >= 0]
    return text.find("data-value", rest.start, min(ends, default=last)) >= 0


def _value(text: TextLines, rest: Span, after: int) -> Value:
    """Read the value whose tag starts at a span that extends to the end of its block.

    Raises:
        PostError: with the line at fault.
    """
    index = text.index_of(rest.start)
    tag = _TAG.match(text.text, rest.start, rest.end)
    found = _ATTRIBUTE.finditer(tag.group(), 5) if tag else ()
    attributes = {match["key"]: match["value"] for match in reversed([*found])}
    given, rich = (
        attributes.get("data-value"),
        "markdown" in (attributes.get("class") or "").split(),
    )
    pattern = _SHOWN_MARKDOWN if rich else _SHOWN
    shown = pattern.match(text.text, tag.end(), rest.end) if tag else None
    if shown is None or given is None:
        hint = 'write <span data-value="EXPRESSION">TEXT</span>, without tags inside'
        raise text.error(index, "this value cannot be read", hint)
    if TAG.search(given) and not text.in_liquid("raw", rest.start):
        hint = "write it without {{ and {%, or compute it in a cell"
        raise text.error(index, "Liquid would interpret the expression of this value", hint)
    expression = re.sub(r"\s*[\r\n][\s>]*", " ", unescape(given)).strip()
    if not expression:
        raise text.error(index, "this value has no expression")
    if after < 0:
        raise text.error(
            index,
            f"there is no cell above the value {expression!r}",
            "a value is computed after the last cell above it",
        )
    element = Span(rest.start, shown.end())
    return Value(expression, index + 1, Span(*shown.span("shown")), element, after, rich)
