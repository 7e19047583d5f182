"""The values in prose as downloads show them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from post_builder.document.post import Edit, Post

_MARKUP = re.compile(r"[\\`*\[\]<>$|{}&]|(?<!\w)_|_(?!\w)")
"""What Markdown would take for markup."""


def value_edits(post: Post) -> Iterator[Edit]:
    """Yield the text that takes the place of each value; a line of Markdown is HTML already."""
    for value in post.values:
        text = post.at(value.span)
        plain = text if value.markdown else _MARKUP.sub(_as_entity, unescape(text))
        yield value.element, plain


def _as_entity(match: re.Match[str]) -> str:
    """Return an entity, which is the same character in Markdown and within HTML."""
    return f"&#{ord(match.group())};"
