"""Whether cells use files that earlier cells wrote: such files a checkpoint does not bring back."""

import contextlib
import os
import sys
import time

WRITTEN = {
    "os.rename": (0, 1),
    "os.remove": (0,),
    "os.mkdir": (0,),
    "os.rmdir": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "os.truncate": (0,),
    "shutil.rmtree": (0,),
    "sqlite3.connect": (0,),
}
"""For audit events that change files, which of their arguments are paths."""

LISTED = ("os.listdir", "os.scandir")

COARSE = 5
"""The clock by which Linux dates files: CLOCK_REALTIME_COARSE."""

PASSING = ("/proc/", "/sys/", "/dev/")
"""Folders whose files are not on a disk."""


class Files:
    """Hears of each file that Python opens, and remembers which cell wrote it."""

    def __init__(self) -> None:
        """Listen from now on; nothing counts before the first cell begins."""
        self.earliest: int | None = None
        """The first cell that wrote a file which another one read, listed or wrote."""
        self.shared = ""
        """The first such file."""
        self.written: dict[str, int] = {}
        """By path the cell that wrote it last."""
        self.below: dict[str, set[int]] = {}
        """By folder the cells that wrote something below it."""
        self.cell: int | None = None
        self.began = self.cell_began = 0
        self.scratch = os.path.dirname(os.environ["POST_BUILDER_LOG"])
        self.busy = False
        sys.addaudithook(self.hear)

    def begin(self, cell: int) -> None:
        """Begin a cell, by its number."""
        self.cell_began = time.clock_gettime_ns(COARSE)
        if self.cell is None:
            self.began = self.cell_began
        self.cell = cell

    def wake(self) -> None:
        """Forget when the run began: this is another one, and its author may have saved files."""
        self.cell = None

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Handle an audit event."""
        if self.cell is None or self.busy:
            return
        self.busy = True
        try:
            if event == "open":
                self.opened(*args[:3])
            elif event == "os.mkdir" and os.path.isdir(full(args[0])):
                pass  # it is there already
            elif event in WRITTEN:
                for index in WRITTEN[event]:
                    self.changed(full(args[index]))
            elif event in LISTED:
                self.used(full(args[0]))
        finally:
            self.busy = False

    def opened(self, path: object, mode: object, flags: object) -> None:
        """Handle the opening of a file."""
        name = full(path)
        changing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
        if isinstance(mode, str):
            writes = any(letter in mode for letter in "wxa+")
        else:
            writes = isinstance(flags, int) and bool(flags & changing)
        if writes:
            self.changed(name)
        else:
            self.used(name)

    def changed(self, name: str) -> None:
        """Handle a change of a file or folder."""
        if name and not self.passes(name):
            self.meet(name)
            self.written[name] = self.cell or 0
            for folder in above(name):
                self.below.setdefault(folder, set()).add(self.cell or 0)

    def used(self, name: str) -> None:
        """Handle a look into a file or folder."""
        if not name or self.passes(name):
            return
        if not self.meet(name) and name not in self.written:
            with contextlib.suppress(OSError):
                changed = os.stat(name)
                is_file = not os.path.isdir(name)
                if is_file and self.began <= changed.st_ctime_ns <= self.cell_began:
                    self.earliest = 0  # compiled code or another program wrote it in some cell
                    self.shared = self.shared or name

    def meet(self, name: str) -> bool:
        """Compare a path with those that earlier cells wrote, itself, above and below it."""
        cells = {self.written[path] for path in (name, *above(name)) if path in self.written}
        met = (cells | self.below.get(name, set())) - {self.cell}
        if met:
            self.earliest = min(met if self.earliest is None else {*met, self.earliest})
            self.shared = self.shared or name
        return bool(met)

    def passes(self, name: str) -> bool:
        """Return whether a path is not the post's own business."""
        return (
            name.startswith(PASSING)
            or name.startswith(self.scratch + os.sep)
            or "__pycache__" in name
        )


def above(name: str) -> list[str]:
    """Return the folders above a path."""
    parts = name.split(os.sep)
    return [os.sep.join(parts[:end]) for end in range(2, len(parts))]


def full(path: object) -> str:
    """Return an absolute path; empty for what is none."""
    if not isinstance(path, str | bytes | None):
        return ""
    return os.path.abspath(os.fsdecode(path or "."))
