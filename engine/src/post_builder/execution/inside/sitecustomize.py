"""Notes the site's files that a post reads. Runs in the post's Python, not in the engine's.

Python imports a module of this name at start-up. The engine puts this folder on the PYTHONPATH of
its kernels, so that Python processes which a post starts, such as the workers of a data loader, are
observed as well. Files that C code opens on its own are not seen: `depends:` is for those.
"""

import _thread
import importlib.machinery
import importlib.util
import os
import sys
import types
from collections.abc import Callable

EVENTS = {
    "open": ("r", 0),
    "sqlite3.connect": ("r", 0),
    "os.listdir": ("d", 0),
    "os.scandir": ("d", 0),
    "os.rename": ("w", 1),
    "os.remove": ("w", 0),
    "os.mkdir": ("w", 0),
}
"""For each audit event what it does with a path, and which of its arguments that is."""


def observe(root: str, log: str) -> None:
    """Append an entry to `log` for each file under `root` that is read or written.

    An entry is a kind (r, w, d), a path, and for r the state of the file, for d the names in the
    folder: fields end in a zero byte, and so does the entry. A file that is read in two states has
    two entries.
    """
    write = appender(log)
    seen: set[tuple[str, str, int]] = set()
    busy: set[int] = set()

    def note(event: str, args: tuple[object, ...]) -> None:
        kind, path = touched(event, args, root)
        thread = _thread.get_ident()
        if not kind or thread in busy:
            return
        busy.add(thread)  # what follows raises audit events of its own
        try:
            fields = details(kind, path)
            if (kind, path, hash(fields)) not in seen:
                seen.add((kind, path, hash(fields)))
                text = "".join(f"{part}\0" for part in (kind, path, *fields))
                write(f"{text}\0".encode("utf-8", "surrogateescape"))
        finally:
            busy.discard(thread)

    sys.addaudithook(note)


def touched(event: str, args: tuple[object, ...], root: str) -> tuple[str, str]:
    """Return what an audit event does and with which path; nothing if that is not below `root`."""
    kind, index = EVENTS.get(event, ("", 0))
    given = args[index] if kind and len(args) > index else 0
    if not isinstance(given, str | bytes | None):
        return "", ""
    path = os.path.abspath(os.fsdecode(given or "."))
    if not (path.startswith(os.path.join(root, "")) or path == root):
        return "", ""
    if kind == "d" and is_import_system(sys._getframe(2)):  # noqa: SLF001
        return "", ""
    if event == "open" and writes(*args[1:3]):
        kind = "w"
    return kind, source_of(path) if kind == "r" else path


def details(kind: str, path: str) -> tuple[str, ...]:
    """Return what tells one state of a file, or of the names in a folder, from another."""
    try:
        if kind == "d":
            return tuple(sorted(os.listdir(path)))
        if kind == "r":
            now = os.stat(path)
            times = f"{now.st_mtime_ns}:{now.st_ctime_ns}"
            return (f"{now.st_dev}:{now.st_ino}:{now.st_size}:{times}",)
    except OSError:
        return ("missing",) if kind == "r" else ()
    return ()


def appender(log: str) -> Callable[[bytes], None]:
    """Return what appends to a file even after the process has closed all its descriptors."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    handle = os.open(log, flags, 0o600)
    own = os.fstat(handle)

    def write(data: bytes) -> None:
        nonlocal handle
        try:
            is_own = os.path.samestat(os.fstat(handle), own)
        except OSError:
            is_own = False
        if not is_own:
            handle = os.open(log, flags, 0o600)  # the number may be that of a file of the post now
        os.write(handle, data)

    return write


def is_import_system(frame: types.FrameType) -> bool:
    """Return whether a folder is listed by `import`, which lists all of sys.path."""
    return "importlib" in frame.f_code.co_filename


def writes(mode: object, flags: object) -> bool:
    """Return whether an `open` event writes a file rather than reads one."""
    if isinstance(mode, str):
        return any(letter in mode for letter in "wxa")
    return isinstance(flags, int) and bool(flags & (os.O_TRUNC | os.O_WRONLY | os.O_EXCL))


def source_of(path: str) -> str:
    """Return the source of a compiled module: Python checks it without opening it."""
    if "__pycache__" in path and path.partition(".pyc")[1]:
        try:
            return importlib.util.source_from_cache(path.partition(".pyc")[0] + ".pyc")
        except (ValueError, NotImplementedError):
            return path
    return path


def give_way(folder: str) -> None:
    """Hide this folder from the post, then run the sitecustomize that it shadows, if any."""
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if os.environ.get("POST_BUILDER_LOG"):
    observe(os.environ["POST_BUILDER_ROOT"], os.environ["POST_BUILDER_LOG"])
give_way(os.path.dirname(os.path.abspath(__file__)))
