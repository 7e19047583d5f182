"""Reading the `data-source` of a cell."""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

from post_builder.errors import SnippetError

Kind = Literal["symbol", "region", "output"]

_GRAMMAR: dict[Kind, re.Pattern[str]] = {
    "output": re.compile(
        r"(?P<home>(?:[^/#.][^/#]*/)+[^/#.][^/#]*|[^/#.][^/#]*\.(?:md|markdown))\#(?P<name>[\w:-]+)"
    ),
    "symbol": re.compile(r"(?P<home>\w+(?:\.\w+)*):(?P<name>\w+(?:\.\w+)*)"),
    "region": re.compile(r"(?P<home>\w+(?:\.\w+)*)\#(?P<name>[\w-]+)"),
}
"""`path/to/post.md#cell`, `module:Qualified.name` and `module#region`.

The first form that fits counts: text with a slash, or with a post's extension, is not a module.
"""


class Reference(Struct, frozen=True):
    """What a `data-source` names."""

    kind: Kind
    home: str
    """A module; for an output the path of a post, relative to the site's root."""
    name: str
    """Of the symbol, the region, or the cell that printed the output."""


def parse_reference(text: str) -> Reference:
    """Read the `data-source` of a cell.

    Raises:
        SnippetError: if it has none of the three forms.
    """
    for kind, form in _GRAMMAR.items():
        if match := form.fullmatch(text):
            return Reference(kind, match["home"], match["name"])
    hint = "write module:Qualified.name, module#region, or path/to/post.md#cell"
    raise SnippetError(f"cannot read data-source {text!r}", hint=hint)
