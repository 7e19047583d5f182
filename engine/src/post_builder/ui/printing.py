"""Printing text that may come from anywhere: names of files, what cells printed, tracebacks."""

from __future__ import annotations

import os
import re
import sys
from typing import TextIO

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""Characters that could act on a terminal or turn the order of others, and halves of characters
that no terminal can show."""

_COMMAND = re.compile(r"^(?P<space>[^\S\n]*):(?=:)|#(?=#\[)", re.MULTILINE)
"""How a line starts, or has in it, that GitHub Actions takes for a command."""


def visible(text: str) -> str:
    r"""Return a text in which what acts on a terminal or a workflow is written out, as `\x1b`."""
    text = _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)
    if os.environ.get("GITHUB_ACTIONS") == "true":
        text = _COMMAND.sub(lambda found: _spelt(found.group()), text)
    return text


def _spelt(text: str) -> str:
    """Write the mark at the end of a text by its number."""
    return rf"{text[:-1]}\x{ord(text[-1]):02x}"


def show(text: object, stream: TextIO | None = None) -> None:
    """Print a text, by default on standard output, so that it can only be read."""
    print(visible(str(text)), file=stream or sys.stdout, flush=True)
