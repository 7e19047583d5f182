"""Answers the engine between the cells of a post, and forks the kernel when it asks for that.

A checkpoint is a fork that sleeps until the engine wakes it, each time in a fork of its own, or
closes its socket. All of this happens in the main thread, between two steps of the event loop.
"""

import asyncio
import contextlib
import ctypes
import errno
import itertools
import json
import os
import random
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGUSR2)
"""Those whose handlers a checkpoint or a guard changes."""

NAME = b"checkpoint"
"""By which guards know checkpoints, and one another, from what a post started."""

SET_NAME, GET_NAME = 15, 16
"""Names of `prctl(2)`."""

LAUNCH = compile("call(start)", "launch", "exec")
"""Starts a kernel below as many frames as the launcher of ipykernel has."""

Request = dict[str, Any]


class Listener:
    """A kernel's side of the checkpoints of its post."""

    def __init__(self, control: socket.socket, forks: Any, observer: Any) -> None:  # noqa: ANN401  # modules
        """Take the socket on which the engine asks, the module that forks, the observer."""
        self.control, self.forks, self.observer = control, forks, observer
        self.limits = forks.load("checkpoints/limits").Limits(NAME.decode())
        self.files = forks.load("checkpoints/files").Files()
        self.revive = forks.load("checkpoints/revive").revive
        self.modules: dict[str, tuple[int, ...]] = {}
        """The state of each module's file when it was first seen."""
        self.woken: Request | None = None
        """What this process, a checkpoint, was asked for; None in a kernel that runs."""
        self.random: Any = None
        """The state of Python's generator, which each fork and some sockets change."""
        self.app: Any = None
        self.loop: Any = None

    def listen(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:  # noqa: ANN401  # of ipykernel
        """Answer the engine whenever the event loop of the main thread is idle."""
        self.app, self.loop = app, loop
        self.loop.add_reader(self.control.fileno(), self.answer)

    def answer(self) -> None:
        """Do what the engine asks: the end of a cell, a checkpoint, the beginning of a cell."""
        data, descriptors, _, _ = socket.recv_fds(self.control, self.forks.MESSAGE, 2)
        if not data:
            self.loop.remove_reader(self.control.fileno())
            return
        request, answer = json.loads(data), {}
        if request.get("first"):
            self.limits.begin(self.loop)
            if self.random:
                random.setstate(self.random)
        if len(descriptors) > 1:
            try:
                answer = self.take(descriptors)
            except Exception as error:  # noqa: BLE001  # the engine waits for an answer
                answer = {"refused": f"a fork was not possible: {error}"}
        if self.woken:
            raise KeyboardInterrupt  # leaves the event loop; `revive.py` enters it again
        answer["written"] = self.files.earliest
        self.files.begin(request["cell"])
        self.observer.forget()
        os.write(descriptors[0], json.dumps(answer).encode())
        for descriptor in descriptors:
            os.close(descriptor)

    def take(self, descriptors: list[int]) -> Request:
        """Fork a checkpoint; return its process, or what it could not carry."""
        for stream in (self.app.kernel._stdout, self.app.kernel._stderr):  # noqa: SLF001
            stream.flush()
        self.note_modules()
        if self.files.earliest is not None:
            return {"refused": f"a file that an earlier cell wrote, {self.files.shared}"}
        pipes = self.app.iopub_thread._event_pipes.values()  # noqa: SLF001  # one for each thread
        own = self.limits.own_descriptors().difference(descriptors, [pipe.FD for pipe in pipes])
        if problem := self.limits.problem(self.loop, own):
            return {"refused": problem}
        opened = self.limits.open_files(own)
        kept = random.getstate(), [signal.getsignal(number) for number in SIGNALS], own_name()
        if fork_orphan():
            try:
                os.close(descriptors[0])
                self.limits.of_post = own
                self.sleep(socket.socket(fileno=descriptors[1]))
                self.settle(kept, opened)
            except BaseException:  # noqa: BLE001  # the engine hears that it is gone
                os._exit(1)
            return {}
        problem = self.limits.more_threads()
        return {"refused": problem} if problem else {}

    def sleep(self, own: socket.socket) -> None:
        """Fork a kernel each time that the engine asks for one; returns in that kernel only."""
        os.setsid()
        set_name(NAME)
        self.control.close()
        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGCHLD, self.forks.collect)
        process = os.getpid()
        own.send(json.dumps({"pid": process}).encode())
        request, descriptors = self.forks.serve(self, own)
        own.close()
        self.forks.divide(request, descriptors, process, is_template=False)
        self.control = socket.socket(fileno=self.forks.out_of_the_way(descriptors[2]))
        for descriptor in descriptors:
            os.close(descriptor)
        self.woken = request

    def settle(self, kept: Any, opened: Any) -> None:  # noqa: ANN401  # of `take`
        """Give a woken kernel what a fork takes away."""
        self.random, handlers, name = kept
        set_name(name)
        for number, handler in zip(SIGNALS, handlers, strict=True):
            if handler is not None:
                signal.signal(number, handler)
        self.limits.open_again(opened)
        self.files.wake()
        os.environ["JPY_PARENT_PID"] = str(os.getppid())

    def note_modules(self) -> None:
        """Note the states of the files of all modules that were imported since the last time."""
        files = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
        for path in filter(None, files):
            if path not in self.modules:
                self.modules[path] = self.forks.file_state(path)

    def outdated(self) -> str:
        """Return which module's file has changed since it was imported."""
        changed = (p for p, before in self.modules.items() if self.forks.file_state(p) != before)
        return next((f"{path} changed" for path in changed), "")

    def run_again(self) -> None:
        """Run the kernel of a woken checkpoint until it ends or is a checkpoint itself."""
        while self.woken:
            request, self.woken = self.woken, None
            counter = threading._counter  # type: ignore[attr-defined]  # noqa: SLF001
            number = int(repr(counter.__self__).strip("count()"))
            argv = request["argv"]
            spared = self.limits.of_post | {self.control.fileno()}
            self.revive(self.app, argv[argv.index("-f") + 1], spared)
            threading._counter = itertools.count(number).__next__  # type: ignore[attr-defined]  # noqa: SLF001
            self.observer.write(b"")  # opens its file again
            self.listen(self.app, self.loop)
            exec(LAUNCH, {"call": call, "start": self.app.start})  # noqa: S102  # as the launcher


