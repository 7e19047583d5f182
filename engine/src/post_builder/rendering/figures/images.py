"""Images in outputs: what they are, and how large a page shows them."""

from __future__ import annotations

import base64
import binascii
import io
import math
import re
import warnings
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from post_builder.errors import RenderError
from post_builder.rendering.figures.drawings.clean import clean_svg
from post_builder.rendering.figures.metadata import without_metadata
from post_builder.rendering.text.terminal import without_controls

KINDS = ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp")
"""Kinds of image that pages show, the best first."""

_SUFFIXES = {"PNG": "png", "JPEG": "jpg", "GIF": "gif", "WEBP": "webp"}
"""File name extension of each format, as Pillow calls it."""

_PX_PER = {"": 1.0, "px": 1.0, "pt": 96 / 72, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
"""CSS pixels per unit of length."""

_LENGTH = re.compile(r"(\d{1,6}(?:\.\d{1,20})?|\.\d{1,20})(\w{0,2})")

_BOX = 4
"""Numbers in the `viewBox` of an SVG."""

_MAX_PIXELS = 100_000_000
"""Of an image that a page shows; a browser needs four bytes for each."""

_MAX_OPENING = 10_000
"""Characters of the opening tag of a drawing that are read for its size."""

MAX_SIDE = 20_000
"""CSS pixels; what is larger is not believed."""

Size = tuple[float, float]


class Image(Struct, frozen=True):
    """An image file that a page can show."""

    suffix: str
    """File name extension."""
    data: bytes
    width: int
    """CSS pixels; 0 if unknown."""
    height: int
    """CSS pixels; 0 if unknown."""


def read_image(kind: str, content: str, metadata: Mapping[str, Any]) -> Image:
    """Read an image of an output.

    Args:
        kind: its MIME type.
        content: SVG text, or Base64.
        metadata: of the output; what it says about the kind is the size that the code asks for.

    Raises:
        RenderError: if it is not an image, with the reason.
    """
    if kind == "image/svg+xml":
        text = clean_svg(without_controls(content))
        suffix, data, size = "svg", text.encode(), _svg_size(text)
    else:
        data = _decode(content)
        suffix, size = _read_raster(data)
        data = without_metadata(data)
    width, height = (round(side) if side <= MAX_SIDE else 0 for side in _fit(size, metadata))
    return Image(suffix, data, width, height)


def _decode(content: str) -> bytes:
    try:
        return base64.b64decode(content)
    except (binascii.Error, ValueError) as error:
        raise RenderError(f"an image is not valid Base64: {error}") from error


def _fit(size: Size, wanted: Mapping[str, Any]) -> Size:
    """Return the size that an output asks for; where it names one side, the other by proportion."""
    width, height = (_number(wanted.get(side)) for side in ("width", "height"))
    own_width, own_height = size
    if width and height:
        return width, height
    if width and own_width:
        return width, own_height * width / own_width
    if height and own_height:
        return own_width * height / own_height, height
    return size


def _number(value: object) -> float:
    """Return a length in CSS pixels; 0 for what is not one."""
    if isinstance(value, str):
        found = _LENGTH.fullmatch(value.strip())
        value = float(found[1]) * _PX_PER[found[2]] if found and found[2] in _PX_PER else 0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0
    return float(value) if math.isfinite(value) and 0 < value <= MAX_SIDE else 0


def _svg_size(svg: str) -> Size:
    """Return the width and height of a drawing in CSS pixels; 0 and 0 if it does not say."""
    root = re.search(r"<(?:svg:)?svg(?=[\s/>])[^<>]*>", svg)
    opening = root.group()[:_MAX_OPENING] if root else ""
    found = re.findall(r"""([\w:.-]{1,40})\s*=\s*(["'])(.*?)\2""", opening)
    attributes = {name: value for name, _, value in found}
    width, height = (_number(attributes.get(side, "")) for side in ("width", "height"))
    if width and height:
        return width, height
    box = re.findall(r"-?\d{0,6}\.?\d{1,20}", attributes.get("viewBox", ""))
    own = (float(box[2]), float(box[3])) if len(box) == _BOX else (0.0, 0.0)
    return _fit(own, {"width": width, "height": height})


def _read_raster(data: bytes) -> tuple[str, Size]:
    """Return the extension of an image file and its size in CSS pixels, at the density it names."""
    from PIL import Image as Pillow  # noqa: PLC0415  # only figures need it
    from PIL import UnidentifiedImageError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)  # refused below
            with Pillow.open(io.BytesIO(data), formats=list(_SUFFIXES)) as image:
                if image.width * image.height > _MAX_PIXELS:
                    raise RenderError(f"an image has {image.width:,} by {image.height:,} pixels")
                across, down = _density(image.info.get("dpi"))
                size = image.width * 96 / across, image.height * 96 / down
                suffix = _SUFFIXES[image.format or ""]
                image.load()
                return suffix, size
    except Pillow.DecompressionBombError as error:
        raise RenderError(f"an image is too large: {error}") from error
    except UnidentifiedImageError as error:
        raise RenderError("an image cannot be decoded: its data is of no known format") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:  # what Pillow's readers raise
        raise RenderError(f"an image cannot be decoded: {error}") from error


def _density(dpi: object) -> Size:
    """Return the dots per inch of an image, or those of a page if it names none."""
    pair = dpi if isinstance(dpi, tuple) and len(dpi) == 2 else (96, 96)  # noqa: PLR2004  # two sides
    across, down = (float(dots) if dots and 1 <= dots <= 10_000 else 96.0 for dots in pair)  # noqa: PLR2004
    return across, down


def publishable(path: str, data: bytes) -> bool:
    """Return whether an image file is one that `read_image` could have left; others may be any."""
    if path.endswith(".svg"):
        try:
            text = data.decode()
            return clean_svg(without_controls(text)) == text
        except (RenderError, UnicodeDecodeError):
            return False
    return without_metadata(data) == data
