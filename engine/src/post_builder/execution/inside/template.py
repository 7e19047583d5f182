"""Imports what many kernels need, then is forked for each of them. Runs in the post's Python.

usage: python template.py CONTROL

CONTROL is a socket. The first message names what to import; the answer says whether kernels may be
forked. Each further message asks for one, and brings descriptors: where to say how the kernel ends,
where it prints, and, if it may be forked between cells, where it is asked for that. This process
runs no code of a post and starts no thread.
"""

import contextlib
import fcntl
import gc
import importlib
import importlib.util
import json
import os
import runpy
import signal
import socket
import sys
import types
from collections.abc import Callable
from typing import Any

FOLDER = os.path.dirname(os.path.abspath(__file__))

MESSAGE = 2**20
"""Bytes that a message has at most."""

RESERVED = 200
"""The lowest number of a descriptor that a kernel keeps for itself."""

STARTED = ("ipykernel.kernelapp", "ipykernel.zmqshell")
"""Modules that a kernel has imported before its first cell."""

ENVIRONMENT = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
"""Variables that ipykernel sets, and that libraries read when they are imported."""

AFTER: dict[str, Callable[[Any], object]] = {
    "numpy.random": lambda module: module.seed(),
    "matplotlib": lambda module: [
        function.cache_clear()
        for function in (module.get_configdir, module.get_cachedir)
        if hasattr(function, "cache_clear")
    ],
    "matplotlib.pyplot": lambda module: (  # versions before 3.10 look for a shell when imported
        module._REPL_DISPLAYHOOK.name == "PLAIN" and module.install_repl_displayhook()  # noqa: SLF001
    ),
    "matplotlib_inline.backend_inline": lambda module: module._enable_matplotlib_integration(),  # noqa: SLF001
}
"""What a library does when it is imported that belongs to a process or a shell."""

BEFORE = (("ipykernel.debugger", ()),)
"""What a kernel imports when it starts, and what does more than to define something."""

COMPANIONS: dict[str, tuple[str, ...]] = {
    "numpy": ("numpy.random", "numpy.linalg"),
    "matplotlib.pyplot": (
        "matplotlib_inline.backend_inline",
        "matplotlib.backends.backend_agg",
        "matplotlib.backends.backend_svg",
    ),
}
"""What a library imports only when it is used."""

Request = dict[str, Any]


