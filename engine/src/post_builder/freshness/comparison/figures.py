"""Whether two figures look the same, pixel by pixel."""

from __future__ import annotations

import io
import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_DRIFT = 2.0
"""How much two figures may differ, as the root mean square over the channels' 0 to 255."""

_DPI = 96.0
"""A drawing is compared at the size at which a page shows it."""

_RASTER = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")
"""How the files of raster images begin."""

_HEAD = 2_000
"""Bytes at whose beginning a drawing says that it is one."""

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")

_GAP = 16
"""Pixels between panels."""


def figure_drift(published: bytes, fresh: bytes) -> str:
    """Return how two figures differ; an empty string if they look the same.

    Args:
        published: an SVG, PNG or JPEG file.
        fresh: another.
    """
    if published == fresh:
        return ""
    try:
        before, now = _decode(published), _decode(fresh)
    except (OSError, ValueError) as error:
        return f"cannot be decoded: {error}"
    if (count := _frames(published)) != (new := _frames(fresh)):
        return f"{count} → {new} frames"
    if before.size != now.size:
        return f"size {before.width} by {before.height} → {now.width} by {now.height}"
    distance = _root_mean_square(before, now)
    return f"root mean square difference {distance:.2f}" if distance > MAX_DRIFT else ""


def form_drift(published: bytes, fresh: bytes) -> str:
    """Return how the text of two drawings differs that look the same: words, links, elements.

    Numbers may differ as they do from machine to machine, and so may ids, which contain their hash.

    Args:
        published: an SVG file, or any other: of those only the pixels count.
        fresh: another.
    """
    if published == fresh or b"<svg" not in published[:_HEAD] or b"<svg" not in fresh[:_HEAD]:
        return ""
    before, now = (_form(data.decode("utf-8", "replace")) for data in (published, fresh))
    if before == now:
        return ""
    pairs = zip(before, now, strict=False)
    here, there = next((pair for pair in pairs if pair[0] != pair[1]), ("its end", "its end"))
    return f"looks the same, and is not: {here[:80]!r} → {there[:80]!r}"


def _form(svg: str) -> list[str]:
    """Split a drawing into tags and texts, without numbers, ids and embedded images."""
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
    plain = _NUMBER.sub("0", plain)
    return [piece.strip() for piece in re.split(r"(<[^<>]*>)", plain) if piece.strip()]


def side_by_side(published: bytes, fresh: bytes) -> bytes:
    """Return a PNG of two figures and, if their sizes are equal, of their difference."""
    from PIL import Image, ImageChops  # noqa: PLC0415  # only drift needs it

    panels = [_decode(published), _decode(fresh)]
    if panels[0].size == panels[1].size:
        panels.append(ImageChops.invert(ImageChops.difference(*panels)))
    width = sum(panel.width for panel in panels) + _GAP * (len(panels) - 1)
    canvas = Image.new("RGB", (width, max(panel.height for panel in panels)), "#888")
    left = 0
    for panel in panels:
        canvas.paste(panel, (left, 0))
        left += panel.width + _GAP
    stream = io.BytesIO()
    canvas.save(stream, "PNG")
    return stream.getvalue()


def _decode(data: bytes) -> Image:
    """Rasterise or decode a figure, on white."""
    from PIL import Image  # noqa: PLC0415  # only drift needs it

    if not data.startswith(_RASTER):
        import resvg_py  # noqa: PLC0415  # only drift needs it

        data = bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), dpi=_DPI))
    with Image.open(io.BytesIO(data)) as image:
        layer = image.convert("RGBA")
    canvas = Image.new("RGBA", layer.size, "white")
    canvas.alpha_composite(layer)
    return canvas.convert("RGB")


def _frames(data: bytes) -> int:
    """Return of how many frames an image consists."""
    from PIL import Image  # noqa: PLC0415  # only drift needs it

    if not data.startswith(_RASTER):
        return 1
    with Image.open(io.BytesIO(data)) as image:
        return int(getattr(image, "n_frames", 1))


def _root_mean_square(before: Image, now: Image) -> float:
    """Return the root of the mean of the squared differences of all channels of all pixels."""
    from PIL import ImageChops, ImageStat  # noqa: PLC0415  # only drift needs it

    channels = ImageStat.Stat(ImageChops.difference(before, now)).rms
    return math.sqrt(sum(channel**2 for channel in channels) / len(channels))
