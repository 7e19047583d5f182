"""Forking kernels, as templates and checkpoints do it."""

import contextlib
import fcntl
import importlib.util
import json
import os
import signal
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

FOLDER = ""
"""That of the scripts for kernels; the template sets it."""

guard: Any = None
"""That of kernels; the template loads it, once for all."""

MESSAGE = 2**20
"""Bytes that a message has at most."""

RESERVED = 200
"""The lowest number of a descriptor that a kernel keeps for itself."""

Request = dict[str, Any]


def load(name: str) -> types.ModuleType:
    """Return a module of this folder; posts cannot find it."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(FOLDER, f"{name}.py"))
    assert spec is not None  # noqa: S101  # for mypy
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def file_state(path: str) -> tuple[int, ...]:
    """Return what tells one state of a file from another."""
    try:
        now = os.stat(path)
    except OSError:
        return ()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def receive(control: socket.socket) -> tuple[Request, list[int]]:
    """Return the next message; end when there is none to come."""
    data, descriptors, _, _ = socket.recv_fds(control, MESSAGE, 3)
    if not data:
        sys.exit()
    return json.loads(data), descriptors


def collect(*_: object) -> None:
    """Handle SIGCHLD."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def serve(
    template: Any,  # noqa: ANN401  # or a checkpoint
    control: socket.socket,
    then: Callable[[], object] = lambda: None,
) -> tuple[Request, list[int]]:
    """Fork a process for each request; returns in that process only.

    Args:
        template: says whether it is out of date.
        control: brings requests.
        then: called after each request, while the kernel starts.
    """
    while True:
        request, descriptors = receive(control)
        answer: dict[str, object] = {}
        if changed := template.outdated():
            answer = {"refused": changed}
        elif request:
            try:
                pid = os.fork()
            except OSError as error:
                answer = {"refused": str(error)}
            else:
                if not pid:
                    return request, descriptors
                answer = {"pid": pid}
        with contextlib.suppress(OSError):  # the engine need not wait for it
            os.write(descriptors[0], f"{json.dumps(answer)}\n".encode())
        for descriptor in descriptors:
            os.close(descriptor)
        then()


def divide(
    request: Request, descriptors: list[int], parent: int, *, is_template: bool = True
) -> None:
    """Become the guard of a kernel; returns in the kernel only.

    Args:
        request: for the kernel.
        descriptors: that came with it.
        parent: the process that was forked, a template or a checkpoint; the guard of a kernel from
            a checkpoint outlives it.
        is_template: which of both it is.
    """
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if not guard.protect(parent, None if is_template else descriptors[0]):
        os._exit(0)
    kernel = os.fork()
    if kernel:
        close_all_but(descriptors[0])
        guard.end_like(guard.stay(kernel, parent, request["scratch"], descriptors[0]))
    guard.end_with_parent()


def close_all_but(*spared: int) -> None:
    """Close all descriptors but the standard ones and some others."""
    for number in map(int, os.listdir("/proc/self/fd")):
        if number > 2 and number not in spared:  # noqa: PLR2004  # standard error
            with contextlib.suppress(OSError):  # that of the listing itself
                os.close(number)


def out_of_the_way(descriptor: int) -> int:
    """Return a descriptor for the same thing, of a number that no post meets."""
    return fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, RESERVED)
