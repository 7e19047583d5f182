"""Draw twenty digits in the demo of Part IV, as a reader does, and say what it answers.

    .venv/bin/python scripts/try_demo.py SITE [FOLDER]

SITE is a built site, in a folder with the name of its base URL: blog of `make site BASEURL=/blog`.
The digits are strokes of two invented hands, in two sizes and places, that no choice of the series
has seen. With FOLDER, pictures of the demo in use are written there: on a phone and on a desktop,
in light and dark.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import chromium
from audit import served
from playwright.sync_api import Browser, Page, sync_playwright

POST = "/mnist-classifier-with-pytorch-part-4/"
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}

Stroke = list[tuple[float, float]]
"""Points from 0 to 1, right and down."""


def line(*points: tuple[float, float]) -> Stroke:
    """Return a stroke along straight lines, with points in between."""
    found: Stroke = [points[0]]
    for (x0, y0), (x1, y1) in pairwise(points):
        found += [(x0 + (x1 - x0) * t / 6, y0 + (y1 - y0) * t / 6) for t in range(1, 7)]
    return found


def arc(x: float, y: float, wide: float, high: float, start: float, end: float) -> Stroke:  # noqa: PLR0913, PLR0917  # middle, radii, angles
    """Return a part of an ellipse, its angles in degrees, clockwise from three o'clock."""
    turns = [math.radians(start + (end - start) * step / 16) for step in range(17)]
    return [(x + wide * math.cos(turn), y + high * math.sin(turn)) for turn in turns]


ROUND: Sequence[list[Stroke]] = [
    [arc(0.5, 0.5, 0.28, 0.45, -80, 290)],
    [line((0.5, 0.05), (0.5, 0.95))],
    [arc(0.5, 0.28, 0.28, 0.24, 190, 400) + line((0.66, 0.48), (0.2, 0.94), (0.82, 0.92))],
    [arc(0.45, 0.28, 0.26, 0.22, 200, 440) + arc(0.45, 0.71, 0.3, 0.24, -80, 150)],
    [line((0.42, 0.05), (0.15, 0.6), (0.85, 0.6)), line((0.66, 0.3), (0.62, 0.97))],
    [line((0.75, 0.06), (0.32, 0.08), (0.28, 0.45)) + arc(0.46, 0.67, 0.3, 0.27, -110, 150)],
    [line((0.62, 0.04), (0.32, 0.4)) + arc(0.5, 0.69, 0.25, 0.25, 190, 545)],
    [line((0.18, 0.08), (0.8, 0.08), (0.42, 0.96))],
    [arc(0.5, 0.27, 0.22, 0.21, 80, 440), arc(0.5, 0.73, 0.27, 0.24, -90, 270)],
    [arc(0.5, 0.3, 0.25, 0.24, 0, 360) + line((0.75, 0.32), (0.68, 0.95))],
]
"""A round hand."""

PLAIN: Sequence[list[Stroke]] = [
    [arc(0.5, 0.5, 0.4, 0.36, 250, 610)],
    [line((0.3, 0.25), (0.55, 0.05), (0.55, 0.95)), line((0.3, 0.95), (0.8, 0.95))],
    [
        line((0.2, 0.2), (0.5, 0.05), (0.75, 0.25), (0.2, 0.92))
        + arc(0.55, 0.92, 0.3, 0.06, 180, 370)
    ],
    [line((0.2, 0.06), (0.8, 0.06), (0.45, 0.42)) + arc(0.48, 0.68, 0.3, 0.26, -90, 140)],
    [line((0.2, 0.05), (0.2, 0.5), (0.8, 0.5)), line((0.75, 0.05), (0.75, 0.95))],
    [
        line((0.25, 0.06), (0.25, 0.42), (0.6, 0.42)) + arc(0.5, 0.68, 0.28, 0.26, -70, 130),
        line((0.25, 0.06), (0.75, 0.06)),
    ],
    [arc(0.75, 0.5, 0.5, 0.45, 250, 160) + arc(0.5, 0.72, 0.22, 0.2, 180, 540)],
    [line((0.2, 0.1), (0.78, 0.06), (0.5, 0.95)), line((0.35, 0.5), (0.75, 0.5))],
    [line((0.7, 0.12), (0.3, 0.18), (0.7, 0.7), (0.4, 0.95), (0.28, 0.72), (0.72, 0.15))],
    [arc(0.45, 0.28, 0.25, 0.23, -20, 340) + arc(0.3, 0.5, 0.4, 0.45, -20, 80)],
]
"""A plain hand: a crossed seven, a one with a foot, an open four, an eight of one line."""

