"""Working on a site alone: one build at a time, and none over what a killed one left behind."""

from __future__ import annotations

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from post_builder.errors import FileError
from post_builder.files import operations
from post_builder.files.swap import is_swap, settle
from post_builder.files.writing import is_unfinished, unused
from post_builder.pipeline.made.aside import put_back_left
from post_builder.pipeline.made.files import left_behind
from post_builder.pipeline.undo import keep_copy, own_folder
from post_builder.place import Place
from post_builder.site import Site

_POLL = 0.1
"""Seconds between two looks at the lock."""

Say = Callable[[str], None]
"""Tells the author something while a command waits."""


@contextmanager
def session(site: Site, command: str, say: Say) -> Iterator[list[Path]]:
    """Wait until no other command changes the site; the lock goes with the process.

    Yields the posts of the site as they are then.

    Args:
        site: to be changed.
        command: what others are told while they wait.
        say: told for whom this one waits, once.

    Raises:
        FileError: if the lock cannot be taken, or what a killed build left cannot be removed.
    """
    lock = _lock(site)
    try:
        for _ in _refused(site, lock, say):
            time.sleep(_POLL)
        yield _begin(site, command)
    finally:
        _end(site, lock)


@asynccontextmanager
async def async_session(site: Site, command: str, say: Say) -> AsyncIterator[None]:
    """Wait as `session` does, while other tasks go on."""
    import asyncio  # noqa: PLC0415  # `session` does without

    lock = _lock(site)
    try:
        for _ in _refused(site, lock, say):
            await asyncio.sleep(_POLL)
        _begin(site, command)
        yield
    finally:
        _end(site, lock)


def _lock(site: Site) -> FileLock:
    return FileLock(_own_file(site, "lock"))


def _refused(site: Site, lock: FileLock, say: Say) -> Iterator[None]:
    """Try to take the lock; yield each time that another process has it."""
    said = False
    while True:
        _own_file(site, "lock")  # a link may have taken the place of its folder meanwhile
        try:
            lock.acquire(blocking=False)
        except Timeout:
            if not said:
                say(f"waiting for {_holder(site)}, which is at work on this site")
            said = True
            yield
        except OSError as error:
            raise FileError.of(
                error, "cannot be locked", site.relative(own_folder(site))
            ) from error
        else:
            return


def _begin(site: Site, command: str) -> list[Path]:
    """Leave word of who holds the lock, and settle what a killed build left behind.

    Returns:
        The posts of the site.
    """
    holder = {"process": os.getpid(), "command": command}
    with suppress(OSError):  # others wait as well without a name
        _holder_file(site).write_text(json.dumps(holder), encoding="utf-8")
    put_back_left(site)
    own = (path for path in own_folder(site).glob("*.tmp") if is_unfinished(path))
    listed = list(site.posts())
    left = [*own, *left_behind(site, listed)]
    for path in left:
        try:
            _settle(site, path)
        except FileNotFoundError:  # a command that needs no lock had not finished it
            continue
        except OSError as error:
            raise FileError.of(error, "cannot be removed", site.relative(path)) from error
    return list(site.posts()) if left else listed  # a post may have its text back


def _settle(site: Site, left: Path) -> None:
    """Finish or remove what a killed command left, unless one is at work on it."""
    with unused(left) as is_free:
        if is_free and is_swap(left):
            settle(left, lambda name, data: _keep(site, name, data))
        elif is_free:
            operations.discard(left)


def _end(site: Site, lock: FileLock) -> None:
    if lock.is_locked:
        with suppress(OSError, FileError):  # the site's folder may be gone
            _holder_file(site).unlink(missing_ok=True)
        lock.release()


def _holder_file(site: Site) -> Path:
    return _own_file(site, "holder.json")


def _own_file(site: Site, name: str) -> Path:
    """Return the path of a file that is emptied when it is opened.

    Raises:
        FileError: if a symbolic link is there, which would lead to another file.
    """
    path = own_folder(site) / name
    if path.is_symlink():
        message = "there is a symbolic link here, and the file it leads to would be overwritten"
        raise FileError(message, Place(site.relative(path)), "remove the link")
    return path


def _holder(site: Site) -> str:
    """Name the process that has the lock, as far as it left word of itself."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        holder = json.loads(_holder_file(site).read_text(encoding="utf-8"))
        command = "".join(filter(str.isprintable, str(holder["command"])))
        return f"`post-builder {command}` (process {int(holder['process'])})"
    return "another command"


def _keep(site: Site, name: str, data: bytes) -> None:
    keep_copy(site, Path(name).stem, name, data)
