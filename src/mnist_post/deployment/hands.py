"""Digits written by hands that exist only as code: strokes to try a network on."""

# region hands
import math
from itertools import pairwise
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

# Ways to write each digit: strokes with a comma between them, points on a grid of 7 by
# 10 as two figures, right and down. A point given twice stays a corner.
GLYPHS = {
    0: ["30 10 03 06 19 39 56 53 40 20", "40 10 03 07 29 49 66 63 40 20 11"],
    1: ["30 39", "13 30 30 39", "13 30 30 39, 19 19 59"],
    2: ["02 10 40 52 44 09 09 59", "02 10 40 53 36 09 07 18 39 59"],
    3: ["01 10 50 53 24 24 65 59 19 08", "00 50 50 24 24 64 59 19 08"],
    4: ["20 05 05 65, 42 49", "40 06 06 66, 43 49", "10 05 05 54, 50 50 49"],
    5: ["50 10 10 04 04 43 66 49 19 08", "10 04 04 43 66 49 19 08, 10 60"],
    6: ["40 13 06 19 49 56 34 05", "30 04 08 39 57 45 15 07"],
    7: ["00 60 60 29", "00 60 60 29, 15 55", "02 00 00 60 60 29"],
    8: ["51 20 02 24 46 59 19 06 34 52 51 40", "30 02 24 55 39 05 34 52 30"],
    9: [
        "51 20 02 15 44 51 51 59",
        "51 20 02 15 44 51 51 58 29 08",
        "51 10 04 44 51 29",
    ],
}


class Hand(NamedTuple):
    """What one person's digits have in common."""

    ways: tuple[int, ...]  # for each digit, which of its ways
    slant: float  # in degrees, to the right
    breadth: float  # width over height
    height: float  # share of the page
    wobble: float  # how far points stray, in steps of the grid
    pen: float  # radius, share of the page


def invent(seed: int) -> Hand:
    """Invent a hand."""
    draw = torch.rand(5, generator=torch.Generator().manual_seed(seed)).tolist()
    ways = tuple((seed // (digit + 1)) % len(GLYPHS[digit]) for digit in range(10))
    return Hand(
        ways,
        slant=-10 + 35 * draw[0],
        breadth=0.45 + 0.4 * draw[1],
        height=0.3 + 0.55 * draw[2],
        wobble=0.1 + 0.25 * draw[3],
        pen=0.02 + 0.03 * draw[4],
    )


def smooth(points: Tensor, rounds: int = 3) -> Tensor:
    """Round the corners of a line, (N, 2), by cutting them (Chaikin, 1974)."""
    for _ in range(rounds):
        before, after = points[:-1], points[1:]
        cut = torch.stack([0.75 * before + 0.25 * after, 0.25 * before + 0.75 * after])
        cut = cut.transpose(0, 1).reshape(-1, 2)
        points = torch.cat([points[:1], cut, points[-1:]])
    return points


def write(
    digit: int, hand: Hand, generator: torch.Generator
) -> list[list[tuple[float, float]]]:
    """Write a digit on a page from 0 to 1: strokes of points, to 4 decimals."""
    room = 1 - hand.height
    left, top = (0.5 + 0.8 * room * (torch.rand(2, generator=generator) - 0.5)).tolist()
    lean = math.tan(math.radians(hand.slant))
    strokes = []
    for stroke in GLYPHS[digit][hand.ways[digit]].split(","):
        grid = torch.tensor([[int(p[0]) / 6, int(p[1]) / 9] for p in stroke.split()])
        stray = hand.wobble * torch.randn(grid.shape, generator=generator) / 9
        same = [a.equal(b) for a, b in pairwise(grid)]
        for place in (i for i, twice in enumerate(same) if twice):
            stray[place + 1] = stray[place]  # a corner stays one
        x, y = (smooth(grid + stray) - 0.5).unbind(dim=1)
        right = left + hand.height * (hand.breadth * x - lean * y)
        down = top + hand.height * y
        points = torch.stack([right, down], dim=1).clamp(0, 1).double()
        strokes.append([(round(a, 4), round(b, 4)) for a, b in points.tolist()])
    return strokes


# endregion
# region pages


def on_a_page(image: Tensor, generator: torch.Generator, size: int = 112) -> Tensor:
    """Lay one of MNIST's digits, (28, 28), on a page: any size, place and pen."""
    draw = torch.rand(4, generator=generator).tolist()
    side = 40 + int(70 * draw[0])  # its digit is 20 of 28 pixels high
    ink = F.interpolate(image[None, None].double(), [side, side], mode="bilinear")
    pen = 2 * int(4 * draw[1]) - 2  # thinner by 2 pixels, or thicker by up to 4
    if pen > 0:
        ink = F.max_pool2d(ink, pen + 1, stride=1, padding=pen // 2)
    elif pen < 0:
        ink = -F.max_pool2d(-ink, 1 - pen, stride=1, padding=-pen // 2)
    top, left = int((size - side) * draw[2]), int((size - side) * draw[3])
    return F.pad(ink[0, 0], (left, size - side - left, top, size - side - top))


# endregion
