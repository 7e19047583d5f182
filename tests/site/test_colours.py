"""Colours, by the numbers of WCAG 2: text 7:1 (AAA), what only marks a place 3:1."""

from __future__ import annotations

import re
from itertools import product

import pytest

from .conftest import ROOT

TEXT = ["ink", "muted", "link", "accent", "good", "warn", "bad", "cyan", "keyword"]
CODE = ["ink", "muted", "keyword", "string", "number", "link", "builtin", "good", "bad"]


def palette(name: str) -> dict[str, str]:
    """The colours of a mixin of the style sheet, by name."""
    sheet = (ROOT / "_sass/site/_tokens.scss").read_text(encoding="utf-8")
    (body,) = re.findall(rf"@mixin {name} \{{(.*?)\n\}}", sheet, re.DOTALL)
    return dict(re.findall(r"--(\w+): (#\w+);", body))


def luminance(colour: str) -> float:
    """Relative luminance of #rgb or #rrggbb."""
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    channels = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_reads_on_every_ground(scheme: str) -> None:
    """Text has at least 7:1 on page, card and code."""
    colours = palette(scheme)
    pairs = [*product(TEXT, ["paper", "card"]), *product(CODE, ["code"]), ("ink", "mark")]
    low = {pair: contrast(*(colours[name] for name in pair)) for pair in pairs}
    assert {pair: ratio for pair, ratio in low.items() if ratio < 7} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_can_be_seen(scheme: str) -> None:
    """What marks a place without words has at least 3:1."""
    colours = palette(scheme)
    assert contrast(colours["edge"], colours["paper"]) >= 3
    assert contrast(colours["edge"], colours["card"]) >= 3


def test_both_schemes_name_the_same_colours() -> None:
    """No colour of one scheme is forgotten in the other."""
    assert palette("light").keys() == palette("dark").keys()


def test_contrast_of_known_colours() -> None:
    """Black on white is 21:1, and grey #767676 on white just passes AA."""
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.005)
