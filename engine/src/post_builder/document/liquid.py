"""What Liquid would interpret, in code and around it."""

from __future__ import annotations

import re

TAG = re.compile(r"\{[{%]")
"""The start of a tag or of an output."""

BLOCK = re.compile(
    r"\{%-?\s*(?P<tag>raw|comment)\s*-?%\}(?P<content>.*?)(?:\{%-?\s*end(?P=tag)\s*-?%\}|\Z)",
    re.DOTALL,
)
"""A block whose content Liquid does not interpret, or drops."""

END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
"""The tag that ends a raw block, wherever it is."""


def liquid_problem(name: str) -> tuple[str, str]:
    """Return the message and the hint for code that Jekyll would change."""
    return (
        f"Liquid would interpret this line of cell {name}",
        "put {% raw %} on a line above the cell and {% endraw %} below it and its options",
    )


def first_liquid_line(code: str, *, in_raw: bool) -> int | None:
    """Return the first line of some code, counted from 1, that Liquid would interpret."""
    found = (END_RAW if in_raw else TAG).search(code)
    return code.count("\n", 0, found.start()) + 1 if found else None
