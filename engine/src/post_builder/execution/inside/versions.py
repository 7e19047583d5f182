"""Looks up the versions of installed packages, in the engine and in the Python of another kernel.

`importlib.metadata` takes longer to import than a build with nothing to do may take, and reads each
description whole. This reads the names of metadata folders and the first lines of some files.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Iterator

_VERSION = re.compile(rb"^Version:[ \t]*(\S+)", re.MULTILINE)

_HEAD = 4096
"""Bytes that hold the version; a long description comes after it."""

_FILES = {".dist-info": ("METADATA",), ".egg-info": ("PKG-INFO", "")}
"""For each kind of metadata the file that holds the version; some eggs are a file themselves."""


def installed_versions(names: Iterable[str], folders: Iterable[str]) -> dict[str, str | None]:
    """Return the version of each distribution; None for one that is not installed.

    Args:
        names: of distributions.
        folders: in which they may be, as in `sys.path`: the first one counts.
    """
    wanted = {normalised(name): name for name in names}
    found: dict[str, str | None] = dict.fromkeys(wanted.values())
    for folder in dict.fromkeys(folders):
        for name, version in _distributions(folder or ".", wanted):
            if found[wanted[name]] is None:
                found[wanted[name]] = version
    return found


def normalised(name: str) -> str:
    """Return the name of a distribution, equal for all its spellings."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distributions(folder: str, wanted: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield the distributions in a folder that are wanted, by their normalised names."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return
    for entry in entries:
        stem, kind = os.path.splitext(entry)
        name = normalised(stem.partition("-")[0])
        if kind in _FILES and name in wanted:
            version = _version(os.path.join(folder, entry), _FILES[kind])
            if version:
                yield name, version


def _version(path: str, names: Iterable[str]) -> str:
    for name in names:
        try:
            with open(os.path.join(path, name).rstrip(os.sep), "rb") as file:
                found = _VERSION.search(file.read(_HEAD))
        except OSError:
            continue
        if found:
            return found[1].decode("utf-8", "replace")
    return ""


if __name__ == "__main__":  # in the Python of a kernel
    given, added = json.load(sys.stdin)
    answer = [sys.version.split()[0], installed_versions(given, [*added, *sys.path])]
    sys.stdout.write(json.dumps(answer))
