"""Reading and writing files so that each one is whole at every moment."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from post_builder.errors import PostError
from post_builder.place import Place


def read_text(path: Path, name: str) -> str:
    """Read UTF-8 exactly: no newline is translated, no byte order mark dropped.

    Args:
        path: the file.
        name: how errors name it.

    Raises:
        PostError: if the bytes are not UTF-8, with the line.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PostError("not UTF-8", Place(name, line), "save the post as UTF-8") from error


def write_atomically(path: Path, data: bytes) -> bool:
    """Write a file through a temporary file and a rename; return whether it changed.

    A file that has this content already is not touched, so that Jekyll sees no change. The file
    and the folder's entry for it are on disk when this returns.
    """
    path = path.resolve()
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
    handle, temporary = tempfile.mkstemp(".tmp", f".{path.name}.", path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)  # noqa: PTH101  # mkstemp returns a string
        os.replace(temporary, path)  # noqa: PTH105  # mkstemp returns a string
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)
    return True


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power failure; Windows cannot open folders, and need not."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def digest(data: bytes | str) -> str:
    """Return 32 hexadecimal digits (BLAKE2b) that identify some content.

    A text may hold names of files that are not UTF-8, as Python represents them.
    """
    data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def unix_newlines(text: str) -> str:
    r"""Return a text with `\n` for every line ending, which git may translate."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
