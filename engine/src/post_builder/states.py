"""What tells one state of a file, or of the environment, from any other.

The state of a file includes its inode and `ctime`, which no program sets: neither an older date of
the file nor a clock that was set back makes another file look like it. This module imports next to
nothing, for in a build with nothing to do most of the time goes into imports.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

SETTLED = 0.1
"""Seconds after which a file that changes again has another `ctime`, on any file system."""

_FAMILIES = ("PYTHON", "JUPYTER", "XDG_", "GIT_")
"""How the names of variables begin that say where kernels and packages are."""

_VARIABLES = frozenset({"PATH", "HOME", "VIRTUAL_ENV", "APPDATA", "PROGRAMDATA", "TZ"})
"""Other such variables, and the one that says what the date is."""


def stat_of(path: str) -> os.stat_result | None:
    """Return what the system says about a file; None if it is not there."""
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def state_of(found: os.stat_result | None) -> str:
    """Return what tells one state of a file or folder from any other."""
    if found is None:
        return "missing"
    times = f"{found.st_mtime_ns}:{found.st_ctime_ns}"
    return f"{found.st_dev}:{found.st_ino}:{found.st_mode}:{found.st_size}:{times}"


def settled_states(paths: Iterable[str], time: float) -> dict[str, str] | None:
    """Return the states of files; None if one may have changed since a time, in seconds.

    The system's clock for files takes steps: a file that changed twice within one looks the same.
    """
    states = {}
    for path in paths:
        found = stat_of(path)
        if found and max(found.st_mtime, found.st_ctime) > time - SETTLED:
            return None
        states[path] = state_of(found)
    return states


def environment() -> list[str]:
    """Return where this process works, by which Python, and what says where packages are."""
    named = sorted(
        f"{name}={text}"
        for name, text in os.environ.items()
        if name in _VARIABLES or name.startswith(_FAMILIES)
    )
    return [sys.version, sys.executable, os.getcwd(), *named]


def code_folders() -> set[str]:
    """Return the folders with the modules of the engine, which differs while it is developed."""
    files = [
        str(getattr(module, "__file__", "") or "")
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "post_builder"
    ]
    return {os.path.dirname(file) for file in files if file}