def call(function: Callable[[], object]) -> None:
    """Call a function; a frame that `launch_instance` has in a kernel that was not woken."""
    function()


def fork_orphan() -> bool:
    """Fork a child of the guard, so that a post which waits for children of its own has no more.

    Newer Pythons warn of threads at that; their filters are as before afterwards.

    Returns:
        Whether this is the new process.

    Raises:
        OSError: if the system has no room for another process.
    """
    ignore = ("ignore", None, DeprecationWarning, None, 0)
    warnings.filters.insert(0, ignore)  # type: ignore[attr-defined]  # a list, typed as a sequence
    try:
        pid = os.fork()
        if not pid:
            leave_orphan()
    finally:
        with contextlib.suppress(ValueError):
            warnings.filters.remove(ignore)  # type: ignore[attr-defined]
    if not pid:
        return True
    with contextlib.suppress(ChildProcessError):  # the post has taken its status
        if status := os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
            raise OSError(status, os.strerror(status))
    return False


def leave_orphan() -> None:
    """Fork and end, with the number of the error if that fails; returns in the new process only."""
    try:
        pid = os.fork()
    except OSError as error:
        os._exit(error.errno or errno.EAGAIN)
    if pid:
        os._exit(0)


def own_name() -> bytes:
    """Return the name of this process."""
    name = ctypes.create_string_buffer(16)
    ctypes.CDLL(None).prctl(GET_NAME, name, 0, 0, 0)
    return name.value


def set_name(name: bytes) -> None:
    """Set the name of this process, which forks inherit."""
    ctypes.CDLL(None).prctl(SET_NAME, name, 0, 0, 0)
