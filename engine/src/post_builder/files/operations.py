"""Every change that the engine makes to a file system, one function per system call.

All of it goes through this module, so that tests can let each call fail, or save a file between
two of them. Callers follow symbolic links first. So a link above a file has come since then: the
folder was moved, and nothing is changed where the link leads.
"""

from __future__ import annotations

import errno
import os
import tempfile
from pathlib import Path

from post_builder.files.locks import lock

_NO_REPLACE, _EXCHANGE = 1, 2
"""Flags of renameat2 in Linux."""

_HERE = -100
"""AT_FDCWD of Linux: relative paths start in the working directory."""

_NOT_SUPPORTED = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP}
"""What Linux reports where the kernel or the file system has no renameat2."""

_NO_LINKS = {*_NOT_SUPPORTED, errno.EPERM, errno.EMLINK}
"""What systems report where a file cannot have a second name."""


def make_folder(path: Path) -> None:
    """Create a folder whose parent exists."""
    _refuse_moved(path)
    path.mkdir(exist_ok=True)


def open_temporary(folder: Path, prefix: str, suffix: str) -> tuple[int, Path]:
    """Create a file of a name that no other has, and lock it; return its descriptor and path."""
    _refuse_moved(folder / prefix)
    while True:
        handle, name = tempfile.mkstemp(suffix, prefix, folder)
        if lock(handle) and os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)  # another command took it for one that was left behind


def write(handle: int, data: bytes) -> None:
    """Write all of some data."""
    with os.fdopen(handle, "wb", closefd=False) as file:
        file.write(data)


def sync(handle: int) -> None:
    """Wait until a file is on disk."""
    os.fsync(handle)


def set_mode(path: Path, mode: int) -> None:
    """Set the permissions of a file."""
    path.chmod(mode)


def rename(source: Path, target: Path) -> None:
    """Rename a file, over another one if there is one."""
    _refuse_moved(source, target)
    source.replace(target)


def rename_new(source: Path, target: Path) -> None:
    """Rename a file, but never over another one.

    Raises:
        FileExistsError: if there is one.
    """
    _refuse_moved(source, target)
    if _renameat2(source, target, _NO_REPLACE):
        return
    if link(source, target):
        remove(source)
        return
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    rename(source, target)


def link(path: Path, other: Path) -> bool:
    """Give a file a second name; return False where the file system has none.

    Raises:
        FileExistsError: if there is a file of that name.
    """
    _refuse_moved(path, other)
    try:
        os.link(path, other)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        return False
    return True


def is_same(path: Path, other: Path) -> bool:
    """Return whether two names are those of one file."""
    return path.samefile(other)


def exchange(first: Path, second: Path) -> bool:
    """Let two files change places at once; return False where the system cannot."""
    _refuse_moved(first, second)
    return _renameat2(first, second, _EXCHANGE)


def read(path: Path) -> bytes:
    """Read a file that the engine is about to replace or remove."""
    return path.read_bytes()


def remove(path: Path) -> None:
    """Remove a file."""
    _refuse_moved(path)
    path.unlink()


def discard(path: Path) -> None:
    """Remove a temporary file of the engine's, also from a folder that was moved meanwhile."""
    path.unlink()


def remove_folder(path: Path) -> None:
    """Remove an empty folder."""
    _refuse_moved(path)
    path.rmdir()


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power failure; Windows cannot, and need not."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _refuse_moved(*paths: Path) -> None:
    """Refuse to change something in a folder to which a symbolic link leads."""
    for path in paths:
        if os.path.realpath(path.parent) != str(path.parent):
            raise OSError(f"{path.parent} was moved, and a symbolic link is in its place")


def _renameat2(first: Path, second: Path, flag: int) -> bool:
    import ctypes  # noqa: PLC0415  # most builds replace nothing

    call = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if _is_linux() else None
    if call is None:
        return False
    if call(_HERE, os.fsencode(first), _HERE, os.fsencode(second), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _NOT_SUPPORTED:
        return False
    raise OSError(code, os.strerror(code), str(first), None, str(second))


def _is_linux() -> bool:
    return os.uname().sysname == "Linux" if os.name == "posix" else False
