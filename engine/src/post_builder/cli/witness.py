"""What a build looked at when it found nothing to do; the next one only looks whether it changed.

The state of a file includes its inode and `ctime`, which no program sets: neither an older date of
the file nor a clock that was set back makes another file look like it. This module imports next to
nothing, for in a build with nothing to do most of the time goes into imports.
"""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

WITNESS = os.path.join(".post-builder", "unchanged")
"""The file in a site that keeps what was looked at."""

_FORMAT = "post-builder 1"

_FAMILIES = ("PYTHON", "JUPYTER", "XDG_", "GIT_")
"""How the names of variables begin that say where kernels and packages are."""

_VARIABLES = frozenset({"PATH", "HOME", "VIRTUAL_ENV", "APPDATA", "PROGRAMDATA"})
"""Other such variables."""

_SETTLED = 0.1
"""Seconds after which a file that changes again has another `ctime`, on any file system."""

_SYSTEM = ("/proc/", "/sys/", "/dev/")
"""Where files change without anybody's doing."""

_READS = frozenset({"open", "os.listdir", "os.scandir"})
_PROCESSES = frozenset({"subprocess.Popen", "os.posix_spawn", "os.fork", "os.exec", "os.system"})


def recall(arguments: Sequence[str]) -> str | None:
    """Return what a command would print that has nothing to do, if that is known.

    Args:
        arguments: of the command line.

    Returns:
        None if the command has to look for itself.
    """
    try:
        with open(_file(arguments), "rb") as file:
            parts = file.read().decode("utf-8", "surrogateescape").split("\0")
    except (OSError, ValueError):
        return None
    if len(parts) % 2 or parts[0] != _key(arguments):
        return None
    text, states = parts[1], parts[2:]
    pairs = zip(states[::2], states[1::2], strict=True)
    return text if all(_state(_stat(path)) == state for path, state in pairs) else None


class Look:
    """Notes the files and folders that this process reads and lists."""

    _current: Look | None = None
    _count = 0

    def __init__(self, arguments: Sequence[str]) -> None:
        """Take the arguments of the command line."""
        self._arguments = tuple(arguments)
        self._begin = time.time()
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
        own = os.path.dirname(file)
        kept = {path for path in self.paths if os.path.dirname(path) != os.path.realpath(own)}
        paths = sorted({*kept, *looked_for, *_code_folders()})
        found = [(path, _stat(path)) for path in paths]
        changes = [max(now.st_mtime, now.st_ctime) for _, now in found if now]
        if max(changes, default=0) > self._begin - _SETTLED:
            return
        states = [(path, _state(now)) for path, now in found]
        parts = [_key(self._arguments), text, *(part for pair in states for part in pair)]
        write_atomically(Path(file), "\0".join(parts).encode("utf-8", "surrogateescape"))


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
    named = sorted(
        f"{name}={text}"
        for name, text in os.environ.items()
        if name in _VARIABLES or name.startswith(_FAMILIES)
    )
    where = [_FORMAT, sys.version, sys.executable, os.getcwd()]
    text = "\0".join([*where, *arguments, "", *named]).encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=16).hexdigest()


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _state(now: os.stat_result | None) -> str:
    """Return what tells one state of a file or folder from any other."""
    if now is None:
        return "missing"
    times = f"{now.st_mtime_ns}:{now.st_ctime_ns}"
    return f"{now.st_dev}:{now.st_ino}:{now.st_mode}:{now.st_size}:{times}"


def _code_folders() -> set[str]:
    """Return the folders with the modules of the engine, which differs while it is developed."""
    files = [
        str(getattr(module, "__file__", "") or "")
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] == "post_builder"
    ]
    return {os.path.dirname(file) for file in files if file}
