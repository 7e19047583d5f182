"""Runs a kernel, and leaves no process behind: what it started ends with it, or with the engine.

usage: python -S -E guard.py PARENT SCRATCH COMMAND [ARGUMENT ...]

A kernel may start daemons, hang in C code or be stopped, and the engine may be killed in a way that
it cannot handle. The guard is the kernel's parent and outlives the engine for a moment: orphans of
the kernel become its children (Linux, PR_SET_CHILD_SUBREAPER), and it gets SIGUSR2 when the engine
dies (PR_SET_PDEATHSIG). It uses the standard library only, and imports little.
"""

import ctypes
import os
import resource
import shutil
import signal
import sys
import time

PDEATHSIG, CHILD_SUBREAPER = 1, 36
"""Names of `prctl(2)`."""


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
        shutil.rmtree(scratch, ignore_errors=True)
        return
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # the parent that ipykernel watches
    kernel = os.fork()
    if not kernel:
        end_with_parent()
        os.execvp(command[0], command)  # noqa: S606  # the command of a kernelspec
    end_like(stay(kernel, parent, scratch))


def protect(parent: int) -> bool:
    """Become the guard of what this process starts; return whether its parent is still there."""
    prctl(CHILD_SUBREAPER, 1)
    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGUSR2, end)
    prctl(PDEATHSIG, signal.SIGUSR2)
    signal.signal(signal.SIGINT, lambda *_: None)  # for the kernel, in whose process group this is
    return os.getppid() == parent


def end_with_parent() -> None:
    """Let this process, a kernel, end when its guard does."""
    prctl(PDEATHSIG, signal.SIGKILL)


def stay(kernel: int, parent: int, scratch: str) -> int:
    """Wait until the kernel ends or must end, and leave nothing of it; return its status."""
    status, seconds = 0, 0
    try:
        status = wait_for(kernel)
    except Orphaned:
        seconds = _SECONDS
    except Ended:
        pass
    for handled in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(handled, signal.SIG_IGN)
    end_children()
    if has_other_parent(parent, seconds):
        shutil.rmtree(scratch, ignore_errors=True)
    return status


def prctl(name: int, value: int) -> None:
    """Call `prctl(2)`."""
    ctypes.CDLL(None).prctl(name, value, 0, 0, 0)


def end(number: int, _: object) -> None:
    """Handle the first signal of the engine or of its death: each of its threads sends one."""
    for handled in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(handled, signal.SIG_IGN)
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


def end_children() -> None:
    """Kill all children until there are none: those of a killed child become children."""
    while children := find_children():
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            os.waitpid(pid, 0)


def find_children() -> list[int]:
    """Return the process IDs of all children."""
    own, found = os.getpid(), []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except OSError:
            continue  # it ended meanwhile
        if parent == own:
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
