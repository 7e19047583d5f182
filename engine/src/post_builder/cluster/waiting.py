"""Waiting for workers: whether any fits a post, and what follows if none is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from post_builder.cluster.messages import Answer
from post_builder.errors import ClusterError
from post_builder.place import Place

PATIENCE = 30.0
"""Seconds without a fitting worker after which a post fails: one that is restarted joins sooner."""

_LOOK = 2.0
"""Seconds between two looks at the workers."""

_START = "start one with `dask worker --resources`"


class Workers(Struct, eq=False):
    """The workers of a cluster."""

    client: Any  # Dask's `Client`, of which few methods have types
    looked: float = float("-inf")
    """When the scheduler was last asked, on the monotonic clock."""
    offers: Sequence[Mapping[str, float]] = ()
    """The resources of each worker then."""
    asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refuse_unfit(self, wanted: Mapping[str, float], place: Place) -> None:
        """Refuse a post whose resources no worker offers.

        Raises:
            ClusterError: it names the resources.
        """
        if wanted and not await self._fits(wanted, since=time.monotonic()):
            raise ClusterError(f"no worker of the cluster offers {_named(wanted)}", place, _START)

    async def answer(self, future: Any, wanted: Mapping[str, float], place: Place) -> Answer:  # noqa: ANN401
        """Wait for the answer to a task of Dask, which itself waits for workers without end.

        Args:
            future: of the task.
            wanted: the resources that it asks for.
            place: that the error names.

        Raises:
            ClusterError: if no worker that fits is left for `PATIENCE` seconds.
        """
        answer: asyncio.Future[Answer] = asyncio.ensure_future(future.result())
        had = time.monotonic()
        try:
            while not (await asyncio.wait({answer}, timeout=_LOOK))[0]:
                now = time.monotonic()
                if await self._fits(wanted, since=now - _LOOK):
                    had = now
                elif now - had >= PATIENCE:
                    offers = f" that offers {_named(wanted)}" if wanted else ""
                    message = f"no worker{offers} is left in the cluster"
                    hint = "nothing of this post was written; start a worker and build again"
                    raise ClusterError(message, place, hint)
            return await answer
        finally:
            answer.cancel()

    async def _fits(self, wanted: Mapping[str, float], since: float) -> bool:
        """Return whether a worker fits, as the scheduler says, or said after a time."""
        async with self.asking:
            if self.looked <= since:
                about = await self.client.scheduler.identity(n_workers=-1)
                self.offers = [worker["resources"] for worker in about["workers"].values()]
                self.looked = time.monotonic()
        return any(_offers(offered, wanted) for offered in self.offers)


def _offers(offered: Mapping[str, float], wanted: Mapping[str, float]) -> bool:
    return all(offered.get(name, 0) >= amount for name, amount in wanted.items())


def _named(wanted: Mapping[str, float]) -> str:
    return ", ".join(f"{name}: {amount:g}" for name, amount in wanted.items())
