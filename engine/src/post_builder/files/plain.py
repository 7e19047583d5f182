"""Telling plain files from what else can be in their place."""

from __future__ import annotations

import stat
from pathlib import Path


def is_plain(path: Path) -> bool:
    """Return whether a path is that of a plain file, in a folder that no symbolic link leads to.

    Args:
        path: absolute.
    """
    try:
        return stat.S_ISREG(path.lstat().st_mode) and path.resolve() == path
    except (OSError, RuntimeError):  # links that go round in a circle
        return False
