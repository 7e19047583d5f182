"""What a run did with files, as the observer in the kernel noted it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Observations:
    """Absolute paths of files and folders."""

    read: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()

    def and_read(self, paths: Iterable[str]) -> Observations:
        """Return the observations with more files that were read."""
        return replace(self, read=self.read.union(paths))


def read_log(log: Path) -> Observations:
    """Read what the observer wrote: per entry a kind, a space, a path, and a zero byte."""
    if not log.exists():
        return Observations()
    kinds: dict[str, set[str]] = {"r": set(), "d": set(), "w": set()}
    for entry in os.fsdecode(log.read_bytes()).split("\0"):
        if entry:
            kinds[entry[0]].add(entry[2:])
    return Observations(*(frozenset(kinds[kind]) for kind in "rdw"))
