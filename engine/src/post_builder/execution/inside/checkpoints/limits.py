"""What a fork of a kernel would not carry: found, and named in a word."""

import asyncio
import contextlib
import fcntl
import itertools
import os
import signal
import stat
import threading
import time
from collections.abc import Iterable
from typing import Any

HARMLESS = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", "/dev/full")
"""Devices without a state of their own."""

CLOCKS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
"""Those that a fork does not inherit."""

TRIES = 50
"""How often threads are counted: those that end at a fork are listed a moment longer."""

OpenFiles = dict[int, tuple[int, int]]
"""By descriptor the flags with which a file was opened, and the offset in it."""


class Limits:
    """Compares a kernel with what it was before its first cell."""

    def __init__(self, name: str) -> None:
        """Take the name of the processes that do not count as children."""
        self.name = name
        self.descriptors: dict[int, tuple[int, int]] = {}
        """Those that ipykernel itself has, with the device and number of what is open there."""
        self.of_post: set[int] = set()
        """Those that the post had opened when this process was woken."""
        self.threads = 0
        self.python_threads: set[threading.Thread] = set()
        self.tasks = self.timers = 0
        self.shared: set[str] = set()

    def begin(self, loop: asyncio.AbstractEventLoop) -> None:
        """Note what a kernel has before the next cell, without what the post has opened."""
        now = open_descriptors()
        self.descriptors = {n: what for n, what in now.items() if n not in self.of_post}
        self.threads = len(os.listdir("/proc/self/task"))
        self.python_threads = set(threading.enumerate())
        self.tasks, self.timers = pending(loop)
        self.shared = shared_memory()

    def problem(self, loop: asyncio.AbstractEventLoop, own: Iterable[int]) -> str:
        """Return what a fork would not carry; empty if it carries everything.

        Args:
            loop: of the main thread.
            own: descriptors that the post opened.
        """
        if not isinstance(loop, asyncio.SelectorEventLoop):
            return "another event loop"
        tasks, timers = pending(loop)
        clocks = (signal.getitimer(clock)[0] for clock in CLOCKS)
        found = {
            "tasks of asyncio": tasks > self.tasks or timers > self.timers,
            f"threads ({self.own_threads()})": self.own_threads(),
            "subprocesses": self.has_processes(),
            "timers": any(clocks),
            "shared memory": shared_memory() - self.shared,
        }
        kinds = (name for name, is_there in found.items() if is_there)
        return next(itertools.chain(kinds, filter(None, map(kind_of, own))), "")

    def own_threads(self) -> str:
        """Name the threads that the post started with Python."""
        own = (thread.name for thread in threading.enumerate() if thread not in self.python_threads)
        return ", ".join(own)

    def more_threads(self) -> str:
        """Return whether there are threads that libraries did not end for a fork."""
        for _ in range(TRIES):
            if len(os.listdir("/proc/self/task")) <= self.threads:
                return ""
            time.sleep(0.001)
        return "threads of a library"

    def own_descriptors(self) -> set[int]:
        """Return the descriptors that were not there before the first cell."""
        now = open_descriptors()
        return {n for n, what in now.items() if self.descriptors.get(n) != what}

    def has_processes(self) -> bool:
        """Return whether the post started a process that has not ended, or was not waited for."""
        own, guard = os.getpid(), os.getppid()
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
                head, _, rest = file.read().rpartition(b")")
                called = head.partition(b"(")[2].decode(errors="replace")
                parent = int(rest.split()[1])
                if parent in (own, guard) and int(name) != own and called != self.name:
                    return True
        return False

    def open_files(self, own: Iterable[int]) -> OpenFiles:
        """Describe the files that the post has open."""
        found = {}
        for number in own:
            if stat.S_ISREG(os.fstat(number).st_mode):
                offset = os.lseek(number, 0, os.SEEK_CUR)
                found[number] = (fcntl.fcntl(number, fcntl.F_GETFL), offset)
        return found

    def open_again(self, files: OpenFiles) -> None:
        """Give a forked process offsets of its own."""
        left = open_descriptors()  # matplotlib closes its fonts at a fork
        for number, (flags, offset) in files.items():
            if number not in left:
                continue
            inherited = os.get_inheritable(number)
            other = os.open(f"/proc/self/fd/{number}", flags | os.O_CLOEXEC)
            os.lseek(other, offset, os.SEEK_SET)
            os.dup2(other, number, inheritable=inherited)
            os.close(other)


def open_descriptors() -> dict[int, tuple[int, int]]:
    """Return all descriptors, and what is open there."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # that of the listing itself
            now = os.fstat(int(name))
            found[int(name)] = (now.st_dev, now.st_ino)
    return found


def kind_of(number: int) -> str:
    """Name what is open, if two processes cannot have it each for itself."""
    mode, target = os.fstat(number).st_mode, os.readlink(f"/proc/self/fd/{number}")
    if stat.S_ISREG(mode):
        writes = fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
        return "a file open for writing" if writes else ""
    if stat.S_ISDIR(mode) or target in HARMLESS:
        return ""
    if target.startswith("/dev/nvidia"):
        return "a CUDA context"
    kinds = {"sockets": stat.S_ISSOCK, "pipes": stat.S_ISFIFO, "a device": stat.S_ISCHR}
    return next((name for name, is_one in kinds.items() if is_one(mode)), "a queue of the system")


def shared_memory() -> set[str]:
    """Return the mappings whose changes other processes see."""
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        return {line for line in maps if line.split(maxsplit=2)[1][1::2] == "ws"}


def pending(loop: Any) -> tuple[int, int]:  # noqa: ANN401  # with attributes that are not public
    """Return how many tasks an event loop has, and how many timers."""
    timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # noqa: SLF001
    return len(asyncio.all_tasks(loop)), len(timers)
