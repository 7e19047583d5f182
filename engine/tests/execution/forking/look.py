# ruff: noqa: PTH109, PTH115, PTH208, T201
"""Code that prints all that a post can see of its process; a test runs it as a cell."""

import contextlib
import copyreg
import gc
import json
import logging
import os
import resource
import signal
import sys
import threading
import warnings


def depth(number: int = 0) -> int:
    """Return how deep functions may call one another here."""
    try:
        return depth(number + 1)
    except RecursionError:
        return number


def kind(descriptor: str) -> str:
    """Return what an open file is."""
    with contextlib.suppress(OSError):
        return os.readlink(f"/proc/self/fd/{descriptor}").partition(":")[0].rpartition("/")[2]
    return "closed"


def shown(thing: object) -> str:
    """Return what tells a thing from another, but not where it is in memory."""
    return repr(thing).partition(" at 0x")[0]


modules = dict(sys.modules)
descriptors = sorted(os.listdir("/proc/self/fd"), key=int)
SEEN = {
    "modules": sorted(modules),
    # Cython's own module has the types of whichever of its modules were loaded
    "names": {n: sorted(vars(m)) for n, m in modules.items() if not n.startswith("_cython")},
    "files": {n: str(getattr(m, "__file__", "")) for n, m in modules.items()},
    "specs": {n: shown(getattr(m, "__spec__", "")) for n, m in modules.items()},
    "path": [sys.path, sys.argv, sys.orig_argv, sys.executable, os.getcwd()],
    "flags": [repr(sys.flags), sys.getrecursionlimit(), depth()],
    "environment": dict(os.environ) | {"JPY_PARENT_PID": ""},
    "warnings": [repr(item) for item in warnings.filters],
    "warned": sorted(n for n, m in modules.items() if getattr(m, "__warningregistry__", None)),
    "import system": [shown(item) for item in (*sys.meta_path, *sys.path_hooks)],
    "open files": [descriptors, sorted(map(kind, descriptors))],
    "streams": [shown(s) for s in (sys.stdin, sys.__stdin__, sys.__stdout__, sys.__stderr__)],
    "signals": [shown(signal.getsignal(number)) for number in sorted(signal.valid_signals())],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "threads": [thread.name for thread in threading.enumerate()],
    "next thread": threading.Thread().name,
    "loggers": sorted(logging.root.manager.loggerDict),
    "copyreg": sorted(map(repr, copyreg.dispatch_table)),
    "builtins": sorted(vars(modules["builtins"])),
    "hooks": [shown(hook) for hook in (sys.excepthook, sys.displayhook, sys.breakpointhook)],
    "collector": [gc.isenabled(), gc.get_threshold()],
    "limits": [resource.getrlimit(number) for number in range(16)],
    "session": [os.getsid(0) == os.getppid(), os.getpgid(0) == os.getppid()],
    "hash": hash("x"),
}
print(json.dumps(SEEN))
