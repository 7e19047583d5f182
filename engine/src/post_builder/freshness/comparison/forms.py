"""Whether two figures that look alike are alike: the text of drawings, the parts of image files."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from post_builder.freshness.comparison.figures import same_pixels
from post_builder.freshness.comparison.text import Tolerances, same_text

_HEAD = 2_000
"""Bytes at whose beginning a drawing says that it is one."""

_PNG = b"\x89PNG\r\n\x1a\n"
_PIXELS = {b"IDAT", b"fdAT"}
"""Parts of a PNG that another version of zlib compresses otherwise."""

_NUMBER = re.compile(
    r"""(?P<kept>\b(?:xlink:)?href="(?!\#)[^"]*"|\baria-[a-z]+="[^"]*"|<(?:animate|set)\b[^<>]*>)
      | -?\d+(?:\.\d+)?(?:e-?\d+)?""",
    re.VERBOSE,
)
"""Numbers in tags, which may differ; not those of links, of what is read out, of animations."""


def form_drift(published: bytes, fresh: bytes, tolerances: Tolerances) -> str:
    """Return how two figures differ that look alike; an empty string if they do not.

    Of drawings words, links and elements count, and numbers in texts within the tolerance. Other
    numbers may differ as they do from machine to machine, and so may ids, which contain their hash.
    Of a PNG all but the compression of its pixels counts; of another image with exactly the same
    pixels, each byte.

    Args:
        published: an image file.
        fresh: another.
        tolerances: how much numbers in the texts of drawings may differ.
    """
    if published == fresh:
        return ""
    if published.startswith(_PNG) and fresh.startswith(_PNG):
        return _first_difference([*_chunks(published)], [*_chunks(fresh)])
    if b"<svg" not in published[:_HEAD] or b"<svg" not in fresh[:_HEAD]:
        return "has the same pixels in other bytes" if same_pixels(published, fresh) else ""
    before, now = (_form(data.decode("utf-8", "replace")) for data in (published, fresh))
    return _first_difference(before, now, tolerances)


def _first_difference(
    before: list[str], now: list[str], tolerances: Tolerances | None = None
) -> str:
    for a, b in zip([*before, "its end"], [*now, "its end"], strict=False):
        is_text = tolerances and not a.startswith("<")
        if a != b and not (is_text and tolerances and same_text(a, b, tolerances)):
            return f"looks the same, and is not: {a[:80]!r} → {b[:80]!r}"
    return ""


def _chunks(png: bytes) -> Iterator[str]:
    """Yield the parts of a PNG but its pixels, and what is behind its end."""
    position = len(_PNG)
    while position + 12 <= len(png):
        length, name = struct.unpack_from(">I4s", png, position)
        end = position + 12 + length
        if name not in _PIXELS:
            yield f"{name.decode('latin-1')} {png[position + 8 : end - 4].hex()}"
        position = end
        if name == b"IEND":
            break
    if png[position:]:
        yield f"{len(png) - position} bytes more"


def _form(svg: str) -> list[str]:
    """Split a drawing into tags and texts, without ids, embedded images and the numbers of tags."""
    names: dict[str, str] = {}
    ids = re.findall(r"\bid=\"([^\"]{1,200})\"", svg)
    plain = re.sub(r"data:image/[^\"')]*", "data:", svg)
    plain = re.sub(r"\b(d|points)=\"[^\"]*\"", r'\1=""', plain)  # pixels tell
    known = {name: names.setdefault(name, f"id{len(names)}") for name in ids}
    plain = re.sub(
        r"(\bid=\"|#)([\w.:-]{1,200})",
        lambda found: found[1] + known.get(found[2], found[2]),
        plain,
    )
    pieces = [piece.strip() for piece in re.split(r"(<[^<>]*>)", plain) if piece.strip()]
    return [_without_numbers(piece) if piece.startswith("<") else piece for piece in pieces]


def _without_numbers(tag: str) -> str:
    return _NUMBER.sub(lambda found: found["kept"] or "0", tag)
