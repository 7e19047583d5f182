"""Which attributes elements of an output may have, with which values."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection
from html import escape
from urllib.parse import quote, urlsplit

from msgspec import Struct, field

from post_builder.rendering.figures.media import SUFFIXES
from post_builder.rendering.markup import policy
from post_builder.rendering.markup.block import CLOSE, OPEN
from post_builder.rendering.markup.source import STASH, Embedded
from post_builder.rendering.markup.styles import filter_style

_IGNORED_BY_BROWSERS = re.compile(r"[\x00-\x20]+\Z|\A[\x00-\x20]+|[\t\n\r]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:")
_SHOWN_IMAGES = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif|bmp|svg\+xml|x-icon)[;,]")
_INDEX = re.compile(r"[0-9]{1,7}")
_LENGTH = re.compile(r"\d{1,4}(?:\.\d{1,4})?(?:px|%|em)?")
_WORDS = re.compile(r"[\w#%., +-]{0,80}")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


class Filter(Struct):
    """Decides on the attributes of one output."""

    files: tuple[Embedded, ...]
    image_hosts: Collection[str]
    attachments: list[Embedded] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def __call__(self, element: str, attribute: str, value: str) -> str | None:
        """Return the value that an attribute of an element may have."""
        if attribute in {"href", "src"}:
            return self._address(element, _IGNORED_BY_BROWSERS.sub("", value))
        if attribute == "style":
            return filter_style(value)
        if attribute == "class":
            return " ".join(name for name in value.split() if name in policy.CLASSES) or None
        return value if _is_allowed(element, attribute, value) else None

    def _address(self, element: str, address: str) -> str | None:
        if address.startswith(STASH):
            return self._embedded(element, address.removeprefix(STASH))
        if _SHOWN_IMAGES.match(address):
            return address if element == "img" else None
        if _SCHEME.match(address) or re.match(r"[/\\]{2}", address):
            return self._on_another_host(element, address)
        if element == "a" and address.startswith("#"):
            return address
        return _on_this_site(address)

    def _embedded(self, element: str, number: str) -> str | None:
        index = int(number) if _INDEX.fullmatch(number) else len(self.files)
        if index >= len(self.files):
            return None
        file = self.files[index]
        if element == "img":
            return file.image_address() if _SHOWN_IMAGES.match(file.address) else None
        if element == "a" or file.kind not in SUFFIXES:
            return None
        self.attachments.append(file)
        return f"{OPEN}{len(self.attachments) - 1}{CLOSE}"

    def _on_another_host(self, element: str, address: str) -> str | None:
        scheme = _SCHEME.match(address)
        full = address if scheme else f"https:{address}"
        if not (scheme or _is_address(full)):
            return None
        host = _host(full)
        if element == "a":
            return full if not scheme or scheme[0][:-1].lower() in policy.LINK_SCHEMES else None
        if element == "img" and host in self.image_hosts and full.lower().startswith("https:"):
            return full
        self.dropped.append(f"what would be loaded from {host or 'elsewhere'}")
        return None


def _host(address: str) -> str:
    """Return the host of an address; empty if it has none."""
    try:
        return urlsplit(address.replace("\\", "/")).hostname or ""
    except ValueError:
        return ""


def _is_address(text: str) -> bool:
    """Return whether the cleaner takes a text for one; what begins with `//` it did not look at."""
    import nh3  # noqa: PLC0415  # as above

    return "href" in nh3.clean(f'<a href="{escape(text)}"></a>', url_schemes={"https"})


def _is_allowed(element: str, attribute: str, value: str) -> bool:
    """Return whether an attribute may have a value; those with a text may have any."""
    if attribute in {"alt", "title", "aria-label", "abbr", "rel", "type"}:
        return True
    if attribute == "xmlns":
        return value == "http://www.w3.org/1998/Math/MathML"
    pattern = _WORDS
    if element in policy.MATH_ELEMENTS and attribute in policy.MATH_LENGTHS:
        pattern = policy.MATH_LENGTH
    elif attribute in {"width", "height"}:
        pattern = _LENGTH
    return pattern.fullmatch(value.strip()) is not None


def _on_this_site(address: str) -> str | None:
    """Mark an address within the site, from whose root all code runs."""
    path, mark, rest = (*re.split(r"([?#])", address, maxsplit=1), "", "")[:3]
    if not path:
        return None
    whole = posixpath.normpath(f"/{path.replace(chr(92), '/')}").replace("//", "/")
    whole += "/" if path.endswith("/") and whole != "/" else ""
    quoted = quote(f"{whole}{mark}{rest}", safe="/:@!$&()*+,;=%~-._?#")
    return f"{OPEN}{_STRAY_PERCENT.sub('%25', quoted)}{CLOSE}"
