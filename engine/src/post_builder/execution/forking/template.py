"""Processes that have imported what kernels need, and are forked for each."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Iterable

from post_builder.execution.forking.forker import Forker, received
from post_builder.execution.forking.imports import Statement
from post_builder.execution.forking.starting import TemplateProcess


class Template(Forker):
    """A process that has imported some modules, and the folder of its kernels."""

    def __init__(
        self,
        process: TemplateProcess,
        statements: Iterable[Statement],
        *,
        with_checkpoints: bool = False,
    ) -> None:
        """Tell a process what to import; `ready` waits for it.

        Args:
            process: that has been told nothing yet.
            statements: what it imports.
            with_checkpoints: whether its kernels can be forked between cells.
        """
        super().__init__(process.control, with_checkpoints=with_checkpoints)
        self._process, self.scratch = process, process.scratch
        with contextlib.suppress(OSError):  # it may have ended; no answer says so
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
        if self.is_loading:
            self._problem.cancel()
            await asyncio.wait({self._problem})
        await asyncio.to_thread(self._process.end)
