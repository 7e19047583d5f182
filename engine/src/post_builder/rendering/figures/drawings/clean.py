"""Cleaning drawings: what the policy names stays, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from xml.etree import ElementTree as ET
from xml.parsers import expat

from msgspec import Struct, field

from post_builder.errors import RenderError
from post_builder.rendering.figures.drawings import policy

_MAX_DEPTH = 250


class _RootError(Exception):
    """The root of a document was reached."""


class _Inspector(Struct):
    """Reads a drawing and notes whether anything in it has to go."""

    harmful: bool = False
    depth: int = 0
    in_style: bool = False
    style: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if not self.depth and name != f"{policy.SVG}}}svg":
            raise RenderError(f"a drawing is not SVG: its root is <{name.rpartition('}')[2]}>")
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise RenderError("a drawing is too deeply nested")
        self.harmful |= self.in_style  # browsers read what is around an element as one style
        self.in_style = name == f"{policy.SVG}}}style"
        if not _is_kept(name, attributes) or not all(
            _may_have(name, key, value) for key, value in attributes.items()
        ):
            self.harmful = True

    def end(self, _: str) -> None:
        self.depth -= 1
        if self.in_style:
            self.in_style = False
            self.harmful |= policy.may_load("".join(self.style))
            self.style.clear()

    def text(self, text: str) -> None:
        if self.in_style:
            self.style.append(text)

    def declaration(self, _: str, encoding: str | None, __: int) -> None:
        """Note an encoding that the file will not have: browsers would believe it."""
        self.harmful |= (encoding or "utf-8").lower() not in {"utf-8", "us-ascii"}

    def other(self, *_: object) -> None:
        """Note a processing instruction, which may be a style sheet, or a declaration."""
        self.harmful = True


@lru_cache(maxsize=64)  # of `watch`: most figures are as in the build before
def clean_svg(text: str) -> str:
    """Return a drawing without what its policy does not name: scripts, handlers, what loads.

    A drawing that has none of these stays as it is.

    Raises:
        RenderError: if its root is not `svg`, or it is not well-formed, with the line.
    """
    inspector = _Inspector()
    parser = expat.ParserCreate("utf-8", namespace_separator="}")
    parser.StartElementHandler = inspector.start
    parser.EndElementHandler = inspector.end
    parser.CharacterDataHandler = inspector.text
    parser.XmlDeclHandler = inspector.declaration
    parser.ProcessingInstructionHandler = inspector.other
    parser.EntityDeclHandler = inspector.other
    parser.AttlistDeclHandler = inspector.other
    try:
        text = _with_namespaces(text)
        parser.Parse(text.encode(), True)  # noqa: FBT003  # expat's own signature
    except expat.ExpatError as error:
        problem = f"{expat.ErrorString(error.code)}, line {error.lineno}"
        raise RenderError(f"a drawing is not well-formed SVG: {problem}") from error
    return _without_harm(text) if inspector.harmful else text


def _with_namespaces(text: str) -> str:
    """Add the namespaces that a drawing within a page can do without, and a file cannot.

    Raises:
        RenderError: if the root is not `svg`.
        expat.ExpatError: if what is in front of the root is not XML.
    """
    data = text.encode()
    name, attributes, position = _root(data)
    if name.rpartition(":")[2] != "svg":
        raise RenderError("a drawing is not SVG: it has no <svg>")
    prefix = name.removesuffix("svg").rstrip(":")
    own = f"xmlns:{prefix}" if prefix else "xmlns"
    missing = "" if own in attributes else f' {own}="{policy.SVG}"'
    if "xlink:" in text and "xmlns:xlink" not in text:
        missing += f' xmlns:xlink="{policy.XLINK}"'
    after = position + len(f"<{name}".encode())
    return (data[:after] + missing.encode() + data[after:]).decode()


def _root(data: bytes) -> tuple[str, Mapping[str, str], int]:
    """Return the name, the attributes and the position in bytes of the root of a document."""
    found: list[tuple[str, Mapping[str, str], int]] = []
    parser = expat.ParserCreate("utf-8")

    def start(name: str, attributes: Mapping[str, str]) -> None:
        found.append((name, attributes, parser.CurrentByteIndex))
        raise _RootError

    parser.StartElementHandler = start
    try:
        parser.Parse(data, True)  # noqa: FBT003  # expat's own signature
    except _RootError:
        return found[0]
    raise AssertionError("a document without a root is not well-formed")


def _without_harm(text: str) -> str:
    ET.register_namespace("", policy.SVG)
    ET.register_namespace("xlink", policy.XLINK)
    root = ET.fromstring(text.encode(), ET.XMLParser(encoding="utf-8"))  # noqa: S314  # expat bounds what entities expand to
    for parent in root.iter():
        parent[:] = [child for child in parent if _is_kept(child.tag, child.attrib)]
        for key, value in list(parent.attrib.items()):
            if not _may_have(parent.tag, key, value):
                del parent.attrib[key]
        if parent.tag == f"{{{policy.SVG}}}style" and (
            len(parent) or policy.may_load(parent.text or "")
        ):
            parent[:] = []
            parent.text = ""
    return ET.tostring(root, encoding="unicode")


def _split(name: str) -> tuple[str, str]:
    """Return the namespace and the name of an element or an attribute."""
    namespace, _, local = name.lstrip("{").rpartition("}")
    return namespace, local


def _is_kept(name: str, attributes: Mapping[str, str]) -> bool:
    namespace, local = _split(name)
    if namespace != policy.SVG:
        return namespace in policy.DESCRIPTIONS
    if local in policy.ANIMATIONS and "attributeName" in attributes:
        return attributes["attributeName"].strip() in policy.ANIMATED
    return local in policy.ELEMENTS


def _may_have(element: str, key: str, value: str) -> bool:
    """Return whether an element may have an attribute with a value."""
    namespace, attribute = _split(key)
    if namespace in policy.DESCRIPTIONS or _split(element)[0] in policy.DESCRIPTIONS:
        return not namespace or namespace in policy.DESCRIPTIONS or namespace == policy.XML
    if namespace:
        if attribute not in policy.ATTRIBUTES_OF.get(namespace, ()):
            return False
    elif attribute.startswith(("aria-", "data-")):
        return True
    elif attribute not in policy.ATTRIBUTES:
        return False
    if attribute == "href":
        return _allowed_addresses(element).match(value) is not None
    return attribute in policy.PLAIN or not policy.may_load(value)


def _allowed_addresses(element: str) -> re.Pattern[str]:
    local = _split(element)[1]
    if local == "a":
        return policy.LINK
    return policy.EMBEDDED if local in {"image", "feImage"} else policy.WITHIN
