"""Where something is: a line of a file, as errors and findings name it."""

from __future__ import annotations

from msgspec import Struct


class Place(Struct, frozen=True):
    """A line of a file, or a file as a whole."""

    path: str
    """Relative to the site's root, with forward slashes."""
    line: int | None = None
    """Counted from 1; None where the file as a whole is meant."""
    source: str = ""
    """The text of that line."""

    def __str__(self) -> str:
        """Return `path:line`, which editors and terminals turn into a link."""
        return self.path if self.line is None else f"{self.path}:{self.line}"
