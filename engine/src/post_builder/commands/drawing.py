"""Guessing which code draws, so that a figure that nobody has seen yet asks for its words."""

from __future__ import annotations

import re

_DRAWS = re.compile(
    r"\b(?:plt|pyplot|sns)\.(?!style\b|rc|figure\(\s*\)\s*$|set_|close)\w+\("
    r"|\.(?:plot|hist|boxplot|imshow|scatter|barh?|pie|heatmap)(?:\.\w+)?\(|\bImage\("
)


def draws(code: str) -> bool:
    """Return whether some code is likely to draw."""
    return _DRAWS.search(code) is not None
