"""Printing text that may come from anywhere: names of files, what cells printed, tracebacks."""

from __future__ import annotations

import re
import sys
from typing import TextIO

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that could act on a terminal, and halves of characters that no terminal can show."""


def visible(text: str) -> str:
    r"""Return a text in which characters that act on a terminal are written out, as `\x1b`."""
    return _CONTROL.sub(lambda found: repr(found.group())[1:-1], text)


def show(text: object, stream: TextIO | None = None) -> None:
    """Print a text, by default on standard output, so that it can only be read."""
    print(visible(str(text)), file=stream or sys.stdout, flush=True)
