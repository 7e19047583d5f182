"""Processes that have imported what kernels need, and are forked for each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from post_builder.execution.environment import INSIDE, guarded, kernel_environment, scratch_parent
from post_builder.execution.forking.imports import Statement
from post_builder.execution.forking.process import ForkedProcess
from post_builder.site import Site

PROVISIONER = "post-builder-template"
"""The name under which Jupyter finds the provisioner; as in pyproject.toml."""

_MESSAGE = 2**16
"""Bytes that an answer has at most."""

_SECONDS_TO_END = 10
"""Seconds for a template to end; it is killed after that."""


class Template:
    """A process that has imported some modules, and the folder of its kernels."""

    def __init__(self, site: Site, statements: Iterable[Statement]) -> None:
        """Start the process; `ready` waits for it."""
        self._folder = tempfile.TemporaryDirectory(prefix="post-builder-", dir=scratch_parent())
        self.scratch = Path(self._folder.name)
        """Its kernels have their folders in it, so that none is left when it ends."""
        self._control, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(0)
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
        self._control.send(json.dumps({"imports": list(statements)}).encode())
        self._problem = asyncio.create_task(self._answer())

    async def ready(self) -> bool:
        """Wait until the imports are done; return whether kernels may be forked."""
        return await asyncio.shield(self._problem) == ""

    async def _answer(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            data = await asyncio.get_running_loop().sock_recv(self._control, _MESSAGE)
            return str(json.loads(data)["problem"])
        return "it ended"

    async def is_current(self) -> bool:
        """Return whether what was imported is still what is installed."""
        answer = await self._ask({}, ())
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
        answer = await self._ask(request, (output,))
        if answer is None:
            return None
        if "pid" in answer[0]:
            return ForkedProcess(answer[0]["pid"], answer[1])
        answer[1].close()
        return None

    async def _ask(
        self, request: Mapping[str, object], descriptors: Sequence[int]
    ) -> tuple[dict[str, Any], socket.socket] | None:
        """Send a request; return the answer, and the socket on which more will come."""
        own, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        own.settimeout(0)
        try:
            with other:
                data = json.dumps(request).encode()
                socket.send_fds(self._control, [data], [other.fileno(), *descriptors])
            return json.loads(await asyncio.get_running_loop().sock_recv(own, _MESSAGE)), own
        except (OSError, ValueError):
            own.close()
            return None

    async def close(self) -> None:
        """End the process, and all kernels that are left."""
        self._problem.cancel()
        self._control.close()
        self._process.terminate()  # its guard leaves no process
        try:
            await asyncio.to_thread(self._process.wait, _SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._folder.cleanup()
