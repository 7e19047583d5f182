"""Processes that have imported what kernels need, and are forked for each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from post_builder.execution.environment import INSIDE, guarded, kernel_environment, scratch_parent
from post_builder.execution.forking.forker import Forker, pair, received
from post_builder.execution.forking.imports import Statement
from post_builder.site import Site

_SECONDS_TO_END = 10
"""Seconds for a template to end; it is killed after that."""


class Template(Forker):
    """A process that has imported some modules, and the folder of its kernels."""

    def __init__(
        self, site: Site, statements: Iterable[Statement], *, with_checkpoints: bool = False
    ) -> None:
        """Start the process; `ready` waits for it.

        Args:
            site: in whose root it works, with its environment.
            statements: what it imports.
            with_checkpoints: whether its kernels can be forked between cells.

        Raises:
            OSError: if the system has no room for its folder or its process.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="post-builder-", dir=scratch_parent())
        control, other = pair()
        super().__init__(control, with_checkpoints=with_checkpoints)
        self.scratch = Path(self._folder.name)
        """Its kernels have their folders in it, so that none is left when it ends."""
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

    @property
    def is_loading(self) -> bool:
        """Whether the imports are not done yet."""
        return not self._problem.done()

    async def ready(self) -> bool:
        """Wait until the imports are done; return whether kernels may be forked."""
        return await asyncio.shield(self._problem) == ""

    async def _answer(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            return str((await received(self._control))["problem"])
        return "it ended, or takes too long"

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
