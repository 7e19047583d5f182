"""The files of figures, and their names: no two share one, whatever their cells are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
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


@dataclass(slots=True)
class FileNames:
    """Gives the files of a post's cells their names."""

    folder: str
    """Relative to the site's root."""
    cells: frozenset[str]
    """The names of all cells, without case: some systems have none in file names."""
    taken: set[str] = field(default_factory=set)
    """The names given so far, without case."""

    @classmethod
    def of(cls, folder: str, cells: Iterable[str]) -> FileNames:
        """Prepare to name the files of some cells."""
        return cls(folder, frozenset(map(str.casefold, cells)))

    def stems(self, cell: str, count: int) -> list[str]:
        """Return the paths of a cell's files without their extension, in order.

        A single file has the name of its cell; several are numbered. More hyphens keep a name
        apart from that of another cell.
        """
        cell = cell.replace(":", "-")  # which ends a file name on Windows
        if count == 1:
            names = [self._free(cell, "", frozenset())]
        else:
            names = [self._free(cell, f"-{number}", self.cells) for number in range(1, count + 1)]
        return [f"{self.folder}/{name}" for name in names]

    def _free(self, cell: str, ending: str, others: frozenset[str]) -> str:
        while (name := f"{cell}{ending}").casefold() in self.taken | others:
            ending = f"-{ending}"
        self.taken.add(name.casefold())
        return name
