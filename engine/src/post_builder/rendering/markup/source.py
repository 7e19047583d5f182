"""An HTML output in parts: markup, style sheets, scripts and embedded files.

Only the markup is parsed, and only if that takes bounded time. Scripts are read in no case; a few
libraries keep in them what can be shown otherwise.
"""

from __future__ import annotations

import base64
import binascii
import re
import struct
from collections import Counter

from msgspec import Struct

from post_builder.rendering.figures.metadata import without_metadata
from post_builder.rendering.text.terminal import without_controls

_OPENING = re.compile(r"<(script|style)\b", re.IGNORECASE | re.ASCII)
_CLOSING = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE | re.ASCII) for name in ("script", "style")
}
_EMBEDDED = re.compile(
    r"data:([\w.+-]{1,40}/[\w.+-]{1,80})(?:;[\w=.-]{1,60}){0,5};base64,"
    r"([A-Za-z0-9+/=]+(?:\n[A-Za-z0-9+/=]{60,})*)"
)
BARE_AMPERSAND = re.compile(r"&(?![#A-Za-z])")
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})")

_NEVER_OPEN = frozenset(
    (
        *("area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link"),
        *("meta", "option", "p", "param", "source", "tbody", "td", "tfoot", "th", "thead", "tr"),
        *("track", "wbr"),
    )
)
"""Elements that end without an end tag, so that a missing one nests nothing."""

_MAX_LENGTH = 1_000_000
_MAX_AMPERSANDS = 50_000
_MAX_WORDS = 20_000
_MAX_WORK = 2_000_000
"""Sum over all tags of how deep each one is nested."""

STASH = "data:stash,"
"""How the address of an embedded file begins while the markup is cleaned."""


class NotShownError(Exception):
    """An output that cannot be shown in one of its forms; the message says why."""


class Embedded(Struct, frozen=True):
    """A file within an address."""

    kind: str
    """MIME type."""
    address: str
    """The whole `data:` address."""

    def data(self) -> bytes:
        """Return the content of the file.

        Raises:
            NotShownError: if it is not Base64.
        """
        try:
            return base64.b64decode(self.address.partition(",")[2], validate=False)
        except binascii.Error as error:
            raise NotShownError(f"an embedded {self.kind} is not Base64: {error}") from error

    def image_address(self) -> str | None:
        """Return the address of an image without what it says about its maker; None if broken."""
        try:
            data = self.data()
            plain = without_metadata(data)
        except (NotShownError, struct.error, IndexError, ValueError, OSError):
            return None
        if plain == data:
            return self.address
        return f"data:{self.kind};base64,{base64.b64encode(plain).decode()}"


class Source(Struct, frozen=True):
    """An HTML output in parts."""

    markup: str
    """Without scripts and style sheets; embedded files have short addresses."""
    styles: str
    scripts: str
    files: tuple[Embedded, ...]


def read_source(text: str) -> Source:
    """Take an HTML output apart.

    Raises:
        NotShownError: if its markup is too long or too deeply nested.
    """
    text = without_controls(re.sub(r"\r\n?", "\n", text))
    pieces: dict[str, list[str]] = {"script": [], "style": []}
    files: list[Embedded] = []

    def stash(match: re.Match[str]) -> str:
        files.append(Embedded(match[1].lower(), match.group().replace("\n", "")))
        return f"{STASH}{len(files) - 1}"

    markup = _EMBEDDED.sub(stash, _cut(text, pieces))
    markup = BARE_AMPERSAND.sub("&amp;", markup)
    _refuse_unbounded(markup)
    return Source(markup, "\n".join(pieces["style"]), "\n".join(pieces["script"]), tuple(files))


def _cut(text: str, pieces: dict[str, list[str]]) -> str:
    """Cut scripts and style sheets out of a text, and collect their contents.

    Style sheets of data frames, which are `scoped`, are left out: pages style all tables alike.
    """
    kept = []
    position = 0
    while opening := _OPENING.search(text, position):
        kept.append(f"{text[position : opening.start()]}<!---->")  # keeps apart what surrounds it
        name = opening[1].lower()
        closing = _CLOSING[name].search(text, opening.end())
        end = closing.start() if closing else len(text)
        start = max(text.find(">", opening.end(), end), opening.end() - 1) + 1
        if name == "script" or "scoped" not in text[opening.end() : start]:
            pieces[name].append(text[start:end])
        after = text.find(">", end)
        position = after + 1 if closing and after >= 0 else len(text)
    return "".join([*kept, text[position:]])


def _refuse_unbounded(markup: str) -> None:
    """Refuse markup for which a parser would need much more time than its length suggests."""
    if len(markup) > _MAX_LENGTH:
        raise NotShownError(f"its HTML has {len(markup):,} characters")
    many_words = any(len(piece.split()) > _MAX_WORDS for piece in markup.split("<"))
    if markup.count("&") > _MAX_AMPERSANDS or many_words:
        raise NotShownError("its HTML takes too long to read")
    depths: Counter[str] = Counter()
    depth = work = 0
    for closes, written in _TAG.findall(markup):
        name = written.lower()
        if closes and depths[name]:
            depths[name] -= 1
            depth -= 1
        elif not closes and name not in _NEVER_OPEN:
            depths[name] += 1
            depth += 1
        work += depth
    if work > _MAX_WORK:
        raise NotShownError("its HTML is too deeply nested")
