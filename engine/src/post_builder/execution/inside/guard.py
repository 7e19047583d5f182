"""Runs a kernel, and leaves no process behind: what it started ends with it, or with the engine.

usage: python -S -E guard.py PARENT SCRATCH COMMAND [ARGUMENT ...]

A kernel may start daemons, hang in C code or be stopped, and the engine may be killed in a way that
it cannot handle. The guard is the kernel's parent and outlives the engine for a moment: orphans of
the kernel become its children (Linux, PR_SET_CHILD_SUBREAPER), and it gets SIGUSR2 when the engine
dies (PR_SET_PDEATHSIG). It uses the standard library only, and imports little.
"""

import contextlib
import ctypes
import fcntl
import os
import resource
import select
import signal
import sys
import time

PDEATHSIG, CHILD_SUBREAPER = 1, 36
"""Names of `prctl(2)`."""

SETSIG = 10
"""F_SETSIG of `fcntl(2)`."""

CHECKPOINT = "checkpoint"
"""The name of sleeping forks of kernels; as in `checkpoints/listener.py`."""

_SECONDS = 10
"""How long the threads of a killed engine may take to end; milliseconds, on an idle machine."""


class Ended(BaseException):
    """The engine ended, or asks the guard to end."""


class Orphaned(Ended):
    """The thread of the engine that started the guard ended, and so does the engine."""


def main() -> None:
    """Run the command; end with its status, and with no process left."""
    parent, scratch, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if not protect(parent):  # the engine died before it could be watched
        remove(scratch)
        return
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # the parent that ipykernel watches
    kernel = os.fork()
    if not kernel:
        end_with_parent()
        os.execvp(command[0], command)  # noqa: S606  # the command of a kernelspec
    end_like(stay(kernel, parent, scratch))


def protect(parent: int, engine: int | None = None) -> bool:
    """Become the guard of what this process starts; return whether its parent is still there.

    Args:
        parent: the process whose end is that of the engine.
        engine: a socket that the engine closes at its end, where the parent may end before it.
    """
    prctl(CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGUSR2, end)
    signal.signal(signal.SIGINT, lambda *_: None)  # for the kernel, in whose process group this is
    if engine is None:
        prctl(PDEATHSIG, signal.SIGUSR2)
        return os.getppid() == parent
    fcntl.fcntl(engine, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(engine, SETSIG, signal.SIGUSR2)
    fcntl.fcntl(engine, fcntl.F_SETFL, fcntl.fcntl(engine, fcntl.F_GETFL) | os.O_ASYNC)
    return not select.select([engine], [], [], 0)[0]


def end_with_parent() -> None:
    """Let this process, a kernel, end when its guard does."""
    prctl(PDEATHSIG, signal.SIGKILL)


def stay(kernel: int, parent: int, scratch: str, engine: int | None = None) -> int:
    """Wait until the kernel ends or must end, and leave nothing of it; return its status.

    Checkpoints of the kernel stay, until the engine closes them or ends.

    Args:
        kernel: its process.
        parent: as in `protect`.
        scratch: its folder, which is removed if the engine cannot do it any more.
        engine: where the engine is told of the end of the kernel, if it is not its child.
    """
    status, seconds = 0, 0
    try:
        status = wait_for(kernel)
    except Orphaned:
        seconds = _SECONDS
    except Ended:
        pass
    ignore_signals()
    end_children(spared="" if seconds else CHECKPOINT)
    if engine is not None:
        tell(engine, status)
    if not seconds and has_children():
        seconds = stay_with_checkpoints()
    if has_other_parent(parent, seconds):
        remove(scratch)
    return status


def remove(folder: str) -> None:
    """Remove a folder with all that is in it."""
    import shutil  # noqa: PLC0415  # slow, and the kernel would wait for it

    shutil.rmtree(folder, ignore_errors=True)


def stay_with_checkpoints() -> int:
    """Wait until there are no children; return how long the engine may take to end, if it does."""
    seconds = 0
    try:
        for handled in (signal.SIGTERM, signal.SIGUSR2):
            signal.signal(handled, end)
        while True:
            os.wait()
    except ChildProcessError:
        pass
    except Ended as ended:
        seconds = _SECONDS if isinstance(ended, Orphaned) else 0
    ignore_signals()
    end_children()
    return seconds


def tell(engine: int, status: int) -> None:
    """Say how a kernel ended."""
    with contextlib.suppress(OSError):
        os.write(engine, b'{"status": %d}' % os.waitstatus_to_exitcode(status))
    os.close(engine)


def ignore_signals() -> None:
    """Go on, whatever the engine asks for."""
    for handled in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(handled, signal.SIG_IGN)


def prctl(name: int, value: int) -> None:
    """Call `prctl(2)`."""
    ctypes.CDLL(None).prctl(name, value, 0, 0, 0)


def end(number: int, _: object) -> None:
    """Handle the first signal of the engine or of its death: each of its threads sends one."""
    ignore_signals()
    raise Orphaned if number == signal.SIGUSR2 else Ended


def has_other_parent(parent: int, seconds: int) -> bool:
    """Return whether the engine is gone; its threads end one after another when it is killed."""
    end = time.monotonic() + seconds
    while os.getppid() == parent and time.monotonic() < end:
        time.sleep(0.01)
    return os.getppid() != parent


def wait_for(kernel: int) -> int:
    """Wait for the kernel, and collect the orphans that end before it."""
    while True:
        pid, status = os.wait()
        if pid == kernel:
            return status


def end_children(spared: str = "") -> None:
    """Kill children until there are none: those of a killed child become children.

    Args:
        spared: the name of processes that stay.
    """
    while has_children() and (children := find_children(spared)):
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


def has_children() -> bool:
    """Return whether there are any, which is quick to know: to find them takes a look at all."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def find_children(spared: str = "") -> list[int]:
    """Return the process IDs of all children that have another name."""
    own, found = os.getpid(), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                head, _, rest = file.read().rpartition(b")")
        except OSError:
            continue  # it ended meanwhile
        called = head.partition(b"(")[2].decode(errors="replace")
        if int(rest.split()[1]) == own and not (spared and called == spared):
            found.append(int(name))
    return found


def end_like(status: int) -> None:
    """End with the exit status or the signal of the kernel."""
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main()
