"""Writing the words of figures anew: alternative texts, captions and numbers in an output."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from post_builder.document.figure_tag import (
    TAG,
    FigureTag,
    described,
    parse_figure_tag,
    texts_of,
)
from post_builder.document.post import Cell
from post_builder.rendering.markup.block import attribute, figcaption, page_title

_OPENING = re.compile(
    r'^<figure(?: markdown="0")? class="output (?P<kind>[\w -]+)"[^>]*>', re.MULTILINE
)
"""The start of a figure that is HTML: a chart, a page in a frame, or markup with files."""

_TAGS = re.compile(r"<(?P<end>/?)figure\b")
_CAPTION_OF_SCRIPT = re.compile(r"(?:<figcaption>.*?</figcaption>)?(?=<script src=)", re.DOTALL)
_CAPTION_AT_END = re.compile(r"(?:<figcaption>(?:(?!<figcaption>).)*</figcaption>)?\Z", re.DOTALL)
_LABEL = re.compile(r' aria-label="[^"]*"')
_TITLE = re.compile(r' title="[^"]*"')
_INSTEAD = re.compile(r"<p>.*?</p>", re.DOTALL)


class _Part(Struct, frozen=True):
    """A figure in an output."""

    start: int
    end: int
    kind: str
    """`tag` for an image; else the class of its block."""

    @property
    def is_numbered(self) -> bool:
        return self.kind in {"tag", "chart"}


def has_figures(content: str) -> bool:
    """Return whether an output shows figures for which readers need a text."""
    return any(part.is_numbered for part in _parts(content))


def with_words(content: str, cell: Cell, show: Callable[[FigureTag], str]) -> str:
    """Return an output whose figures have the alternative text and caption of their cell.

    Args:
        content: of an output region, as a build wrote it.
        cell: with its options as they are now.
        show: writes an image.
    """
    parts = list(_parts(content))
    count = sum(part.is_numbered for part in parts)
    numbers, number = [], 0
    for part in parts:
        number += part.is_numbered
        numbers.append(number)
    for part, number in reversed(list(zip(parts, numbers, strict=True))):
        text = content[part.start : part.end]
        if part.kind == "tag":
            new = show(_described(text, cell, number, count))
        else:
            new = _new(text, part.kind, cell, number, count)
        content = f"{content[: part.start]}{new}{content[part.end :]}"
    return content


def _parts(content: str) -> Iterator[_Part]:
    """Yield the figures of an output, in order."""
    found = [_Part(*match.span(), "tag") for match in TAG.finditer(content)]
    end = 0
    for opening in _OPENING.finditer(content):
        if opening.start() >= end:
            end = _end(content, opening.end())
            found.append(_Part(opening.start(), end, opening["kind"]))
    yield from sorted(found, key=lambda part: part.start)


def _end(content: str, position: int) -> int:
    """Return where a figure ends, which may hold others."""
    depth = 1
    for tag in _TAGS.finditer(content, position):
        depth += -1 if tag["end"] else 1
        if depth == 0:
            return tag.end() + 1
    return len(content)


def _described(text: str, cell: Cell, number: int, count: int) -> FigureTag:
    match = TAG.match(text)
    assert match is not None  # noqa: S101  # it was found so
    alt, caption = cell.options.alt or "", cell.options.caption or ""
    return described(parse_figure_tag(match), alt, caption, number, count)


def _new(text: str, kind: str, cell: Cell, number: int, count: int) -> str:
    alt, caption = cell.options.alt or "", cell.options.caption or ""
    if kind == "chart":
        words, caption = texts_of(alt, caption, number, count)
        label = attribute(words)
        text = _LABEL.sub(lambda _: f' aria-label="{label}"', text, count=1)
        text = _INSTEAD.sub(lambda _: f"<p>{label}</p>", text, count=1)
        return _CAPTION_OF_SCRIPT.sub(lambda _: figcaption(caption), text, count=1)
    if kind == "page":
        text = _TITLE.sub(lambda _: f' title="{page_title(cell)}"', text, count=1)
        return _CAPTION_OF_SCRIPT.sub(lambda _: figcaption(caption), text, count=1)
    opening, inner = text.split(">", 1)
    label = f' aria-label="{attribute(alt)}"' if alt else ""
    opening = re.sub(
        r'(?<=")(?: aria-label="[^"]*")?(?= style=|$)', lambda _: label, opening, count=1
    )
    inner = _CAPTION_AT_END.sub(
        lambda _: figcaption(caption), inner.removesuffix("</figure>"), count=1
    )
    return f"{opening}>{inner}</figure>"
