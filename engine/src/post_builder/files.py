"""Reading and writing files so that each is whole at every moment, and known by a digest."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Any

import yaml

from post_builder.errors import Place, PostError


def load_yaml(text: str) -> Any:  # noqa: ANN401  # YAML holds anything
    """Read YAML with the parser in C, which matters for a build that has nothing to do.

    Raises:
        yaml.YAMLError: where it is none.
    """
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def read_text(path: Path, shown: str) -> str:
    """Read UTF-8 as it is: no newline is translated, no byte order mark dropped.

    Raises:
        PostError: where the bytes are not UTF-8, with the line.
    """
    data = path.read_bytes()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PostError("not UTF-8", Place(shown, line), "save the post as UTF-8") from error


def write_atomically(path: Path, data: bytes) -> bool:
    """Give a file new content through a temporary file and a rename; return whether it changed.

    A file that has that content already is not touched, so that Jekyll sees no change.
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
        os.chmod(temporary, mode)  # noqa: PTH101  # mkstemp gives a string
        os.replace(temporary, path)  # noqa: PTH105  # same
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def digest(data: bytes | str) -> str:
    """Name some content by 32 hexadecimal digits."""
    data = data.encode() if isinstance(data, str) else data
    return hashlib.blake2b(data, digest_size=16).hexdigest()
