"""Faults of the machine at one change to a file: refused, or the process killed there."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

from steps import steps

from post_builder.errors import PostBuilderError
from post_builder.site import OWN_FOLDER

KILLED = ("killed", "killed after", "killed while writing")
"""Faults after which nothing more happens."""

ERRORS = {
    "no space": errno.ENOSPC,
    "no permission": errno.EACCES,
    "input/output error": errno.EIO,
}
"""Faults that the system reports."""

FAULTS = (*ERRORS, *KILLED)


class KilledError(BaseException):
    """The process has ended: nothing that it would do afterwards happens."""


def disturbed(fault: str, number: int, work: Callable[[], object]) -> bool:
    """Do some work with a fault at one step; return whether there was such a step.

    A fault that the system reports may end the work with an error for the author, or be none of
    his business; an error of Python's own is a bug.
    """
    happened = False

    def act(step: int, name: str, arguments: tuple[object, ...]) -> None:
        nonlocal happened
        if step == number:
            happened = True
            if fault == "killed while writing" and name == "write":
                handle, data = cast("tuple[int, bytes]", arguments)
                os.write(handle, data[: len(data) // 2])
            fail(fault)

    def before(step: int, name: str, arguments: tuple[object, ...]) -> None:
        if happened and fault in KILLED:
            raise KilledError
        if fault != "killed after":
            act(step, name, arguments)

    def after(step: int, name: str, arguments: tuple[object, ...]) -> None:
        if fault == "killed after":
            act(step, name, arguments)

    with steps(before, after):
        try:
            work()
        except (PostBuilderError, KilledError):
            assert happened
    return happened


def fail(fault: str) -> None:
    """Raise what a fault raises."""
    if fault in KILLED:
        raise KilledError
    raise OSError(ERRORS[fault], os.strerror(ERRORS[fault]))


def site_tree(root: Path) -> dict[str, bytes]:
    """Return the content of every file outside the engine's folder; of records what lasts."""
    files = {}
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        if name.startswith(f"{OWN_FOLDER}/"):
            continue
        data = path.read_bytes()
        if name.startswith("_data/builds/") and path.suffix == ".json":
            data = json.dumps(json.loads(data) | {"run": None}).encode()
        files[name] = data
    return files


def contents(root: Path) -> set[bytes]:
    """Return what all the files of a site hold, the engine's folder with its copies included."""
    return {path.read_bytes() for path in _files(root)}


def unfinished(root: Path) -> list[str]:
    """Return the temporary files of a site, the engine's own included."""
    return [path.relative_to(root).as_posix() for path in root.rglob(".post-builder-*.tmp")]


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file())
