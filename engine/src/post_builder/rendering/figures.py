"""Figures: the image files that cells make, their sizes and their tags."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from post_builder.document.figure_names import FigureNames
from post_builder.document.figure_tag import FigureTag
from post_builder.document.post import Cell, Post
from post_builder.errors import RenderError
from post_builder.execution.run import Output

_EXTENSIONS = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
"""Kinds of figure, the best for a page first."""

_PX_PER = {"": 1.0, "px": 1.0, "pt": 96 / 72, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
"""CSS pixels per unit of length."""

_NUMBER = r"(?:\d+\.?\d*|\.\d+)"
"""A number of an SVG, without its sign."""

_BOX = 4
"""Numbers in the `viewBox` of an SVG."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An image file that a cell made."""

    cell: str
    """Name of the cell."""
    path: str
    """Relative to the site's root."""
    data: bytes
    width: int
    """CSS pixels."""
    height: int
    """CSS pixels."""


@dataclass(frozen=True, slots=True)
class _Image:
    """An image in an output."""

    kind: str
    """MIME type."""
    content: str
    """SVG text, or Base64."""
    size: Mapping[str, float]
    """Width and height that the output asks for, in CSS pixels; may be empty."""

    def data(self) -> bytes:
        """Return the bytes of the image file."""
        if self.kind == "image/svg+xml":
            return self.content.encode()
        return base64.b64decode(self.content)


def find_figures(cell: Cell, outputs: Sequence[Output], names: FigureNames) -> Iterator[Figure]:
    """Yield the figures in a cell's outputs.

    Args:
        cell: that made them.
        outputs: of the cell.
        names: of the figures of its post.

    Raises:
        RenderError: if an image cannot be decoded.
    """
    images = [image for output in outputs if (image := _image(output))]
    for image, name in zip(images, names.of(cell.name, len(images)), strict=True):
        path = f"{name}.{_EXTENSIONS[image.kind]}"
        data = image.data()
        width, height = _size(image, data)
        yield Figure(cell.name, path, data, round(width), round(height))


def has_figure(output: Output) -> bool:
    """Return whether an output is shown as a figure."""
    return _image(output) is not None


def refuse_unsuitable(post: Post, cell: Cell) -> None:
    """Refuse a cell whose figure has no alt text, or would be in a Liquid raw block.

    Raises:
        RenderError: with the line of the cell.
    """
    place = post.place(cell.line)
    if not (cell.options.alt or "").strip():
        hint = 'add data-alt="what the figure shows" to the options below the cell'
        raise RenderError(f"the figure of cell {cell.name} has no alt text", place, hint)
    if cell.region_in_raw:
        hint = "put {% endraw %} directly below the cell and its options"
        message = f"the figure of cell {cell.name} would be in a raw block"
        raise RenderError(message, place, hint)


def figure_tag(cell: Cell, figure: Figure, number: int, count: int) -> FigureTag:
    """Return the tag that shows a figure, the `number`th of `count` that its cell made."""
    alt, caption = html.escape(cell.options.alt or "", quote=False), cell.options.caption or ""
    if count > 1:
        alt = f"{alt} ({number} of {count})"
        caption = caption if number == count else ""
    return FigureTag(f"/{figure.path}", alt, caption, figure.width, figure.height)


def _image(output: Output) -> _Image | None:
    """Return the image in an output, if there is one.

    A formula is better shown as text, though some libraries draw it as well.
    """
    data: Mapping[str, str] = output.get("data", {})
    if "text/latex" in data:
        return None
    sizes = output.get("metadata", {})
    kinds = (kind for kind in _EXTENSIONS if kind in data)
    return next((_Image(kind, data[kind], sizes.get(kind, {})) for kind in kinds), None)


def _size(image: _Image, data: bytes) -> tuple[float, float]:
    """Return the width and height of an image in CSS pixels."""
    if "width" in image.size and "height" in image.size:
        return image.size["width"], image.size["height"]
    return _svg_size(image.content) if image.kind == "image/svg+xml" else _raster_size(data)


def _svg_size(svg: str) -> tuple[float, float]:
    """Return the width and height of a drawing in CSS pixels."""
    root = re.search(r"<svg\b[^>]*>", svg)
    found = re.findall(r"""([\w:.-]+)\s*=\s*(["'])(.*?)\2""", root.group() if root else "")
    attributes = {name: value for name, _, value in found}
    lengths = [
        re.fullmatch(rf"({_NUMBER})(\w*)", attributes.get(side, "")) for side in ("width", "height")
    ]
    sizes = [float(m[1]) * _PX_PER[m[2]] for m in lengths if m and m[2] in _PX_PER]
    if len(sizes) < len(lengths):
        box = re.findall(rf"-?{_NUMBER}", attributes.get("viewBox", ""))
        sizes = [float(number) for number in box[2:]] if len(box) == _BOX else [0, 0]
    return sizes[0], sizes[1]


def _raster_size(data: bytes) -> tuple[float, float]:
    """Return the width and height of an image in CSS pixels, at the density it names."""
    from PIL import Image  # noqa: PLC0415  # only figures need it

    try:
        with Image.open(io.BytesIO(data)) as image:
            across, down = (dots or 96 for dots in image.info.get("dpi", (96, 96)))
            return image.width * 96 / across, image.height * 96 / down
    except OSError as error:
        raise RenderError(f"a figure cannot be decoded: {error}") from error
