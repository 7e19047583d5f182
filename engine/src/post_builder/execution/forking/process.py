"""A kernel that was forked by a template: not a child of this process, but handled like one."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from contextlib import suppress

_MESSAGE = 4096
"""Bytes that a message has at most."""

_KILLED = -9
"""The status of a process that could not say how it ended."""


class ForkedProcess:
    """The guard of a kernel, with the methods of `subprocess.Popen` that Jupyter uses.

    It says on a socket how the kernel ended; when the socket is closed, it has ended itself.
    """

    stdin = stdout = stderr = None

    def __init__(self, pid: int, said: socket.socket, control: socket.socket | None = None) -> None:
        """Take a process.

        Args:
            pid: its number.
            said: the socket on which it speaks.
            control: the socket on which the kernel is asked for checkpoints, if it can have any.
        """
        self.pid, self.control = pid, control
        self.returncode: int | None = None
        self._said, self._status = said, _KILLED

    def poll(self) -> int | None:
        """Return how the process ended; None if it runs."""
        return self._listen(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait until the process has ended.

        Raises:
            TimeoutExpired: if it takes longer than a number of seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (status := self._listen(_left(end))) is None:
            if end is not None and time.monotonic() >= end:
                raise subprocess.TimeoutExpired(f"kernel {self.pid}", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the process has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End the process."""
        self.send_signal(signal.SIGKILL)

    def _listen(self, seconds: float | None) -> int | None:
        while self.returncode is None and select.select([self._said], [], [], seconds)[0]:
            data = self._receive()
            if data:
                self._status = json.loads(data)["status"]
            else:
                self.returncode = self._status
                self._said.close()
                if self.control:
                    self.control.close()
        return self.returncode

    def _receive(self) -> bytes:
        with suppress(ConnectionError):
            return self._said.recv(_MESSAGE)
        return b""


def _left(end: float | None) -> float | None:
    return None if end is None else max(0.0, end - time.monotonic())
