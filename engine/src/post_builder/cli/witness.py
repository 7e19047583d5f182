"""What a build looked at when it found nothing to do; the next one only looks whether it changed.

This module imports next to nothing, for in such a build most of the time goes into imports.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Self

from post_builder.states import code_folders, environment, settled_states, stat_of, state_of

if TYPE_CHECKING:
    from types import TracebackType

WITNESS = os.path.join(".post-builder", "unchanged")
"""The file in a site that keeps what was looked at."""

_FORMAT = "post-builder 1"

_SYSTEM = ("/proc/", "/sys/", "/dev/")
"""Where files change without anybody's doing."""

_READS = frozenset({"open", "os.listdir", "os.scandir"})
_PROCESSES = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system"})


def recall(arguments: Sequence[str]) -> str | None:
    """Return what a command would print that has nothing to do, if that is known.

    Args:
        arguments: of the command line.

    Returns:
        None if the command has to look for itself, or to clear up after one that was killed.
    """
    path = _file(arguments)
    try:
        with open(path, "rb") as file:
            parts = file.read().decode("utf-8", "surrogateescape").split("\0")
        names = os.listdir(os.path.dirname(path))
    except (OSError, ValueError):
        return None
    if any(name.startswith(".post-builder-") for name in names):
        return None
    if len(parts) % 2 or parts[0] != _key(arguments):
        return None
    text, states = parts[1], parts[2:]
    pairs = zip(states[::2], states[1::2], strict=True)
    return text if all(state_of(stat_of(path)) == state for path, state in pairs) else None


class Look:
    """Notes the files and folders that this process reads and lists."""

    _current: Look | None = None
    _count = 0

    def __init__(self, arguments: Sequence[str]) -> None:
        """Take the arguments of the command line."""
        self._arguments = tuple(arguments)
        self.begin = time.time()
        """Seconds since the epoch."""
        self.paths: set[str] = set()
        self.is_blind = Look._count > 0
        """Whether not all is seen: what another process reads, or an earlier command has read."""

    def __enter__(self) -> Self:
        """Start noting, for a command that may have nothing to do.

        Python removes no hook, so there is one for all.
        """
        Look._current = self if _file(self._arguments) else None
        Look._count += 1
        if Look._count == 1:
            sys.addaudithook(Look._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop noting."""
        Look._current = None

    @staticmethod
    def _note(event: str, arguments: tuple[object, ...]) -> None:
        look = Look._current
        if look is None:
            return
        if event in _PROCESSES:
            look.is_blind, Look._current = True, None
        elif event in _READS and isinstance(arguments[0], str | bytes | os.PathLike | None):
            path = os.path.abspath(os.fsdecode(arguments[0] or "."))
            if not path.endswith(".pyc") and not path.startswith(_SYSTEM):
                look.paths.add(path)

    @contextmanager
    def apart(self) -> Iterator[set[str]]:
        """Yield a set that gets what is read meanwhile; `paths` has it afterwards."""
        before, self.paths = self.paths, set()
        try:
            yield self.paths
        finally:
            self.paths = before | self.paths

    def remember(self, root: str, text: str, looked_for: Iterable[str]) -> None:
        """Keep what was looked at, for the next build; not if it might have changed since.

        Args:
            root: of the site, which has the engine's own folder.
            text: what the command prints.
            looked_for: paths of which it only matters whether they are there.
        """
        from pathlib import Path  # noqa: PLC0415  # whoever looked has imported it

        from post_builder.files.writing import write_atomically  # noqa: PLC0415  # as above

        file = _file(self._arguments)
        if self.is_blind or os.path.realpath(file) != os.path.join(root, WITNESS):
            return
        own = os.path.realpath(os.path.dirname(file))
        kept = {path for path in self.paths if own not in (path, os.path.dirname(path))}
        paths = sorted({*kept, *looked_for, *code_folders()})
        states = settled_states(paths, self.begin)
        if states is None:
            return
        parts = [_key(self._arguments), text, *(part for pair in states.items() for part in pair)]
        write_atomically(Path(root, WITNESS), "\0".join(parts).encode("utf-8", "surrogateescape"))


def _file(arguments: Sequence[str]) -> str:
    """Return where the witness of a command is; empty if it is none that may have nothing to do."""
    if arguments[:1] not in (("build",), ["build"]):
        return ""
    root = "."
    for index, argument in enumerate(arguments):
        if argument == "--site" and index + 1 < len(arguments):
            root = arguments[index + 1]
        elif argument.startswith("--site="):
            root = argument.removeprefix("--site=")
    return os.path.join(root, WITNESS)


def _key(arguments: Sequence[str]) -> str:
    """Identify a command, and where and by which Python it is given."""
    where = [_FORMAT, *environment()]
    text = "\0".join([*where, "", *arguments]).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).hexdigest()
