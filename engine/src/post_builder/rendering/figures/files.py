"""The files that cells make."""

from __future__ import annotations

from msgspec import Struct


class Figure(Struct, frozen=True):
    """A file that a cell made."""

    cell: str
    """Name of the cell."""
    path: str
    """Relative to the site's root."""
    data: bytes
    width: int = 0
    """CSS pixels; 0 if unknown."""
    height: int = 0
    """CSS pixels; 0 if unknown."""
