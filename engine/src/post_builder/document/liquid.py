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


_MARKUP = re.compile(
    r"""\{%-?\s*(?P<block>raw|comment|highlight)\b(?P<after>[^%]*)%\}
          (?P<content>.*?)(?:\{%-?\s*end(?P=block)\s*-?%\}|\Z)
      |(?P<start>^[ \t>]*)?\{%-?\s*(?P<tag>\w*)(?:[^%{]|%(?!\})|\{(?!%))*+%\}(?P<end>[ \t]*$)?
      |\{\{(?:[^{}]|\}(?!\})|\{(?!\{))*+\}\}""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


def without_liquid(text: str) -> str:
    """Return about what Liquid makes of a text, for kramdown to read; lines keep their numbers."""
    return _MARKUP.sub(_rendered, text)


def _rendered(found: re.Match[str]) -> str:
    lines = "\n" * found.group().count("\n")
    if found["block"] == "raw":
        return found["content"]
    if found["block"]:
        return lines if found["block"] == "comment" else f"<figure>{lines}</figure>"
    if found["tag"] is None:
        return f"x{lines}"
    if found["tag"] == "include" and found["start"] is not None and found["end"] is not None:
        return f"{found['start']}<figure>{lines}</figure>"
    return f"{found['start'] or ''}{'x' if found['tag'] == 'include' else ''}{lines}"


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
