"""Text outputs, the same wherever and whenever they are made."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from post_builder.execution.run import Elsewhere
from post_builder.rendering.text.scrubbing import scrub, scrub_log
from post_builder.rendering.text.terminal import CONTROL, settle, without_colours
from post_builder.site import Site

_LIBRARY = re.compile(r"\AFile \S*/(?:site-packages|dist-packages|lib/python3[\d.]*)/(\w+)")
"""How IPython begins a frame of a traceback that is not in a cell."""


class TextCleaner(Struct, frozen=True):
    """Cleans the text outputs of one post; colours stay in them."""

    site: Site
    names: Mapping[int, str]
    """Names of cells by the number that tracebacks give them."""
    elsewhere: Elsewhere | None = None
    """Where the post ran, if not on this machine."""

    def scrubbed(self, text: str) -> str:
        """Remove from an output what belongs to the machine on which the post ran."""
        if self.elsewhere:
            return scrub(text, self.elsewhere.root, self.elsewhere.machine)
        return scrub(text, self.site.root)

    def text(self, text: str) -> str:
        """Clean a text output, and cut it if it is longer than the limit."""
        return self._cut(self.line(settle(text).removesuffix("\n")))

    def line(self, text: str) -> str:
        """Clean a text that is not a terminal's, such as a value or the source of a formula."""
        return CONTROL.sub("\ufffd", self.scrubbed(text))

    def log(self, text: str) -> str:
        """Clean what was written to stderr: process numbers, times and durations go as well."""
        return self.text(scrub_log(text))

    def traceback(self, frames: Sequence[str]) -> str:
        """Clean a traceback: cells have their names, frames of libraries are counted."""
        text = "\n".join(_without_libraries(frames))
        text = "\n".join(line.rstrip() for line in text.split("\n"))  # of empty lines of code
        return self.text(
            re.sub(r"Cell In\[(\d{1,9})\]", lambda m: f"Cell {self._name(m[1])}", text)
        )

    def _name(self, number: str) -> str:
        return self.names.get(int(number), number)

    def _cut(self, text: str) -> str:
        limit = self.site.settings.output_limit
        plain = without_colours(text)
        if len(plain) <= limit:
            return text
        return f"{plain[:limit]}\n… {len(plain) - limit:,} more characters not shown"


def _without_libraries(frames: Sequence[str]) -> Iterator[str]:
    """Replace the frames of an installed package by their number: readers look for their own."""
    for package, run in groupby(frames, _package):
        if package is None:
            yield from run
        else:
            count = len(list(run))
            yield f"… {count} frame{'s' if count > 1 else ''} in {package}"


def _package(frame: str) -> str | None:
    """Return the installed package whose code a frame of a traceback is in."""
    found = _LIBRARY.match(without_colours(frame))
    return found[1] if found else None
