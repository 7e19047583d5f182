"""The Liquid in a text, as Liquid's own tokenizer finds it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from post_builder.document.liquid import TAG
from post_builder.document.post import Span

_INSIDE_TAG = re.compile(r"-?\s*(?P<name>\w*)\s*(?P<arguments>.*?)\s*-?", re.DOTALL)
_CLOSING = {"{%": "%}", "{{": "}}"}
_LITERAL = {"raw", "comment"}
"""Blocks whose content is not interpreted."""


class LiquidPart(Struct, frozen=True):
    """A tag or an output of Liquid."""

    kind: Literal["tag", "output", "raw", "comment"]
    """A `raw` or `comment` block is one part, from its tag to its end tag."""
    span: Span
    name: str
    """Of a tag; empty for an output."""
    arguments: str
    """What follows the name; the expression of an output."""
    content: Span
    """What a `raw` or `comment` block holds; empty for others."""


def liquid_parts(text: str, start: int = 0) -> Iterator[LiquidPart]:
    """Yield the Liquid of a text from an offset on; what is never closed is text."""
    position, missing = start, set[str]()
    while found := TAG.search(text, position):
        closing = _CLOSING[found.group()]
        end = -1 if closing in missing else text.find(closing, found.end())
        if end < 0:
            missing.add(closing)
            position = found.end()
            continue
        part = _part(text, found, end)
        yield part
        position = part.span.end


def _part(text: str, opening: re.Match[str], end: int) -> LiquidPart:
    inside, after = text[opening.end() : end], end + len("%}")
    if opening.group() == "{{":
        expression = inside.removeprefix("-").removesuffix("-").strip()
        return LiquidPart(
            "output", Span(opening.start(), after), "", expression, Span(after, after)
        )
    words = _INSIDE_TAG.fullmatch(inside)
    name, arguments = (words["name"], words["arguments"]) if words else ("", "")
    if name not in _LITERAL:
        span = Span(opening.start(), after)
        return LiquidPart("tag", span, name, arguments, Span(after, after))
    closing = re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}").search(text, after)
    first, last = closing.span() if closing else (len(text), len(text))
    kind: Literal["raw", "comment"] = "raw" if name == "raw" else "comment"
    return LiquidPart(kind, Span(opening.start(), last), name, arguments, Span(after, first))
