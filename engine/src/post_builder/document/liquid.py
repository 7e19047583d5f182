"""What Liquid would take for its own, in code and around it."""

from __future__ import annotations

import re

TAG = re.compile(r"\{[{%]")
"""The start of a tag or of an output."""
BLOCK = re.compile(
    r"\{%-?\s*(?P<tag>raw|comment)\s*-?%\}(?P<content>.*?)(?:\{%-?\s*end(?P=tag)\s*-?%\}|\Z)",
    re.DOTALL,
)
"""A block whose content Liquid does not look at, or drops."""
END_RAW = re.compile(r"\{%-?\s*endraw\s*-?%\}")
"""The tag that ends a Liquid raw block, wherever it stands."""


def liquid_problem(name: str) -> tuple[str, str]:
    """Give the message and the cure for code that Jekyll would mangle."""
    return (
        f"Liquid would mangle this line of cell {name}",
        "put {% raw %} on a line above the cell and {% endraw %} under it and its options",
    )


def first_liquid_line(code: str, *, in_raw: bool) -> int | None:
    """Return the first line of some code, counted from 1, that Liquid would take for its own."""
    found = (END_RAW if in_raw else TAG).search(code)
    return code.count("\n", 0, found.start()) + 1 if found else None
