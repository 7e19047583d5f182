"""Cleaning HTML: what the policy names stays, and nothing else.

nh3 parses as browsers do, so that what it sees is what they would see.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct

from post_builder.rendering.markup import policy
from post_builder.rendering.markup.attributes import Filter
from post_builder.rendering.markup.block import CLOSE, OPEN
from post_builder.rendering.markup.source import Embedded, NotShownError, Source
from post_builder.rendering.markup.styles import put_inline

if TYPE_CHECKING:
    import nh3

_FRAMES = re.compile(
    r"<(iframe|object|embed|applet|form|input|button|select|textarea|svg|canvas|link|meta|base"
    r"|frame|portal|template)\b",
    re.IGNORECASE,
)
_VISIBLE = re.compile(r"<(?:img|audio|video|hr|math|meter|progress)\b")
_TAG = re.compile(r"(<(?:[^\">]|\"[^\"]*\")*>)")
_TRAILING = re.compile(r"(?m)(?<![ \t])[ \t]+$")
_MAX_READINGS = 9
"""How often HTML is read; what people write needs two or three."""


class Cleaned(Struct, frozen=True):
    """HTML that may be on a page, but for the addresses of files, which are marked."""

    html: str
    attachments: tuple[Embedded, ...] = ()
    """Sounds and films that belong into files; markers hold their positions."""
    dropped: tuple[str, ...] = ()
    """What is not shown, as a note says it."""

    @property
    def visible(self) -> bool:
        """Whether readers see any of it."""
        pieces = tokens(self.html)
        texts = "".join(text for text, _ in pieces).replace("&nbsp;", " ")
        return bool(texts.strip()) or any(_VISIBLE.match(tag) for _, tag in pieces)


def player(file: Embedded) -> Cleaned:
    """Return the player of a sound or a film."""
    element = file.kind.partition("/")[0]
    return Cleaned(f'<{element} controls="" src="{OPEN}0{CLOSE}"></{element}>', (file,))


def clean(source: Source, image_hosts: Collection[str] = ()) -> Cleaned:
    """Clean an HTML output.

    Args:
        source: its parts.
        image_hosts: from which pages may load images.

    Raises:
        NotShownError: if it says something else each time that it is read.
    """
    markup = put_inline(source.markup, source.styles) if source.styles else source.markup
    attributes = Filter(source.files, image_hosts)
    html = _settled(_cleaner(attributes).clean(markup)).strip()
    frames = {f"<{name.lower()}>" for name in _FRAMES.findall(source.markup)}
    scripts = {"scripts"} if source.scripts.strip() else set()
    dropped = (*sorted(scripts), *sorted(frames), *dict.fromkeys(attributes.dropped))
    return Cleaned(html, tuple(attributes.attachments), dropped)


def _cleaner(attributes: Filter | None) -> nh3.Cleaner:
    import nh3  # noqa: PLC0415  # only HTML outputs need it

    return nh3.Cleaner(
        tags=set(policy.ELEMENTS),
        clean_content_tags=set(policy.DROPPED_WITH_CONTENT),
        attributes=policy.ATTRIBUTES,
        attribute_filter=attributes,
        url_schemes={*policy.LINK_SCHEMES, "data"},
        set_tag_attribute_values={"audio": {"controls": ""}, "video": {"controls": ""}},
    )


@cache
def _reader() -> nh3.Cleaner:
    """Return a cleaner for what is clean, of which each formula is one."""
    return _cleaner(None)


def _settled(html: str) -> str:
    """Tidy clean HTML, and let it be read again until that changes nothing.

    Links that are not closed, above other blocks, are in one another when they have been read
    once; a browser would read them otherwise.
    """
    cleaner = _reader()
    tidy = _tidy(html)
    for _ in range(_MAX_READINGS):
        again = cleaner.clean(tidy)
        if again == html or tidy == (tidied := _tidy(again)):
            return tidy
        html, tidy = again, tidied
    raise NotShownError("its HTML says something else each time that it is read")


def tokens(html: str) -> list[tuple[str, str]]:
    """Split cleaned HTML into pairs of a text and the tag behind it; the last tag is empty.

    Only for what nh3 wrote: there a `<` in a text is escaped, and all attributes have quotes.
    """
    pieces = _TAG.split(html)
    return list(zip(pieces[::2], [*pieces[1::2], ""], strict=True))


def _tidy(html: str) -> str:
    """Drop players without a sound, images without an address and tables without a row.

    Newlines within `<pre>` stay. kramdown's `html_to_native` fails at a table without a child.
    """
    kept: list[str] = []
    player = -1
    for text, tag in tokens(html):
        newline = "\n" if text.startswith("\n") and kept and kept[-1].startswith("<pre") else ""
        kept.append(newline + text)  # a parser drops the first newline again
        if tag.startswith(("<audio", "<video")) and player < 0:
            player = len(kept)
        if tag == "</table>" and kept[-2].startswith("<table") and not text.strip():
            del kept[-2:]
            continue
        kept.append("" if tag == "<img>" else tag)
        if tag in {"</audio>", "</video>"} and player >= 0:
            if not any(" src=" in piece for piece in kept[player:] if piece.startswith("<")):
                del kept[player:]
            player = -1
    return _TRAILING.sub("", "".join(kept))


def clean_inline(markup: str) -> str:
    """Clean HTML that is to be part of a line of prose; it loads nothing and has no style."""
    import nh3  # noqa: PLC0415  # only rich values need it

    return nh3.clean(
        markup,
        tags=set(policy.INLINE_ELEMENTS),
        clean_content_tags=set(policy.DROPPED_WITH_CONTENT),
        attributes={"a": {"href", "title"}, "abbr": {"title"}},
        attribute_filter=Filter((), ()),
        url_schemes=set(policy.LINK_SCHEMES),
    )


def limited(cleaned: Cleaned, limit: int) -> Cleaned:
    """Refuse cleaned HTML that is longer than a limit; embedded images do not count.

    Raises:
        NotShownError: with its length.
    """
    length = len(re.sub(r"data:image/[^\"]*", "", cleaned.html))
    if length > limit:
        raise NotShownError(f"its HTML has {length:,} characters, over html_limit")
    return cleaned
