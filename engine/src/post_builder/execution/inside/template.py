"""Imports what many kernels need, then is forked for each of them. Runs in the post's Python.

usage: python template.py CONTROL

CONTROL is a socket. The first message names what to import; the answer says whether kernels may be
forked. Each further message asks for one, and brings descriptors: where to say how the kernel ends,
where it prints, and, if it may be forked between cells, where it is asked for that. This process
runs no code of a post and starts no thread.
"""

import contextlib
import gc
import importlib
import importlib.machinery
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

forks: Any = types.ModuleType("forks")
"""What templates have in common with checkpoints."""

importlib.machinery.SourceFileLoader("forks", f"{FOLDER}/checkpoints/forks.py").exec_module(forks)
forks.FOLDER = FOLDER

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

BEFORE = (
    *("ipykernel.debugger", "pdb", "IPython.core.debugger", "faulthandler"),
    *("tornado.platform.asyncio", "IPython.utils.wildcard", "IPython.core.oinspect"),
    *("IPython.core.completerlib", "IPython.extensions.storemagic", "IPython.core.logger"),
)
"""What a kernel imports when it starts; which of these, depends on its version."""

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


class Template:
    """What has been imported."""

    def __init__(self, control: socket.socket) -> None:
        """Import everything; `problem` says why no kernel can be forked.

        Args:
            control: where the engine says what posts import; what kernels import needs no word.
        """
        gc.disable()  # nearly all that is imported stays
        site: Any = sys.modules["sitecustomize"]
        self.observer, self.hook = site.observer, site.hook
        for name in STARTED:
            with contextlib.suppress(ImportError):  # other versions have other modules
                importlib.import_module(name)
        self.launcher = runpy._get_module_details("ipykernel_launcher")  # type: ignore[attr-defined]  # noqa: SLF001
        forks.guard = forks.load("guard")
        self.probe = site.probe = forks.load("probe")
        statements = forks.receive(control)[0]["imports"]
        recorder = forks.load("preload").Recorder(forks.load("hidden"))
        before = state()
        self.observer.touched = recorder.touch
        os.environ.update(ENVIRONMENT)
        self.hidden = recorder.record(with_companions(statements))
        for name in ENVIRONMENT:
            del os.environ[name]
        self.files = {path: forks.file_state(path) for path in self.files_used()}
        gc.freeze()  # what is there stays shared; to look for cycles in it would take long
        gc.enable()
        self.problem = "; ".join([*recorder.problems, *differences(before, state())])

    def files_used(self) -> set[str]:
        """Return the files on which the imported modules depend."""
        modules = [*sys.modules.values(), *self.hidden.modules.values()]
        found = {getattr(module, "__file__", None) for module in modules}
        touched = (
            step[2] for steps in self.hidden.steps.values() for step in steps if step[0] == "touch"
        )
        return {*filter(None, found), *touched, os.path.abspath("matplotlibrc")}

    def read_packages(self) -> None:
        """Read what is installed, once, while a kernel starts: all of them are asked for it."""
        if not self.probe.known:
            for distribution in self.probe.distributions():
                self.probe.described(distribution)

    def outdated(self) -> str:
        """Return which file has changed since it was read."""
        changed = (path for path, before in self.files.items() if forks.file_state(path) != before)
        return next((f"{path} changed" for path in changed), "")


def with_companions(
    statements: list[tuple[str, tuple[str, ...]]],
) -> list[tuple[str, tuple[str, ...]]]:
    """Add what libraries import later, and what a kernel does before it runs a cell."""
    found: list[tuple[str, tuple[str, ...]]] = [(name, ()) for name in BEFORE]
    for name, items in statements:
        found.append((name, tuple(items)))
        found += [(other, ()) for other in COMPANIONS.get(name, ())]
    return found


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


def settle_in(request: Request, output: int, template: Template, *spared: int) -> None:
    """Let this process look as if it had just been started for a kernel."""
    for handled in (signal.SIGTERM, signal.SIGUSR2):
        signal.signal(handled, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    empty, _ = os.pipe()
    for number, descriptor in enumerate((empty, output, output)):
        os.dup2(descriptor, number)
    forks.close_all_but(*spared)
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
    template = Template(control)
    signal.signal(signal.SIGCHLD, forks.collect)
    control.send(json.dumps({"problem": template.problem}).encode())
    own = os.getpid()
    request, descriptors = forks.serve(template, control, template.read_packages)
    forks.divide(request, descriptors, own)
    control.detach()
    spared = [forks.out_of_the_way(descriptor) for descriptor in descriptors[2:]]
    settle_in(request, descriptors[1], template, *spared)
    if not spared:
        return template, None
    asked = socket.socket(fileno=spared[0])
    site: Any = sys.modules["sitecustomize"]
    site.listener = forks.load("checkpoints/listener").Listener(asked, forks, template.observer)
    return template, site.listener


forked, listener = run()
_, spec, code = forked.launcher
sys.modules["__main__"] = types.ModuleType("__main__")
runpy._run_code(code, vars(sys.modules["__main__"]), None, "__main__", spec)  # type: ignore[attr-defined]  # noqa: SLF001
if listener:
    listener.run_again()
