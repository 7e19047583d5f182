"""Notes the files that a post reads. Runs in the post's Python, not in the engine's.

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
from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))

EVENTS = {
    "open": ("r", 0, None),
    "sqlite3.connect": ("r", 0, None),
    "os.listdir": ("d", 0, None),
    "os.scandir": ("d", 0, None),
    "os.rename": ("w", 1, 3),
    "os.remove": ("w", 0, 1),
    "os.mkdir": ("w", 0, 2),
}
"""For each audit event what it does with a path, and which arguments are path and folder."""

probe: types.ModuleType | None = None
"""Reports at the end what a kernel is made of, if its template imported that."""


class Observer:
    """Appends an entry to a log for each file below a folder that is read or written.

    An entry is a kind (r, w, d), a path, and for r the state of the file, for d the names in the
    folder: fields end in a zero byte, and so does the entry. A file that is read in two states has
    two entries.
    """

    def __init__(self, root: str, write: Callable[[bytes], None]) -> None:
        """Observe what happens below `root` from now on."""
        self.root = root
        self.write = write
        self.touched: Callable[[str, str], object] = self.note
        """Told of each kind and path; a template keeps them for its kernels."""
        self._seen: set[tuple[str, str, int]] = set()
        self._busy: set[int] = set()
        sys.addaudithook(self._hear)

    def _hear(self, event: str, args: tuple[object, ...]) -> None:
        if event in EVENTS:  # a figure has thousands of others
            self.tell(*touched(event, args, self.root))

    def tell(self, kind: str, path: str) -> None:
        """Note that a file was touched; what follows from that is not."""
        if kind and _thread.get_ident() not in self._busy:
            self.quietly(self.touched, kind, path)  # which raises audit events of its own

    def quietly(self, call: Callable[..., Any], *args: object, **options: object) -> Any:  # noqa: ANN401  # any
        """Call something, and note nothing that this thread does meanwhile."""
        thread = _thread.get_ident()
        self._busy.add(thread)
        try:
            return call(*args, **options)
        finally:
            self._busy.discard(thread)

    def move(self, root: str, log: str) -> None:
        """Write to another log from now on, beginning with what was seen before."""
        before, self._seen = self._seen, set()
        self.root, self.write, self.touched = root, appender(log), self.note
        for kind, path, _ in sorted(before):
            self.tell(kind, path)

    def forget(self) -> None:
        """Write again what was written before: another cell begins."""
        self._seen.clear()

    def note(self, kind: str, path: str) -> None:
        """Write an entry, unless it was written before."""
        fields = details(kind, path)
        if (kind, path, hash(fields)) not in self._seen:
            self._seen.add((kind, path, hash(fields)))
            text = "".join(f"{part}\0" for part in (kind, path, *fields))
            self.write(f"{text}\0".encode("utf-8", "surrogateescape"))


def touched(event: str, args: tuple[object, ...], root: str) -> tuple[str, str]:
    """Return what an audit event does and with which path; nothing if that is not below `root`."""
    kind, index, start = EVENTS[event]
    given = args[index] if len(args) > index else 0
    given = path_of(given) if kind == "d" and isinstance(given, int) else given
    if event == "sqlite3.connect" and isinstance(given, str) and given.startswith("file:"):
        from urllib.parse import unquote  # noqa: PLC0415  # few posts need it

        given = unquote(given.removeprefix("file:").partition("?")[0])
    if not isinstance(given, str | bytes | None):
        return "", ""
    folder = args[start] if start and len(args) > start else -1
    path = os.path.abspath(os.path.join(path_of(folder), os.fsdecode(given or ".")))
    if not (path.startswith(os.path.join(root, "")) or path == root) or path.startswith(FOLDER):
        return "", ""
    if kind == "d" and "importlib" in sys._getframe(2).f_code.co_filename:  # noqa: SLF001
        return "", ""  # `import` lists all of sys.path
    kind = "w" if event == "open" and writes(*args[1:3]) else kind
    return kind, source_of(path) if kind == "r" else path


def path_of(folder: object) -> str:
    """Return the path of a descriptor of a folder; empty if that is unknown."""
    try:
        return os.readlink(f"/proc/self/fd/{folder}") if folder != -1 else ""
    except OSError:
        return ""


def observe_open(observer: Observer) -> None:
    """Let `os.open` note what it opens by the descriptor of a folder, which its event lacks."""
    plain = os.open

    def open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:  # noqa: A001, ANN401  # as `os` has it
        if dir_fd is None:
            return plain(path, flags, mode)
        where = os.path.join(path_of(dir_fd), os.fsdecode(path))
        observer.tell(*touched("open", (where, None, flags), observer.root))
        return int(observer.quietly(plain, path, flags, mode, dir_fd=dir_fd))

    os.open = open
    os.supports_dir_fd.add(open)


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
    """Return what appends to a file even after the process has closed all its descriptors.

    Where there is no room for an entry the post goes on, and the file becomes read-only: the engine
    takes that for notes that are not whole.
    """
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
    handle = os.open(log, flags, 0o600)
    own = os.fstat(handle)

    def write(data: bytes) -> None:
        nonlocal handle
        try:
            is_own = os.path.samestat(os.fstat(handle), own)
        except OSError:
            is_own = False
        try:
            if not is_own:
                handle = os.open(log, flags, 0o600)  # its number may be that of a file of the post
            is_whole = os.write(handle, data) == len(data)
        except OSError:
            is_whole = False
        if not is_whole and os.path.exists(log):
            os.chmod(log, 0o400)

    return write


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


class AfterImport:
    """Adjusts some modules when, and only if, they are imported."""

    def __init__(self, adjustments: dict[str, Callable[[types.ModuleType], None]]) -> None:
        """Take a function for each name of a module."""
        self.adjustments = adjustments
        self.find_first: Callable[[str], importlib.machinery.ModuleSpec | None] = lambda _: None
        """Finds modules that the template of this kernel has imported."""

    def find_spec(self, name: str, *_: object) -> importlib.machinery.ModuleSpec | None:
        """Find a module as Python would without this object, once."""
        if found := self.find_first(name):
            return found
        adjust = self.adjustments.pop(name, None)
        spec = importlib.util.find_spec(name) if adjust else None
        if spec and spec.loader and adjust:
            execute, then = spec.loader.exec_module, adjust

            def execute_and_adjust(module: types.ModuleType) -> None:
                execute(module)
                then(module)

            spec.loader.exec_module = execute_and_adjust  # type: ignore[method-assign]
        return spec


def salt(matplotlib: types.ModuleType) -> None:
    """Let matplotlib draw the same SVG twice, whatever configuration file it finds.

    Ids in an SVG are random without a salt. That of a site's own `matplotlibrc` stays.
    """
    for settings in (matplotlib.rcParams, matplotlib.rcParamsDefault, matplotlib.rcParamsOrig):
        if settings["svg.hashsalt"] is None:
            settings["svg.hashsalt"] = "post-builder"


def order_text(_: types.ModuleType) -> None:
    """Let text from outside Python arrive in order."""
    if sys.platform != "win32":  # where ipykernel does not forward it
        path = os.path.join(FOLDER, "terminal.py")
        loader = importlib.machinery.SourceFileLoader("post_builder_terminal", path)
        loader.exec_module(types.ModuleType(loader.name))


def give_way(folder: str) -> None:
    """Hide this folder from the post, then run the sitecustomize that it shadows, if any."""
    sys.path[:] = [entry for entry in sys.path if entry != folder]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec and spec.loader:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if os.environ.get("POST_BUILDER_LOG"):
    observer = Observer(os.environ["POST_BUILDER_ROOT"], appender(os.environ["POST_BUILDER_LOG"]))
    observe_open(observer)
    hook = AfterImport({"matplotlib": salt, "ipykernel.iostream": order_text})
    sys.meta_path.insert(0, hook)
give_way(FOLDER)
