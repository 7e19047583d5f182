"""Drawings as files, and as images within HTML: nothing in them may run, or load from elsewhere."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from urllib.parse import quote
from xml.etree import ElementTree as ET
from xml.parsers import expat

from msgspec import Struct, field

from post_builder.errors import RenderError
from post_builder.rendering.markup.source import BARE_AMPERSAND

_SVG = "http://www.w3.org/2000/svg"
_XHTML = "http://www.w3.org/1999/xhtml"
_XLINK = "http://www.w3.org/1999/xlink"

_DROPPED = frozenset({"script", "handler", "listener", "foreignObject", "iframe", "discard"})
"""Elements that run something or hold what is not a drawing."""

_ANIMATED = frozenset({"animate", "set", "animateTransform", "animateMotion", "animateColor"})
_LINK = re.compile(r"\s*(?:#|data:image/|https?://|mailto:|[\w./-]*(?:[?#]|\Z))", re.IGNORECASE)
_LOADED = re.compile(r"\s*(?:#|data:image/)", re.IGNORECASE)
_OTHER_URL = re.compile(
    r"@import|expression|\\|url\(\s*[\"']?(?!\s*[\"']?(?:#|data:(?:image|font)/))", re.IGNORECASE
)
_INLINE = re.compile(r"<svg\b[^<>]*>(?:[^<]|<(?!/?svg\b))*</svg\s*>", re.IGNORECASE)
_NAME = re.compile(r"""\bid=(["'])([^"'<>]+)\1""")
_USED = re.compile(r"""(\bhref=["']?#|\burl\(["']?#)([^"')<>]+)""")
_LENGTH = re.compile(r"""\s(width|height)=["'](\d{1,4}(?:\.\d{1,4})?)(?:px)?["']""")
_SAID = re.compile(r"<(title|text)\b[^<>]*>((?:[^<]|<(?!/\1))*)")
_UNSEEN = re.compile(r"<(defs|symbol|title|style)\b(?:[^<]|<(?!/?\1\b))*</\1\s*>", re.IGNORECASE)
_SEEN = re.compile(r"<(?:path|rect|circle|ellipse|line|polyline|polygon|text|image|use)\b")

_LEGIBLE = " !$'()*+,-./:;=?@_~"
"""Characters of an address in quotation marks that stay, so that texts can be compared."""

_ROOT = re.compile(r"<svg(?=[\s/>])[^<>]*>")
_MAX_DEPTH = 250


class _Inspector(Struct):
    """Reads a drawing and notes whether anything in it has to go."""

    harmful: bool = False
    depth: int = 0
    in_style: bool = False
    style: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise RenderError("a drawing is too deeply nested")
        self.in_style = _local(name) == "style"
        if _is_dropped(name, attributes) or any(
            _is_harmful(name, key, value) for key, value in attributes.items()
        ):
            self.harmful = True

    def end(self, name: str) -> None:
        self.depth -= 1
        if _local(name) == "style":
            self.in_style = False
            self.harmful |= bool(_OTHER_URL.search("".join(self.style)))
            self.style.clear()

    def text(self, text: str) -> None:
        if self.in_style:
            self.style.append(text)

    def other(self, *_: object) -> None:
        """Note a processing instruction, which may be a style sheet, or a declaration."""
        self.harmful = True


@lru_cache(maxsize=64)  # of `watch`: most figures are as in the build before
def clean_svg(text: str) -> str:
    """Return a drawing without scripts, handlers and what loads from elsewhere.

    A drawing that has none of these stays as it is.

    Raises:
        RenderError: if it is not well-formed, with the line.
    """
    text = _with_namespaces(text)
    inspector = _Inspector()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.StartElementHandler = inspector.start
    parser.EndElementHandler = inspector.end
    parser.CharacterDataHandler = inspector.text
    parser.ProcessingInstructionHandler = inspector.other
    parser.EntityDeclHandler = inspector.other
    parser.AttlistDeclHandler = inspector.other
    try:
        parser.Parse(text.encode(), True)  # noqa: FBT003  # expat's own signature
    except expat.ExpatError as error:
        problem = f"{expat.ErrorString(error.code)}, line {error.lineno}"
        raise RenderError(f"a drawing is not well-formed SVG: {problem}") from error
    return _without_harm(text) if inspector.harmful else text


def _with_namespaces(text: str) -> str:
    """Add the namespaces that a drawing within a page can do without, and a file cannot."""
    root = _ROOT.search(text)
    if root is None and "<svg:svg" in text:
        return text
    if root is None:
        raise RenderError("a drawing is not SVG: it has no <svg>")
    missing = "" if re.search(r"\sxmlns\s*=", root.group()) else f' xmlns="{_SVG}"'
    if "xlink:" in text and "xmlns:xlink" not in text:
        missing += f' xmlns:xlink="{_XLINK}"'
    position = root.start() + len("<svg")
    return f"{text[:position]}{missing}{text[position:]}"


def with_drawings(text: str, scrub: Callable[[str], str]) -> str:
    """Replace the drawings in HTML by images that hold them; a page has no scripts or ids of them.

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

    return _INLINE.sub(image, text)


def _with_own_names(drawing: str) -> str:
    """Number the ids of a drawing: many are random."""
    numbers = {name: f"n{number}" for number, (_, name) in enumerate(_NAME.findall(drawing))}
    drawing = _NAME.sub(lambda match: f'id="{numbers[match[2]]}"', drawing)
    return _USED.sub(lambda match: match[1] + numbers.get(match[2], match[2]), drawing)


def _without_harm(text: str) -> str:
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(text.encode())  # noqa: S314  # expat bounds what entities expand to
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or _is_dropped(child.tag, child.attrib):
                parent.remove(child)
        for key in [k for k, value in parent.attrib.items() if _is_harmful(parent.tag, k, value)]:
            del parent.attrib[key]
        if _local(parent.tag) == "style" and _OTHER_URL.search("".join(parent.itertext())):
            parent.text = ""
    return ET.tostring(root, encoding="unicode")


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _is_dropped(name: str, attributes: Mapping[str, str]) -> bool:
    animates = _local(name) in _ANIMATED and any(
        "href" in value or value.strip().lower().startswith("on")
        for key, value in attributes.items()
        if _local(key) == "attributeName"
    )
    return _local(name) in _DROPPED or name.lstrip("{").startswith(_XHTML) or animates


def _is_harmful(element: str, key: str, value: str) -> bool:
    """Return whether an attribute runs something or loads from elsewhere."""
    attribute = _local(key).lower()
    if attribute.startswith("on"):
        return True
    if attribute in {"href", "src", "base"}:
        allowed = _LINK if _local(element) == "a" else _LOADED
        return not allowed.match(value)
    return (
        bool(_OTHER_URL.search(value)) if "url" in value.lower() or attribute == "style" else False
    )
