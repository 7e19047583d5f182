"""Names of figure files: no two figures of a post share one, whatever its cells are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

from post_builder.files import digest

_MAX_STEM = 100
"""Characters of a file name, which may have 255 bytes with its extension."""

_DEVICE = re.compile(r"(?:con|prn|aux|nul|(?:com|lpt)\d)(?:\..*)?", re.IGNORECASE)
"""What Windows takes for a device, whatever its extension."""


class FigureNames:
    """Gives out the paths of one post's figures, without extensions, cell after cell."""

    def __init__(self, folder: str, cells: Iterable[str]) -> None:
        """Reserve a name for each cell; cells whose own name fits come first.

        Args:
            folder: of its figures, relative to the site's root.
            cells: the names of all its cells.
        """
        self.folder = folder
        self._stems: dict[str, str] = {}
        self._taken: set[str] = set()
        """Names that are given out or reserved for a cell, without case: not all systems tell."""
        names = list(cells)
        for name in sorted(names, key=lambda name: _portable(name) != name):
            stem = _portable(name)
            if stem.casefold() in self._taken:
                stem = f"{stem}-{digest(name)[:8]}"
            self._stems[name] = stem
            self._taken.add(stem.casefold())

    def of(self, cell: str, count: int) -> list[str]:
        """Return the paths of all figures of a cell: they end in `loss`, or `loss-1` and `loss-2`.

        Where one of these is the name of another cell, they get one more dash.
        """
        stem, dash = self._stems[cell], "-"
        if count == 1:
            return [f"{self.folder}/{stem}"]
        while True:
            names = [f"{stem}{dash}{number}" for number in range(1, count + 1)]
            if self._taken.isdisjoint(name.casefold() for name in names):
                self._taken.update(name.casefold() for name in names)
                return [f"{self.folder}/{name}" for name in names]
            dash += "-"

    def may_give(self, cell: str, name: str) -> bool:
        """Return whether a figure of a cell may get a name."""
        stem = re.escape(self._stems[cell])
        return re.fullmatch(rf"{stem}(?:-+\d+)?", name, re.IGNORECASE) is not None


def _portable(name: str) -> str:
    """Return a name that is a file name on every system."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip(".")[:_MAX_STEM] or "figure"
    return f"{stem}-" if _DEVICE.fullmatch(stem) else stem