def load(name: str) -> types.ModuleType:
    """Return a module of this folder; posts cannot find it."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(FOLDER, f"{name}.py"))
    assert spec is not None  # noqa: S101  # for mypy
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Template:
    """What has been imported."""

    def __init__(self, statements: list[tuple[str, tuple[str, ...]]]) -> None:
        """Import everything; `problem` says why no kernel can be forked."""
        site = sys.modules["sitecustomize"]
        self.observer, self.hook = site.observer, site.hook
        for name in STARTED:
            with contextlib.suppress(ImportError):  # other versions have other modules
                importlib.import_module(name)
        self.launcher = runpy._get_module_details("ipykernel_launcher")  # type: ignore[attr-defined]  # noqa: SLF001
        recorder = load("preload").Recorder(load("hidden"))
        before = state()
        self.observer.touched = recorder.touch
        os.environ.update(ENVIRONMENT)
        self.hidden = recorder.record([*BEFORE, *with_companions(statements)])
        for name in ENVIRONMENT:
            del os.environ[name]
        self.files = {path: file_state(path) for path in self.files_used()}
        self.problem = "; ".join([*recorder.problems, *differences(before, state())])
        gc.collect()
        gc.freeze()  # the pages of what was imported stay shared

    def files_used(self) -> set[str]:
        """Return the files on which the imported modules depend."""
        modules = [*sys.modules.values(), *self.hidden.modules.values()]
        found = {getattr(module, "__file__", None) for module in modules}
        touched = (
            step[2] for steps in self.hidden.steps.values() for step in steps if step[0] == "touch"
        )
        return {*filter(None, found), *touched, os.path.abspath("matplotlibrc")}

    def outdated(self) -> str:
        """Return which file has changed since it was read."""
        changed = (path for path, before in self.files.items() if file_state(path) != before)
        return next((f"{path} changed" for path in changed), "")


def with_companions(
    statements: list[tuple[str, tuple[str, ...]]],
) -> list[tuple[str, tuple[str, ...]]]:
    """Add what libraries import later."""
    found = []
    for name, items in statements:
        found.append((name, tuple(items)))
        found += [(other, ()) for other in COMPANIONS.get(name, ())]
    return found


def file_state(path: str) -> tuple[int, ...]:
    """Return what tells one state of a file from another."""
    try:
        now = os.stat(path)
    except OSError:
        return ()
    return now.st_dev, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns


def state() -> dict[str, object]:
    """Return what a library must leave as it is."""
    sys.stdout.flush()
    sys.stderr.flush()
    return {
        "its working directory": os.getcwd(),
        "handlers of signals": [signal.getsignal(number) for number in signal.valid_signals()],
        "open files": sorted(os.listdir("/proc/self/fd")),
        "hooks": (sys.excepthook, sys.displayhook, sys.unraisablehook, sys.gettrace()),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval(), gc.get_threshold()),
        "what it printed": (os.fstat(1).st_size, os.fstat(2).st_size),
    }


def differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """Return what libraries changed, and whether they started threads that outlive a fork."""
    found = [f"{name} changed" for name in before if before[name] != after[name]]
    pid = os.fork()  # some libraries end their threads before a fork, and start them later
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
    with contextlib.suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        found.append("processes were started")
    if len(os.listdir("/proc/self/task")) > 1:
        found.append("threads were started")
    return found


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


def serve(template: Any, control: socket.socket) -> tuple[Request, list[int]]:  # noqa: ANN401  # or a checkpoint
    """Fork a process for each request; returns in that process only."""
    while True:
        request, descriptors = receive(control)
        answer: dict[str, object] = {}
        if changed := template.outdated():
            answer = {"refused": changed}
        elif request:
            pid = os.fork()
            if not pid:
                return request, descriptors
            answer = {"pid": pid}
        with contextlib.suppress(OSError):  # the engine need not wait for it
            os.write(descriptors[0], f"{json.dumps(answer)}\n".encode())
        for descriptor in descriptors:
            os.close(descriptor)


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
    guard = load("guard")
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


def settle_in(request: Request, output: int, template: Template, *spared: int) -> None:
    """Let this process look as if it had just been started for a kernel."""
    for handled in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(handled, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    empty, _ = os.pipe()
    for number, descriptor in enumerate((empty, output, output)):
        os.dup2(descriptor, number)
    close_all_but(*spared)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"], JPY_PARENT_PID=str(os.getppid()))
    template.observer.move(os.environ["POST_BUILDER_ROOT"], os.environ["POST_BUILDER_LOG"])
    template.hidden.touch = template.observer.tell
    template.hidden.after = AFTER
    template.hook.find_first = template.hidden.find_spec
    sys.orig_argv[:] = request["argv"]
    sys.argv[:] = [template.launcher[1].origin, *request["argv"][3:]]


def run() -> tuple[Template, Any]:
    """Serve until the engine ends; returns in a kernel only, with what listens in it."""
    control = socket.socket(fileno=int(sys.argv[1]))
    del sys.path[0]
    template = Template(receive(control)[0]["imports"])
    signal.signal(signal.SIGCHLD, collect)
    control.send(json.dumps({"problem": template.problem}).encode())
    own = os.getpid()
    request, descriptors = serve(template, control)
    divide(request, descriptors, own)
    control.detach()
    spared = [out_of_the_way(descriptor) for descriptor in descriptors[2:]]
    settle_in(request, descriptors[1], template, *spared)
    if not spared:
        return template, None
    asked = socket.socket(fileno=spared[0])
    script = sys.modules["__main__"]
    site: Any = sys.modules["sitecustomize"]
    site.listener = load("checkpoints/listener").Listener(asked, script, template.observer)
    return template, site.listener


forked, listener = run()
_, spec, code = forked.launcher
sys.modules["__main__"] = types.ModuleType("__main__")
runpy._run_code(code, vars(sys.modules["__main__"]), None, "__main__", spec)  # type: ignore[attr-defined]  # noqa: SLF001
if listener:
    listener.run_again()
