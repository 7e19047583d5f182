"""What a run did with files, as the observer in the kernel noted it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace


class Observations(Struct, frozen=True):
    """Absolute paths of files and folders."""

    read: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()

    states: Mapping[str, frozenset[tuple[str, ...]]] = field(default_factory=dict)
    """For files that were read, the states they had at each opening, as `file_state` gives them;
    for folders that were listed, the names that were in them each time."""

    def __or__(self, other: Observations) -> Observations:
        """Return what either has observed."""
        paths = self.states.keys() | other.states.keys()
        none: frozenset[tuple[str, ...]] = frozenset()
        return Observations(
            self.read | other.read,
            self.listed | other.listed,
            self.written | other.written,
            {path: self.states.get(path, none) | other.states.get(path, none) for path in paths},
        )

    def and_read(self, paths: Iterable[str]) -> Observations:
        """Return the observations with more files that were read, in an unknown state."""
        return replace(self, read=self.read.union(paths))

    def and_written(self, paths: Iterable[str]) -> Observations:
        """Return the observations with more files that were written."""
        return replace(self, written=self.written.union(paths))


def file_state(path: Path) -> str:
    """Return what tells one state of a file from another, in the form that the observer notes."""
    try:
        now = path.stat()
    except OSError:
        return "missing"
    return f"{now.st_dev}:{now.st_ino}:{now.st_size}:{now.st_mtime_ns}:{now.st_ctime_ns}"


def are_notes(data: bytes) -> bool:
    """Return whether all entries of a log have the form that the observer gives them."""
    entries = data.removesuffix(b"\0\0").split(b"\0\0") if data else []
    return all(entry[:2] in {b"r\0", b"d\0", b"w\0"} for entry in entries)


def parse_log(data: bytes) -> Observations:
    """Read what the observer wrote: entries of a kind, a path and details, as it describes them."""
    kinds: dict[str, set[str]] = {"r": set(), "d": set(), "w": set()}
    states: dict[str, set[tuple[str, ...]]] = {}
    for entry in os.fsdecode(data).split("\0\0"):
        if entry:
            kind, path, *details = entry.split("\0")
            kinds[kind].add(path)
            if kind != "w":
                states.setdefault(path, set()).add(tuple(details))
    frozen = {path: frozenset(found) for path, found in states.items()}
    read, listed, written = (frozenset(kinds[kind]) for kind in "rdw")
    return Observations(read, listed, written, frozen)
