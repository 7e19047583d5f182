"""Starting a process that will be a template.

Imports little: the process starts before most of the engine is imported, and works meanwhile.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from post_builder.execution.environment import INSIDE, guarded, kernel_environment, scratch_parent
from post_builder.execution.kernelspecs import Launch, find_launch
from post_builder.site import Site

_SECONDS_TO_END = 10
"""Seconds for a template to end; it is killed after that."""


_COMMAND = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
"""The arguments of Python in the kernelspecs that a template can stand for."""


class TemplateProcess:
    """A process that imports what all kernels need, and then waits to be told what posts import."""

    def __init__(self, site: Site) -> None:
        """Start it.

        Args:
            site: in whose root it works, with its environment.

        Raises:
            OSError: if the system has no room for its folder or its process.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="post-builder-", dir=scratch_parent(site))
        self.control, other = pair()
        self.scratch = Path(self._folder.name)
        """The kernels have their folders in it, so that none is left when it ends."""
        command = [sys.executable, str(INSIDE / "template.py"), str(other.fileno())]
        with (self.scratch / "template.log").open("wb") as log, other:
            self._process = subprocess.Popen(
                guarded(command, self.scratch),
                pass_fds=[other.fileno()],
                cwd=site.root,
                env=kernel_environment(site, self.scratch),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def end(self) -> None:
        """End the process, and all kernels that are left; wait for that."""
        self.control.close()
        self._process.terminate()  # its guard leaves no process
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the engine's end of a new connection, and that of another process."""
    own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    own.settimeout(0)
    return own, other


def can_fork(launch: Launch | None) -> bool:
    """Return whether a template can stand for a kernel: it must be ipykernel in this Python."""
    if sys.platform != "linux" or launch is None or launch.env or not launch.is_own:
        return False
    return launch.argv[1:] == _COMMAND


def may_fork(kernel: str, language: str, site: Site) -> bool:
    """Return whether the kernels of a name may be forked in a site."""
    seed = site.settings.environment.get("PYTHONHASHSEED", "0")
    is_fixed = seed.isdecimal()  # forked processes cannot have seeds of their own
    return is_fixed and language == "python" and can_fork(find_launch(kernel))
