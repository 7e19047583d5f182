"""Letting two files change places, also where the system has no call for that."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from post_builder.files import operations

OLD = "-old"
"""Ends the name of the author's file while it has two."""


def exchange(own: Path, path: Path) -> bool:
    """Let a file of the engine's and one that its author may save at this moment change places.

    Where the system has no call for that, the author's file gets a second name first, and keeps
    what is saved into it until the end. A file that is put into its place by a rename is lost if
    that happens between the last look and the engine's rename, which is the next call.

    Args:
        own: the engine's file.
        path: the author's, in the same folder.

    Returns:
        False where the file system has no second names either.
    """
    if operations.exchange(own, path):
        return True
    old = own.with_name(f"{own.stem}{OLD}{own.suffix}")
    if not operations.link(path, old):
        return False
    try:
        while not operations.is_same(path, old):
            operations.discard(old)
            operations.link(path, old)
        operations.rename(own, path)
    except OSError:
        with suppress(FileNotFoundError):
            operations.discard(old)
        raise
    operations.rename(old, own)
    return True
