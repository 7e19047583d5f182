"""A run that leaves checkpoints between its cells, or begins at one."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Sequence

from post_builder.execution.checkpoints.family import Family
from post_builder.execution.checkpoints.history import Executed, History
from post_builder.execution.checkpoints.past import Past, keys_of
from post_builder.execution.checkpoints.sleeping import Checkpoint
from post_builder.execution.client import KernelClient
from post_builder.execution.forking.forker import ask
from post_builder.execution.forking.starting import pair
from post_builder.execution.observations import Observations, parse_log
from post_builder.execution.run import CellRun
from post_builder.sources.transclusion import PreparedPost

SLOW = 0.3
"""Seconds of cells after which there is a checkpoint; waking one takes about as long."""

DEAR = 5
"""How many times as long as making the last checkpoint took the cells before the next must take."""

LAST = 4
"""How many times as long cells must take before there is a checkpoint after the last one: its
author waits for it, and only a cell that is added below will use it."""


class Recording(History):
    """A run of which checkpoints are kept."""

    def __init__(  # noqa: PLR0913, PLR0917  # all of one run
        self,
        family: Family,
        prepared: PreparedPost,
        client: KernelClient,
        control: socket.socket,
        trim: Callable[[], None],
        at: Checkpoint | None = None,
    ) -> None:
        """Prepare for a run.

        Args:
            family: that gets the checkpoints.
            prepared: the post that runs.
            client: of its kernel.
            control: the socket on which the kernel is asked for checkpoints.
            trim: called after each new checkpoint.
            at: the checkpoint from which the kernel was forked.
        """
        super().__init__(family.log, prepared.post.place(1))
        self._family, self._prepared = family, prepared
        self._client, self._control, self._trim = client, control, trim
        self._keys = keys_of(prepared)
        self._past = at.past.copy() if at else None
        self._observed = list(at.past.observed) if at else []
        self._from = self.log.stat().st_size if at and self.log.exists() else 0
        self._begins, self._seconds, self._making = True, 0.0, 0.0
        self._remarks: dict[str, str] = {}

    @property
    def remark(self) -> str:
        """Which cells did not run again, and after which one there could be no checkpoint."""
        return "; ".join(self._remarks.values())

    def restore(self, executed: Executed) -> list[CellRun]:
        """Return the cells before the checkpoint, and add them to what has run."""
        if self._past is None:
            return []
        self._client.restore(self._past.client)
        cells = self._past.resume(self._prepared, executed)
        self._remarks["resumed"] = f"cells up to {cells[-1].cell.name} did not run again"
        return cells

    async def between(self, cells: Sequence[CellRun], executed: Executed) -> None:
        """Leave a checkpoint if it is worth its while, and begin the next cell."""
        if self._begins:
            self._begins = False
            await self._tell(len(cells), first=True)
            return
        self._observed.append(self._segment())
        self._seconds += cells[-1].seconds
        if len(cells) != self._family.edited and self._seconds < self._least(len(cells)):
            await self._tell(len(cells))
            return
        begin = time.perf_counter()
        await self._make(cells, executed)
        self._making = time.perf_counter() - begin

    def _least(self, count: int) -> float:
        """Return the seconds of cells that are worth a checkpoint after so many of them."""
        least = max(SLOW, DEAR * self._making)
        return LAST * least if count == len(self._prepared.cells) else least

    async def _make(self, cells: Sequence[CellRun], executed: Executed) -> None:
        own, other = pair()
        with other:
            refused = await self._tell(len(cells), other.fileno())
        if refused:
            own.close()
            self._remarks.setdefault(
                "refused", f"no checkpoint after cell {cells[-1].cell.name}: {refused}"
            )
            return
        nodes = tuple(node for _, node in executed)
        client, observed = self._client.state(), tuple(self._observed)
        past = Past(self._keys[: len(cells)], tuple(cells), nodes, client, observed).copy()
        seconds, self._seconds = self._seconds, 0.0
        await self._family.add(own, past, seconds)
        self._trim()

    async def _tell(self, index: int, bed: int | None = None, *, first: bool = False) -> str:
        """Tell the kernel that a cell begins.

        Args:
            index: of the cell.
            bed: a socket for a checkpoint, if there is to be one before the cell.
            first: whether it is the first cell that runs in this kernel.

        Returns:
            Why there is no checkpoint.
        """
        request = {"cell": index, "first": first}
        answer = await ask(self._control, request, [] if bed is None else [bed])
        if answer is None:
            return "the kernel does not answer"
        answer[1].close()
        written = answer[0]["written"]
        if written is not None:
            self._family.drop_after(written)
        return str(answer[0].get("refused", ""))

    def _segment(self) -> Observations:
        """Return what was noted since the last time."""
        data = self.notes()
        new, self._from = data[self._from :], len(data)
        return parse_log(new)

    def observations(self) -> Observations:
        """Return what the whole post read, wrote and listed."""
        found = Observations()
        for observed in (*self._observed, self._segment()):
            found |= observed
        return found
