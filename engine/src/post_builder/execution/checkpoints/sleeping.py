"""A sleeping fork of a kernel, as the engine sees it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from post_builder.execution.checkpoints.past import Past
from post_builder.execution.forking.forker import Forker
from post_builder.execution.forking.process import ForkedProcess

_KIB = 1024

_SECONDS_TO_END = 2
"""Seconds for a checkpoint to end; milliseconds, on an idle machine."""


class Checkpoint(Forker):
    """A process that forks kernels in the state that a run had before one of its cells."""

    def __init__(
        self, control: socket.socket, pid: int, past: Past, scratch: Path, seconds: float
    ) -> None:
        """Take a process that sleeps.

        Args:
            control: on which it listens.
            pid: its number.
            past: the cells that ran before it was made.
            scratch: the folder for the folders of its kernels.
            seconds: how long the cells took since the checkpoint before it.
        """
        super().__init__(control, with_checkpoints=True)
        self.pid, self.past, self.scratch, self.seconds = pid, past, scratch, seconds
        self.age = 0
        """How many runs have begun since it was made or woken."""

    @property
    def index(self) -> int:
        """The index of the cell that runs next."""
        return len(self.past.keys)

    async def fork(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, output: int
    ) -> ForkedProcess:
        """Wake a kernel; what it prints goes where it went before.

        Raises:
            RuntimeError: if the process has ended.
        """
        forked = await super().fork(argv, env, cwd, output)
        if forked is None:
            message = "the checkpoint has ended, or a module in it has changed"
            raise RuntimeError(message)
        return forked

    def memory(self) -> int:
        """Return the bytes that it takes: its share of each page, and the tables of them."""
        rollup = _kib(Path(f"/proc/{self.pid}/smaps_rollup"), "Pss:")
        return (rollup + _kib(Path(f"/proc/{self.pid}/status"), "VmPTE:")) * _KIB

    def close(self) -> None:
        """Let the process end."""
        self._control.close()

    def wait(self) -> None:
        """Wait until the process has ended, but not for long: what it shares is counted anew."""
        end = time.monotonic() + _SECONDS_TO_END
        while self.memory() and time.monotonic() < end:
            time.sleep(0.01)


def physical_memory() -> int:
    """Return the bytes of memory that the machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _kib(file: Path, name: str) -> int:
    """Return a number of a file in /proc; 0 if the process has ended."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name)), 0)
