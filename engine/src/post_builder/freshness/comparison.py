"""Whether two outputs say the same: words exactly, numbers within a tolerance, figures by pixel."""

from __future__ import annotations

import io
import math
import re
from html import unescape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

PIXEL_DRIFT = 2.0
"""By how much two figures may differ, as root mean square over the channels' 0 to 255."""

_DPI = 96.0
"""A drawing is compared at the size at which a page shows it."""

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|\w+|[^\w\s]")


def same_text(published: str, fresh: str, tolerance: float) -> bool:
    """Tell whether two texts are the same token by token; white space does not count.

    Args:
        published: HTML-escaped or plain.
        fresh: likewise.
        tolerance: by which numbers may differ, relative or absolute.
    """
    before, now = (_TOKEN.findall(unescape(text)) for text in (published, fresh))
    return len(before) == len(now) and all(
        _same_token(a, b, tolerance) for a, b in zip(before, now, strict=True)
    )


def _same_token(before: str, now: str, tolerance: float) -> bool:
    if before == now:
        return True
    if not (_NUMBER.fullmatch(before) and _NUMBER.fullmatch(now)):
        return False
    a, b = (float(token.replace(",", "")) for token in (before, now))
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)


def figure_drift(published: bytes, fresh: bytes) -> str:
    """Say how two figures differ; nothing where they look the same.

    Args:
        published: an SVG, PNG or JPEG file.
        fresh: likewise.
    """
    if published == fresh:
        return ""
    try:
        before, now = _decoded(published), _decoded(fresh)
    except (OSError, ValueError) as error:
        return f"cannot be decoded: {error}"
    if before.size != now.size:
        return f"size {before.width} by {before.height} → {now.width} by {now.height}"
    distance = _root_mean_square(before, now)
    return f"root mean square difference {distance:.2f}" if distance > PIXEL_DRIFT else ""


def side_by_side(published: bytes, fresh: bytes) -> bytes:
    """Make a PNG of two figures and, where their sizes are equal, of their difference."""
    from PIL import Image, ImageChops  # noqa: PLC0415  # only drift needs it

    panels = [_decoded(published), _decoded(fresh)]
    if panels[0].size == panels[1].size:
        panels.append(ImageChops.invert(ImageChops.difference(*panels)))
    gap = 16
    width = sum(panel.width for panel in panels) + gap * (len(panels) - 1)
    canvas = Image.new("RGB", (width, max(panel.height for panel in panels)), "#888")
    left = 0
    for panel in panels:
        canvas.paste(panel, (left, 0))
        left += panel.width + gap
    stream = io.BytesIO()
    canvas.save(stream, "PNG")
    return stream.getvalue()


def _decoded(data: bytes) -> Image:
    """Draw or decode a figure, on white."""
    from PIL import Image  # noqa: PLC0415  # as above

    if not data.startswith((b"\x89PNG", b"\xff\xd8")):
        import resvg_py  # noqa: PLC0415  # as above

        data = bytes(resvg_py.svg_to_bytes(svg_string=data.decode(), dpi=_DPI))
    with Image.open(io.BytesIO(data)) as image:
        layer = image.convert("RGBA")
    canvas = Image.new("RGBA", layer.size, "white")
    canvas.alpha_composite(layer)
    return canvas.convert("RGB")


def _root_mean_square(before: Image, now: Image) -> float:
    """Give the root of the mean of the squared differences of all channels of all pixels."""
    from PIL import ImageChops, ImageStat  # noqa: PLC0415  # as above

    channels = ImageStat.Stat(ImageChops.difference(before, now)).rms
    return math.sqrt(sum(channel**2 for channel in channels) / len(channels))
