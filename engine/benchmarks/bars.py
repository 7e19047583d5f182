"""A figure of horizontal bars: no library, equal bytes each time."""

from __future__ import annotations

import html
from collections.abc import Sequence

ROW, LEFT, WIDTH = 30, 290, 380


def draw(title: str, bars: Sequence[tuple[str, float]], mark: str) -> str:
    """Return an SVG.

    Args:
        title: what the bars measure.
        bars: names and values.
        mark: the name of the bar that stands out.
    """
    most = max(value for _, value in bars)
    rows = "".join(
        _row(number, name, value, value / most, stands_out=name == mark)
        for number, (name, value) in enumerate(bars)
    )
    height = ROW * (len(bars) + 1) + 16
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {LEFT + WIDTH + 60} {height}" '
        'font-family="sans-serif" font-size="14" role="img">\n'
        f"<title>{html.escape(title)}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n<text x="8" y="20">{html.escape(title)}'
        f"</text>\n{rows}</svg>\n"
    )


def _row(number: int, name: str, value: float, part: float, *, stands_out: bool) -> str:
    top = ROW * (number + 1) + 6
    colour = "#1f6feb" if stands_out else "#9aa4b2"
    return (
        f'<text x="{LEFT - 8}" y="{top + 16}" text-anchor="end">{html.escape(name)}</text>\n'
        f'<rect x="{LEFT}" y="{top}" width="{WIDTH * part:.1f}" height="22" fill="{colour}"/>\n'
        f'<text x="{LEFT + WIDTH * part + 6:.1f}" y="{top + 16}">{value:.2f}</text>\n'
    )
