"""Writing a file through a temporary one, so that it is whole at every moment."""

from __future__ import annotations

import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from post_builder.files import operations
from post_builder.files.exchanging import OLD, exchange
from post_builder.files.locks import lock

PREFIX, SUFFIX = ".post-builder-", ".tmp"
"""What the names of temporary files start and end with."""

_UNFINISHED = re.compile(rf"\.post-builder-[a-z0-9_]{{8}}(?:{OLD})?\.tmp")
"""The name of a file that was being written."""

_LONG_AGO = 3600
"""Seconds; no write of a file takes as long."""


def write_atomically(path: Path, data: bytes) -> bool:
    """Write a file through a temporary file and a rename; return whether it changed.

    A file that has this content already is not touched, so that Jekyll sees no change. The file
    and the folder's entry for it are on disk when this returns.

    Args:
        path: the file, without symbolic links.
        data: its content.
    """
    if path.is_file() and operations.read(path) == data:
        return False
    make_folders(path.parent)
    with temporary_file(path, data) as temporary:
        operations.rename(temporary, path)
    operations.sync_folder(path.parent)
    return True


def write_over(path: Path, data: bytes, keep: Callable[[bytes], object]) -> None:
    """Write a file as `write_atomically` does, and lose nothing that was saved there meanwhile.

    Args:
        path: the file, without symbolic links.
        data: its new content.
        keep: called with the content that was replaced, if there was any.
    """
    if path.is_file() and operations.read(path) == data:
        return
    make_folders(path.parent)
    with temporary_file(path, data) as temporary:
        while not _placed(temporary, path, keep):
            pass
    operations.sync_folder(path.parent)


def _placed(temporary: Path, path: Path, keep: Callable[[bytes], object]) -> bool:
    """Put a file into its place; return False if the place was taken, or left, at this moment."""
    if not os.path.lexists(path):
        with suppress(FileExistsError):
            operations.rename_new(temporary, path)
            return True
        return False
    try:
        exchanged = exchange(temporary, path)
    except FileNotFoundError:
        if not temporary.exists():
            raise
        return False
    if not exchanged:
        keep(operations.read(path))
        operations.rename(temporary, path)
        return True
    try:
        keep(operations.read(temporary))
    except BaseException:
        exchange(temporary, path)
        raise
    operations.discard(temporary)
    return True


def create(path: Path, data: bytes) -> None:
    """Write a file that is not there yet.

    Raises:
        FileExistsError: if there is one, whatever it holds.
    """
    path = path.parent.resolve() / path.name
    make_folders(path.parent)
    with temporary_file(path, data) as temporary:
        operations.rename_new(temporary, path)
    operations.sync_folder(path.parent)


def make_folders(folder: Path) -> None:
    """Create a folder and those above it; they are on disk when this returns.

    Raises:
        NotADirectoryError: if there is something else in the place of one.
    """
    if folder.is_dir():
        return
    make_folders(folder.parent)
    try:
        operations.make_folder(folder)
    except FileExistsError as error:
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), folder) from error
    operations.sync_folder(folder.parent)


def remove_empty_folders(path: Path, root: Path) -> None:
    """Remove the folders above a file that is gone, up to the first with something in it."""
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        operations.remove_folder(folder)


@contextmanager
def temporary_file(path: Path, data: bytes) -> Iterator[Path]:
    """Write what will become a file, beside it, and with its permissions.

    It is locked until the context is left, so that no other command takes it for one that a killed
    command left behind; and it is removed if the context fails.
    """
    mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
    handle, temporary = operations.open_temporary(path.parent, PREFIX, SUFFIX)
    try:
        operations.write(handle, data)
        operations.sync(handle)
        operations.set_mode(temporary, mode)
        if os.name != "posix":  # where no open file can be renamed, nor locked
            os.close(handle)
        yield temporary
    except BaseException:
        with suppress(FileNotFoundError):
            operations.discard(temporary)
        raise
    finally:
        if os.name == "posix":
            os.close(handle)


@contextmanager
def unused(temporary: Path) -> Iterator[bool]:
    """Provide whether no process is writing a temporary file; none begins in this context."""
    try:
        handle = os.open(temporary, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except PermissionError:
        yield True
        return
    try:
        yield lock(handle)
    finally:
        os.close(handle)


def is_unfinished(path: Path) -> bool:
    """Return whether a file is what a build that was killed had not finished writing."""
    return _UNFINISHED.fullmatch(path.name) is not None


def remove_unfinished(folder: Path) -> None:
    """Remove what commands that were killed long ago had not finished writing in a folder.

    One that is not killed may be writing there now. What cannot be removed stays.
    """
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with suppress(OSError):
            found = path.lstat()
            is_old = time.time() - found.st_mtime > _LONG_AGO
            if is_unfinished(path) and stat.S_ISREG(found.st_mode) and is_old:
                operations.discard(path)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
