"""A figure of lines over two logarithmic axes: no library, equal bytes each time."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence

LEFT, TOP, WIDTH, HEIGHT, RIGHT = 56, 40, 420, 260, 190

COLOURS = ("#1f6feb", "#d1242f", "#1a7f37", "#9a6700", "#8250df", "#57606a")

LABEL = 15
"""The least distance of two labels."""

Line = Sequence[tuple[float, float]]


def draw(title: str, under: str, lines: Mapping[str, Line]) -> str:
    """Return an SVG.

    Args:
        title: what the figure shows, and the unit.
        under: what the horizontal axis counts.
        lines: points by name; all coordinates are greater than 0.
    """
    axes = _Axes(lines)
    places = _spread({name: axes.y(points[-1][1]) for name, points in lines.items()})
    drawn = "".join(
        f'<polyline points="{axes.path(points)}" fill="none" stroke="{colour}" '
        f'stroke-width="2"/>\n<text x="{LEFT + WIDTH + 10}" y="{places[name] + 5:.1f}" '
        f'fill="{colour}">{html.escape(name)}</text>\n'
        for colour, (name, points) in zip(COLOURS, lines.items(), strict=False)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + RIGHT} '
        f'{TOP + HEIGHT + 48}" font-family="sans-serif" font-size="14" role="img">\n'
        f"<title>{html.escape(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n'
        f'<text x="8" y="20">{html.escape(title)}</text>\n{axes.marks()}{drawn}'
        f'<text x="{LEFT + WIDTH / 2}" y="{TOP + HEIGHT + 42}" text-anchor="middle">'
        f"{html.escape(under)}</text>\n</svg>\n"
    )


class _Axes:
    """Where numbers are in the figure."""

    def __init__(self, lines: Mapping[str, Line]) -> None:
        points = [point for line in lines.values() for point in line]
        self.right = max(x for x, _ in points)
        self.low = math.floor(min(math.log10(y) for _, y in points))
        self.high = math.ceil(max(math.log10(y) for _, y in points))

    def x(self, value: float) -> float:
        return LEFT + WIDTH * math.log10(value) / max(math.log10(self.right), 1e-9)

    def y(self, value: float) -> float:
        return TOP + HEIGHT * (self.high - math.log10(value)) / (self.high - self.low)

    def path(self, points: Line) -> str:
        return " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)

    def marks(self) -> str:
        """Draw a grid of the powers of ten, with their numbers."""
        across = [
            f'<path d="M{LEFT} {self.y(10**power):.1f}h{WIDTH}" stroke="#d0d7de"/>\n'
            f'<text x="{LEFT - 6}" y="{self.y(10**power) + 5:.1f}" text-anchor="end">'
            f"{10**power:g}</text>\n"
            for power in range(self.low, self.high + 1)
        ]
        down = [
            f'<path d="M{self.x(10**power):.1f} {TOP}v{HEIGHT}" stroke="#d0d7de"/>\n'
            f'<text x="{self.x(10**power):.1f}" y="{TOP + HEIGHT + 20}" text-anchor="middle">'
            f"{10**power:,}</text>\n"
            for power in range(math.floor(math.log10(self.right)) + 1)
        ]
        return "".join(across + down)


def _spread(places: Mapping[str, float]) -> dict[str, float]:
    """Move labels down until none is upon another."""
    found: dict[str, float] = {}
    for name, place in sorted(places.items(), key=lambda item: item[1]):
        found[name] = max(place, max(found.values(), default=-LABEL) + LABEL)
    return found
