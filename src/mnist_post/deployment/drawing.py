"""A drawing or a photo in MNIST's form, in steps that can each be left out.

The page's JavaScript takes the same steps on the same numbers, so all of it is plain
arithmetic in float64, and what is rounded is rounded by floor(x + 0.5).
"""

# region strokes
from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor

Stroke = Sequence[tuple[float, float]]  # points (x, y), right and down, from 0 to 1


def rasterise(strokes: Sequence[Stroke], size: int = 112, pen: float = 0.04) -> Tensor:
    """Draw strokes as ink, (size, size), from 0 to 1; `pen` is the pen's radius."""
    middle = (torch.arange(size).double() + 0.5) / size  # of each pixel
    y, x = torch.meshgrid(middle, middle, indexing="ij")
    ink = torch.zeros(size, size).double()
    for stroke in strokes:
        for (x0, y0), (x1, y1) in pairwise([stroke[0], *stroke]):  # a dot counts, too
            dx, dy = x1 - x0, y1 - y0
            length = max(dx * dx + dy * dy, 1e-12)
            along = (((x - x0) * dx + (y - y0) * dy) / length).clamp(0, 1)
            off_x, off_y = x - x0 - along * dx, y - y0 - along * dy
            distance = (off_x * off_x + off_y * off_y).sqrt()  # from pixel to segment
            ink = torch.maximum(ink, ((pen - distance) * size + 0.5).clamp(0, 1))
    return ink


# endregion


def crop(ink: Tensor, level: float = 0.2) -> Tensor:
    """Cut out the smallest rectangle with all ink above `level`.

    Raises:
        ValueError: if there is none.
    """
    if ink.max() <= level:
        raise ValueError(f"there is no digit: no ink is above {level}")
    rows, columns = (ink > level).nonzero().unbind(dim=1)
    return ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


# region scaling


def overlaps(before: int, after: int) -> Tensor:
    """Return the share of each new pixel that each old one covers, (after, before)."""
    step = before / after
    start = torch.arange(after).double()[:, None] * step
    pixel = torch.arange(before).double()
    covered = torch.minimum(start + step, pixel + 1) - torch.maximum(start, pixel)
    return covered.clamp(min=0) / step


def resize(ink: Tensor, factor: float) -> Tensor:
    """Scale by averaging areas, exactly; a side keeps at least one pixel."""
    height, width = (max(1, int(factor * side + 0.5)) for side in ink.shape)
    rows, columns = overlaps(ink.shape[0], height), overlaps(ink.shape[1], width)
    return rows @ ink @ columns.T


def stroke_width(ink: Tensor) -> float:
    """Return the mean width of strokes, in pixels: twice their area over their rim."""
    framed = F.pad(ink, (1, 1, 1, 1))
    falling = framed[1:, 1:] - framed[:-1, :-1]  # differences along both diagonals
    rising = framed[1:, :-1] - framed[:-1, 1:]
    rim = ((falling * falling + rising * rising) / 2).sqrt().sum()
    return (2 * ink.sum() / rim).item()


def even_pen(ink: Tensor, low: float, high: float, rounds: int = 4) -> Tensor:
    """Thicken or thin strokes until they are between `low` and `high` pixels wide."""
    ink = ink / ink.max()
    for _ in range(rounds):
        width = stroke_width(ink)
        by = (min(max(width, low), high) - width) / 2  # on each side of a stroke
        framed = F.pad(ink, (1, 1, 1, 1))[None, None]
        if by > 0:
            other = F.max_pool2d(framed, 3, stride=1)[0, 0]  # the most of 3 x 3 pixels
        else:
            other = -F.max_pool2d(-framed, 3, stride=1)[0, 0]  # the least
        ink = ink + min(abs(by), 1) * (other - ink)
        ink = ink / ink.max()
    return ink


# endregion
# region laying


def centre(ink: Tensor, side: int = 28, *, by_mass: bool = True) -> Tensor:
    """Lay ink on a square, with its centre of mass, or of its box, in the middle."""
    (height, width), total = ink.shape, ink.sum()
    down = ((ink.sum(dim=1) @ torch.arange(height).double()) / total).item()
    across = ((ink.sum(dim=0) @ torch.arange(width).double()) / total).item()
    if not by_mass:
        down, across = height / 2, width / 2
    top = min(max(0, int(side / 2 - down + 0.5)), side - height)
    left = min(max(0, int(side / 2 - across + 0.5)), side - width)
    return F.pad(ink, (left, side - width - left, top, side - height - top))


def prepare(
    ink: Tensor, widths: tuple[float, float], leave_out: str | None = None
) -> Tensor:
    """Bring ink, (size, size), into MNIST's form: bytes, (28, 28), ink 255.

    A step can be left out: "crop", "scale", "pen" or "mass".

    Raises:
        ValueError: if there is no ink.
    """
    size = max(ink.shape)
    digit = crop(ink)
    if leave_out == "crop":
        digit = ink
    factor = 28 / size if leave_out == "scale" else 20 / max(digit.shape)
    digit = resize(digit, factor)
    if leave_out != "pen":
        digit = even_pen(digit, *widths)
    digit = centre(digit, by_mass=leave_out != "mass")
    return (255 * digit + 0.5).floor().to(torch.uint8)


# endregion
