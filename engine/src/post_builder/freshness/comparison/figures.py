"""Whether two figures look the same, pixel by pixel."""

from __future__ import annotations

import io
import math
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

MAX_DRIFT = 2.0
"""How much two figures may differ, as the root mean square over the channels' 0 to 255."""

_DPI = 96.0
"""A drawing is compared at the size at which a page shows it."""

_RASTER = (b"\x89PNG", b"\xff\xd8", b"GIF8", b"RIFF")
"""How the files of raster images begin."""

_STRONG, _STRONG_PIXELS = 96, 3
"""Levels by which a pixel must not differ, but for a few: a digit in a corner of a large figure
moves the mean by little."""

_GROUNDS = ("white", "black")
"""What may be behind a figure: pages are light or dark."""

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
        before, now = _frames(published), _frames(fresh)
        if len(before) != len(now):
            return f"{len(before)} → {len(now)} frames"
        return next(filter(None, map(_frame_drift, before, now)), "")
    except (OSError, ValueError) as error:
        return f"cannot be decoded: {error}"


def same_pixels(published: bytes, fresh: bytes) -> bool:
    """Return whether all frames of two image files are the same, to the last level."""
    try:
        frames = _frames(published), _frames(fresh)
    except (OSError, ValueError):
        return False
    before, now = ([frame.tobytes() for frame in each] for each in frames)
    return before == now


def _frame_drift(before: Image, now: Image) -> str:
    if before.size != now.size:
        return f"size {before.width} by {before.height} → {now.width} by {now.height}"
    if before.info.get("duration") != now.info.get("duration"):
        return f"{before.info.get('duration')} → {now.info.get('duration')} ms"
    pairs = [(_on(before, ground), _on(now, ground)) for ground in _GROUNDS]
    distance = max(_root_mean_square(*pair) for pair in pairs)
    if distance > MAX_DRIFT:
        return f"root mean square difference {distance:.2f}"
    return next(filter(None, (_strong_difference(*pair) for pair in pairs)), "")


def _strong_difference(before: Image, now: Image) -> str:
    """Say where some pixels differ so much that it is no noise."""
    from PIL import ImageChops  # noqa: PLC0415  # only drift needs it

    channels = ImageChops.difference(before, now).split()
    most = ImageChops.lighter(ImageChops.lighter(channels[0], channels[1]), channels[2])
    strong = most.point(lambda level: 255 if level > _STRONG else 0)
    box, count = strong.getbbox(), strong.histogram()[255]
    return f"{count} pixels differ much near {box[:2]}" if box and count >= _STRONG_PIXELS else ""


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
    """Return what a page shows first of a figure, on white."""
    return _on(_frames(data, most=1)[0], _GROUNDS[0])


def _frames(data: bytes, most: int | None = None) -> list[Image]:
    """Rasterise or decode a figure, with what is transparent in it."""
    from PIL import Image, ImageSequence  # noqa: PLC0415  # only drift needs it

    if not data.startswith(_RASTER):
        import resvg_py  # noqa: PLC0415  # only drift needs it

        data = bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), dpi=_DPI))
    with Image.open(io.BytesIO(data)) as image:
        return [frame.convert("RGBA") for frame in islice(ImageSequence.Iterator(image), most)]


def _on(layer: Image, ground: str) -> Image:
    from PIL import Image  # noqa: PLC0415  # only drift needs it

    canvas = Image.new("RGBA", layer.size, ground)
    canvas.alpha_composite(layer)
    return canvas.convert("RGB")


def _root_mean_square(before: Image, now: Image) -> float:
    """Return the root of the mean of the squared differences of all channels of all pixels."""
    from PIL import ImageChops, ImageStat  # noqa: PLC0415  # only drift needs it

    channels = ImageStat.Stat(ImageChops.difference(before, now)).rms
    return math.sqrt(sum(channel**2 for channel in channels) / len(channels))
