"""Notes the site's files that a post reads. Runs in the post's Python, not in the engine's.

Python imports a module of this name at start-up. The engine puts this folder on the PYTHONPATH of
its kernels, so that Python processes which a post starts, such as the workers of a data loader, are
observed as well. Files that C code opens on its own are not seen: `depends:` is for those.
"""

import importlib.machinery
import importlib.util
import os
import sys
import types

KINDS = {"open": "r", "sqlite3.connect": "r", "os.listdir": "d", "os.scandir": "d"}


def observe(root: str, log: str) -> None:
    """Append a line to `log` for each file under `root` that is read or written, once."""
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    inside = os.path.join(root, "")
    seen: set[tuple[str, str]] = set()

    def note(event: str, args: tuple[object, ...]) -> None:
        kind = KINDS.get(event)
        if kind is None or not args or not isinstance(args[0], str | bytes | None):
            return
        path = os.path.abspath(os.fsdecode(args[0] or "."))
        if not (path.startswith(inside) or path == root):
            return
        if kind == "d" and is_import_system(sys._getframe(1)):  # noqa: SLF001
            return
        if event == "open" and writes(*args[1:3]):
            kind = "w"
        if kind == "r":
            path = source_of(path)
        if (kind, path) not in seen:
            seen.add((kind, path))
            os.write(handle, f"{kind} {path}\0".encode("utf-8", "surrogateescape"))

    sys.addaudithook(note)


def is_import_system(frame: types.FrameType) -> bool:
    """Return whether a folder is listed by `import`, which lists all of sys.path."""
    return "importlib" in frame.f_code.co_filename


def writes(mode: object, flags: object) -> bool:
    """Return whether an `open` event writes a file rather than reads one."""
    if isinstance(mode, str):
        return any(letter in mode for letter in "wxa")
    return isinstance(flags, int) and bool(flags & (os.O_TRUNC | os.O_WRONLY))


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
