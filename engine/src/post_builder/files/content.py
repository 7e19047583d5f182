"""The content of files: text, its line endings, and digests that identify it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from post_builder.errors import FileError, PostError
from post_builder.place import Place


def read_text(path: Path, name: str) -> str:
    """Read UTF-8 exactly: no newline is translated, no byte order mark dropped.

    Args:
        path: the file.
        name: how errors name it.

    Raises:
        FileError: if the file cannot be read.
        PostError: if the bytes are not UTF-8, with the line.
    """
    data = read_bytes(path, name)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PostError("not UTF-8", Place(name, line), "save the post as UTF-8") from error


def read_bytes(path: Path, name: str) -> bytes:
    """Read a file.

    Raises:
        FileError: if it is not there, not a file, or may not be read.
    """
    try:
        if path.exists() and not path.is_file():  # opening a pipe would wait for its writer
            raise FileError("cannot be read: it is not a file", Place(name))
        return path.read_bytes()
    except OSError as error:
        raise FileError.of(error, "cannot be read", name) from error


def digest(data: bytes | str) -> str:
    """Return 32 hexadecimal digits (BLAKE2b) that identify some content.

    A text may hold names of files that are not UTF-8, as Python represents them.
    """
    data = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    read = incremental_digest()
    read.update(data)
    return read.hexdigest()


def incremental_digest() -> hashlib.blake2b:
    """Return what computes the `digest` of content that is read in parts."""
    return hashlib.blake2b(digest_size=16)


def unix_newlines(text: str) -> str:
    r"""Return a text with `\n` for every line ending, which git may translate."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