HANDS = {
    "round, large, upright": (ROUND, 0.8, 0.1, 0.1, 0.0),
    "plain, small, in a corner, slanted": (PLAIN, 0.45, 0.1, 0.45, 0.2),
}
"""For each hand its digits, their size and place on the pad, and their slant."""


def placed(stroke: Stroke, size: float, left: float, top: float, slant: float) -> Stroke:
    """Return a stroke in a size, at a place, leaning to the right."""
    return [(left + size * (x + slant * (0.5 - y)), top + size * y) for x, y in stroke]


def start(page: Page, address: str) -> None:
    """Open the post and touch its demo."""
    page.goto(address)
    page.locator(".demo button").first.click()
    page.locator(".demo[data-ready]").wait_for()
    page.locator(".demo-pad").scroll_into_view_if_needed()


def drawn(page: Page, strokes: list[Stroke]) -> tuple[str, str]:
    """Draw a digit with the mouse; return what the page says, and its two highest bars."""
    page.get_by_role("button", name="Clear").click()
    box = page.locator(".demo-pad").bounding_box()
    assert box  # noqa: S101  # it is on the page
    for stroke in strokes:
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
        page.mouse.move(*places[0])
        page.mouse.down()
        for place in places[1:]:
            page.mouse.move(*place)
        page.mouse.up()
    chromium.repaint(page)
    bars = page.locator(".demo-bars li").evaluate_all(
        """bars => bars.map((bar) => [
            Number(bar.style.getPropertyValue('--p')), bar.firstChild.textContent,
        ])"""
    )
    highest = ", ".join(f"{name}: {share:.3f}" for share, name in sorted(bars)[:-3:-1])
    return page.locator(".demo-answer").inner_text(), highest


TIMED = """() => {
    const frames = new Map();
    const ask = window.requestAnimationFrame;
    window.requestAnimationFrame = (act) => ask((frame) => {
        const begin = performance.now();
        act(frame);
        frames.set(frame, (frames.get(frame) || 0) + performance.now() - begin);
        window.times = [...frames.values()];
    });
}"""
"""Note the milliseconds that each frame with new ink takes to be answered and shown."""


def report(page: Page) -> Iterator[str]:
    """Yield a line for each digit, their sum, and the milliseconds that an answer takes."""
    page.evaluate(TIMED)
    right = 0
    for hand, (digits, *place) in HANDS.items():
        for digit, strokes in enumerate(digits):
            text, bars = drawn(page, [placed(stroke, *place) for stroke in strokes])
            right += f" {digit}: " in text
            yield f"{hand}: {digit} → {text} ({bars})"
    yield f"{right} of 20 right"
    times = sorted(page.evaluate("window.times"))
    middle, late = times[len(times) // 2], times[len(times) * 95 // 100]
    yield f"{len(times)} frames: {middle:.1f} ms (median), {late:.1f} ms (95 of 100 within)"


def pictures(browser: Browser, address: str, folder: Path) -> None:
    """Write pictures of the demo in use."""
    for name, (width, height) in SIZES.items():
        for colours in ("light", "dark"):
            page = browser.new_page(viewport={"width": width, "height": height})
            chromium.use_colours(page, colours)
            start(page, address)
            digits, *place = HANDS["round, large, upright"]
            drawn(page, [placed(stroke, *place) for stroke in digits[3]])
            path = folder / f"demo-{name}-{colours}.png"
            page.locator(".demo").screenshot(path=path)
            page.close()


def main() -> None:
    """Serve a built site, and try its demo."""
    site, *folders = [Path(argument) for argument in sys.argv[1:]]
    with served(site.parent) as host, sync_playwright() as playwright:
        browser, base = chromium.launch(playwright), f"{host}/{site.name}"
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        start(page, base + POST)
        for text in report(page):
            print(text)
        for folder in folders:
            pictures(browser, base + POST, folder)
        browser.close()


if __name__ == "__main__":
    main()
