"""What templates and checkpoints have in common: processes that fork kernels on demand."""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from post_builder.execution.forking.process import ForkedProcess
from post_builder.execution.forking.starting import pair

PROVISIONER = "post-builder-template"
"""The name under which Jupyter finds the provisioner; as in pyproject.toml."""

_MESSAGE = 2**16
"""Bytes that an answer has at most."""

_SECONDS_TO_ANSWER = 60
"""Seconds for a process to answer; plain kernels are started after that."""


class Forker:
    """A process that forks kernels from itself."""

    scratch: Path
    """The folder for the folders of its kernels."""

    def __init__(self, control: socket.socket, *, with_checkpoints: bool) -> None:
        """Take the socket on which it is asked.

        Args:
            control: the engine's end.
            with_checkpoints: whether its kernels can be forked between cells.
        """
        control.settimeout(0)
        self._control, self._with_checkpoints = control, with_checkpoints

    async def ready(self) -> bool:
        """Return whether kernels may be forked."""
        return True

    async def is_current(self) -> bool:
        """Return whether what was imported is still what is installed, and its folder is there."""
        if not self.scratch.is_dir():
            return False
        answer = await ask(self._control, {})
        if answer is None:
            return False
        answer[1].close()
        return "refused" not in answer[0]

    async def fork(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: str, output: int
    ) -> ForkedProcess | None:
        """Fork a kernel; None if what was imported is out of date, or the process has ended.

        Args:
            argv: the command of the kernel.
            env: its environment.
            cwd: its working directory.
            output: descriptor of the file to which it prints.
        """
        scratch = os.path.dirname(env["POST_BUILDER_LOG"])  # noqa: PTH120  # a text
        request = {"argv": [*argv], "env": dict(env), "cwd": cwd, "scratch": scratch}
        control, other = pair() if self._with_checkpoints else (None, None)
        try:
            descriptors = [output, *([other.fileno()] if other else [])]
            answer = await ask(self._control, request, descriptors)
            if answer and "pid" in answer[0]:
                forked, control = ForkedProcess(answer[0]["pid"], answer[1], control), None
                return forked
            if answer:
                answer[1].close()
            return None
        finally:
            for end in filter(None, (control, other)):
                end.close()


async def ask(
    control: socket.socket, request: Mapping[str, object], descriptors: Sequence[int] = ()
) -> tuple[dict[str, Any], socket.socket] | None:
    """Send a request to another process.

    Args:
        control: the socket on which it listens.
        request: for it.
        descriptors: that it gets as well.

    Returns:
        The answer, and the socket on which more will come; None if there is no answer.
    """
    own, other = pair()
    try:
        with other:
            data = json.dumps(request).encode()
            socket.send_fds(control, [data], [other.fileno(), *descriptors])
        return await received(own), own
    except (OSError, ValueError):
        own.close()
        return None
    except asyncio.CancelledError:
        own.close()
        raise


async def received(source: socket.socket) -> dict[str, Any]:
    """Return the next message; `OSError` or `ValueError` if there is none in time."""
    receiving = asyncio.get_running_loop().sock_recv(source, _MESSAGE)
    message: dict[str, Any] = json.loads(await asyncio.wait_for(receiving, _SECONDS_TO_ANSWER))
    return message
