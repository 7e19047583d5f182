"""How many posts run at once, and which of them first."""

from __future__ import annotations

import asyncio
import math
from typing import Self

from post_builder.pipeline.prepare import PostState


class Turns:
    """As many turns as there are jobs; a post waits for one."""

    def __init__(self, jobs: int) -> None:
        """Take the number of posts that may run at once."""
        self.free = asyncio.Semaphore(jobs)
        self.is_alone = jobs == 1


class Turn:
    """The turn of a post: it has it from its start until its cells have run, or it has ended."""

    def __init__(self, turns: Turns) -> None:
        """Wait for nothing yet."""
        self._turns, self._is_held = turns, False

    async def __aenter__(self) -> Self:
        """Wait for a turn."""
        await self._turns.free.acquire()
        self._is_held = True
        return self

    def cells_ended(self) -> None:
        """Let another post begin while the kernel of this one ends and what it gave is written.

        Where one post runs at a time, it has all that it does to itself.
        """
        if not self._turns.is_alone:
            self._end()

    async def __aexit__(self, *_: object) -> None:
        """End the turn."""
        self._end()

    def _end(self) -> None:
        if self._is_held:
            self._is_held = False
            self._turns.free.release()


def expected_seconds(state: PostState | None) -> float:
    """Return how long a post is likely to run: long ones begin first, so that none is left over."""
    if state is None:
        return 0
    return state.record.run.seconds if state.record else math.inf
