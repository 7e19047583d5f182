"""Drawings within HTML: images that hold them."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

from post_builder.errors import RenderError
from post_builder.rendering.figures.drawings.clean import clean_svg
from post_builder.rendering.markup.source import BARE_AMPERSAND

_INLINE = re.compile(r"<svg\b[^<>]*>(?:[^<]|<(?!/?svg\b))*</svg\s*>", re.IGNORECASE)
_ADDRESS = re.compile(
    r"data:image/svg\+xml((?:;[\w=.-]{1,60}){0,5}),([A-Za-z0-9%+/=]{9}[^\s\"'<>]*)", re.IGNORECASE
)
"""A drawing that the code itself has put into an address."""

_NAME = re.compile(r"""\bid=(["'])([^"'<>]+)\1""")
_USED = re.compile(r"""(\bhref=["']?#|\burl\(["']?#)([^"')<>]+)""")
_LENGTH = re.compile(r"""\s(width|height)=["'](\d{1,4}(?:\.\d{1,4})?)(?:px)?["']""")
_SAID = re.compile(r"<(title|text)\b[^<>]*>((?:[^<]|<(?!/\1))*)")
_UNSEEN = re.compile(r"<(defs|symbol|title|style)\b(?:[^<]|<(?!/?\1\b))*</\1\s*>", re.IGNORECASE)
_SEEN = re.compile(r"<(?:path|rect|circle|ellipse|line|polyline|polygon|text|image|use)\b")

_LEGIBLE = " !$'()*+,-./:;=?@_~"
"""Characters of an address in quotation marks that stay, so that texts can be compared."""


def with_drawings(text: str, scrub: Callable[[str], str]) -> str:
    """Replace the drawings in HTML by images that hold them; a page has no scripts or ids of them.

    So do drawings in addresses hold nothing that an image must not.
    A drawing that uses parts of another one, or shows nothing, stays for the cleaning to drop.

    Args:
        text: HTML of an output.
        scrub: takes out of a drawing what is only this machine's.
    """

    def image(match: re.Match[str]) -> str:
        drawing = _with_own_names(BARE_AMPERSAND.sub("&amp;", match.group()))
        own = {name for _, name in _NAME.findall(drawing)}
        if any(name not in own for _, name in _USED.findall(drawing)):
            return match.group()
        if not _SEEN.search(_UNSEEN.sub("", drawing)):
            return match.group()
        try:
            data = quote(clean_svg(scrub(drawing)), safe=_LEGIBLE)
        except RenderError:  # HTML allows in a drawing what an image must not contain
            return match.group()
        sides = "".join(
            f' {side}="{n}"' for side, n in _LENGTH.findall(drawing, 0, drawing.find(">"))
        )
        said = " ".join(" ".join(words.split()) for _, words in _SAID.findall(drawing))
        alt = html.escape(html.unescape(re.sub(r"<[^<>]*>", "", said)).strip())
        return f'<img src="data:image/svg+xml,{data}" alt="{alt}"{sides}>'

    def address(match: re.Match[str]) -> str:
        try:
            drawing = _decoded(match[1], match[2])
            return f"data:image/svg+xml,{quote(clean_svg(scrub(drawing)), safe=_LEGIBLE)}"
        except (RenderError, ValueError):  # no browser shows it either
            return "data:,"

    return _INLINE.sub(image, _ADDRESS.sub(address, text))


def _decoded(parameters: str, content: str) -> str:
    """Return the drawing in an address.

    Raises:
        ValueError: if it is not Base64, or not UTF-8.
    """
    text = unquote(html.unescape(content), errors="strict")
    return base64.b64decode(text).decode() if parameters.lower().endswith(";base64") else text


def _with_own_names(drawing: str) -> str:
    """Number the ids of a drawing: many are random."""
    numbers = {name: f"n{number}" for number, (_, name) in enumerate(_NAME.findall(drawing))}
    drawing = _NAME.sub(lambda match: f'id="{numbers[match[2]]}"', drawing)
    return _USED.sub(lambda match: match[1] + numbers.get(match[2], match[2]), drawing)
