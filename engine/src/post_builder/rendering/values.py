"""The text of values in prose."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from post_builder.rendering.markup.block import (
    CLOSE,
    ENTITIES,
    MARKS,
    OPEN,
    inline_html,
    site_address,
)
from post_builder.rendering.markup.sanitise import clean_inline, tokens
from post_builder.rendering.text.terminal import without_controls

_SPECIAL = re.compile(r"[^\w .,%+/:;=()-]|_|\.{2,}|-{2,}| (?= )|^ | $")
"""What Markdown might interpret as markup, or its typography rewrite."""

_EMBEDDING_END, _ISOLATE_END = "\u202c", "\u2069"
_ENDS = dict.fromkeys("\u202a\u202b\u202d\u202e", _EMBEDDING_END) | dict.fromkeys(
    "\u2066\u2067\u2068", _ISOLATE_END
)
"""What ends a direction of writing, by what begins it (Unicode Standard Annex 9)."""

_MAX_DEPTH = 125
"""Directions within one another; browsers know no more."""

_STACK = re.compile(rf"({MARKS}{{8}}){MARKS}+")
"""More marks on one letter than any language has: they would cover the lines above."""

_TAG = re.compile(r"<[^<>]*>")
_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")


def escape_value(text: str) -> str:
    """Escape a value so that kramdown shows exactly that text within a paragraph."""
    return "".join(_SPECIAL.sub(_entities, piece) for piece in _contained([without_controls(text)]))


def markdown_value(text: str) -> str:
    """Turn a value that is a line of Markdown into HTML that kramdown leaves as it is."""
    pairs = tokens(clean_inline(inline_html(without_controls(text))))
    words = _contained(html.unescape(words) for words, _ in pairs)
    tags = [_MARKED.sub(lambda m: site_address(m[1]), tag.translate(ENTITIES)) for _, tag in pairs]
    pieces = zip(words, [*tags, ""], strict=True)
    return "".join(_SPECIAL.sub(_entities, text) + tag for text, tag in pieces)


def is_written(text: str, *, markdown: bool) -> bool:
    """Return whether all words of a published value are escaped as builds do it.

    Args:
        text: as it is in the post, without white space around it.
        markdown: whether it may have tags, which a rerun compares.
    """
    words = _TAG.split(text) if markdown else [text]
    return all(_SPECIAL.sub(_entities, html.unescape(word)) == word for word in words)


def _contained(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the pieces of a text and an end for what it leaves open: prose follows in its line."""
    waiting: list[str] = []
    for piece in pieces:
        kept = []
        for char in _STACK.sub(r"\1", piece):
            if char in _ENDS:
                if len(waiting) == _MAX_DEPTH:
                    continue
                waiting.append(_ENDS[char])
            elif char in _ENDS.values() and not _is_ended(waiting, char):
                continue  # it would end what the prose began
            kept.append(char)
        yield "".join(kept)
    yield "".join(reversed(waiting))


def _is_ended(waiting: list[str], end: str) -> bool:
    """Take the ends that a character stands for from those that are waited for, if it is one."""
    if end not in waiting or (end == _EMBEDDING_END and waiting[-1] != end):
        return False
    while waiting.pop() != end:
        pass
    return True


def _entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found.group())
