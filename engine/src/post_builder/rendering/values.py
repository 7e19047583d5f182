"""The text of values in prose."""

from __future__ import annotations

import html
import re

from post_builder.rendering.markup.block import CLOSE, ENTITIES, OPEN, inline_html, site_address
from post_builder.rendering.markup.sanitise import clean_inline, tokens
from post_builder.rendering.text.terminal import without_controls

_SPECIAL = re.compile(r"[^\w .,%+/:;=()-]|_|\.{2,}|-{2,}| (?= )|^ | $")
"""What Markdown might interpret as markup, or its typography rewrite."""

_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")


def escape_value(text: str) -> str:
    """Escape a value so that kramdown shows exactly that text within a paragraph."""
    text = without_controls(text)
    return _SPECIAL.sub(_entities, text)


def markdown_value(text: str) -> str:
    """Turn a value that is a line of Markdown into HTML that kramdown leaves as it is."""
    pieces = []
    for words, tag in tokens(clean_inline(inline_html(without_controls(text)))):
        pieces.append(_SPECIAL.sub(_entities, html.unescape(words)))
        pieces.append(_MARKED.sub(lambda mark: site_address(mark[1]), tag.translate(ENTITIES)))
    return "".join(pieces)


def _entities(found: re.Match[str]) -> str:
    return "".join(f"&#{ord(character)};" for character in found.group())
