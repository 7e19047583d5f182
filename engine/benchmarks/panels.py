"""A figure of one panel above the other, each with one line: no library, equal bytes each time."""

from __future__ import annotations

from collections.abc import Sequence

WIDTH, HEIGHT, LEFT, GAP = 560, 80, 20, 34


def draw(panels: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Return an SVG; each panel has a title and starts at zero."""
    parts = [_panel(number, *panel) for number, panel in enumerate(panels)]
    total = len(panels) * (HEIGHT + GAP) + 24
    count = len(panels[0][1])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + 2 * LEFT + 60} {total}" '
        'font-family="sans-serif" font-size="13">\n'
        f'<rect width="100%" height="100%" fill="#fff"/>\n{"".join(parts)}'
        f'<text x="{LEFT}" y="{total - 6}">1</text>'
        f'<text x="{LEFT + WIDTH}" y="{total - 6}" text-anchor="end">edit {count}</text>\n</svg>\n'
    )


def _panel(number: int, title: str, values: Sequence[float]) -> str:
    top = number * (HEIGHT + GAP) + GAP
    most = max(*values, 1) * 1.1
    points = " ".join(
        f"{LEFT + WIDTH * index / max(1, len(values) - 1):.1f},{top + HEIGHT * (1 - y / most):.1f}"
        for index, y in enumerate(values)
    )
    last = f"{top + HEIGHT * (1 - values[-1] / most) + 4:.1f}"
    return (
        f'<text x="{LEFT}" y="{top - 8}">{title}</text>\n'
        f'<path d="M{LEFT} {top}v{HEIGHT}h{WIDTH}" fill="none" stroke="#888"/>\n'
        f'<polyline points="{points}" fill="none" stroke="#1f6feb" stroke-width="1.5"/>\n'
        f'<text x="{LEFT + WIDTH + 6}" y="{last}">{values[-1]:.0f}</text>\n'
    )
