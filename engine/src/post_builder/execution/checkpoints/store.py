"""The checkpoints of the posts that are being written."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.errors import ExecutionError
from post_builder.execution.checkpoints.family import Family
from post_builder.execution.checkpoints.past import keys_of
from post_builder.execution.checkpoints.recording import Recording
from post_builder.execution.checkpoints.sleeping import Checkpoint, physical_memory
from post_builder.execution.forking.process import ForkedProcess
from post_builder.execution.kernels import Kernel, fresh_kernel, process_of, put_to_rest
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_MOST = 2
"""Posts of which checkpoints are kept, those that ran last: their templates stay as well."""

_SHARE = 0.25
"""How much of the machine's memory checkpoints may take."""

_PAUSE = 1
"""Seconds in which a post is written before somebody looks at the memory of checkpoints."""

Opened = tuple[AsyncExitStack, Kernel]
"""A kernel that runs, and the context that ends it."""


class Surroundings(Struct, frozen=True):
    """What a run depends on beside the cells of its post, and what they read."""

    kind: str
    """What its kernel depends on before it runs anything."""
    declared: Mapping[str, str]
    """The state of each file that the post declares."""


class Checkpoints(Struct):
    """Provides kernels that have run the first cells of a post already."""

    budget: float = field(default_factory=lambda: _SHARE * physical_memory())
    """Bytes that checkpoints may take."""
    _families: dict[str, Family] = field(default_factory=dict)
    """By the path of a post; the one that ran last is at the end."""
    _trimming: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def kernel(
        self,
        prepared: PreparedPost,
        site: Site,
        now: Surroundings,
        start: Callable[[], Awaitable[Opened]],
    ) -> AsyncIterator[Kernel]:
        """Provide a kernel that has run as many of the first cells of a post as possible.

        Args:
            prepared: the post that will run.
            site: that it belongs to.
            now: what else it depends on.
            start: starts a kernel that ran nothing.
        """
        family = await self._family(prepared.post.path, now)
        await family.begin(keys_of(prepared))
        opened = await self._wake(family, prepared, site)
        if opened is None:
            await family.close()
            opened = await start()
            opened = opened[0], self._recorded(family, prepared, opened[1])
        stack, kernel = opened
        try:
            yield kernel
        finally:
            if family.lacks_root():
                await put_to_rest(kernel.client)
                family.keep(stack)
            else:
                await stack.aclose()
            self.trim_soon()

    async def _family(self, path: str, now: Surroundings) -> Family:
        family = self._families.pop(path, None)
        if family is not None and (family.kind, family.declared) != (now.kind, now.declared):
            await family.close()
            family = None
        family = family or Family(now.kind, now.declared)
        self._families[path] = family
        for other in list(self._families)[:-_MOST]:
            await self._families.pop(other).close()
        return family

    async def _wake(self, family: Family, prepared: PreparedPost, site: Site) -> Opened | None:
        while checkpoint := family.latest():
            stack = AsyncExitStack()
            with suppress(ExecutionError):
                kernel = await stack.enter_async_context(
                    fresh_kernel(prepared.post, site, checkpoint)
                )
                return stack, self._recorded(family, prepared, kernel, checkpoint)
            family.drop([checkpoint])
        return None

    def _recorded(
        self,
        family: Family,
        prepared: PreparedPost,
        kernel: Kernel,
        at: Checkpoint | None = None,
    ) -> Kernel:
        """Return a kernel whose run leaves checkpoints, if it can."""
        process = process_of(kernel.client)
        if kernel.template is None or not isinstance(process, ForkedProcess) or not process.control:
            return kernel
        if at is None:
            family.log, family.scratch = kernel.log, kernel.template.scratch
        recording = Recording(family, prepared, kernel.client, process.control, self.trim_soon, at)
        return replace(kernel, history=recording)

    def trim_soon(self) -> None:
        """Keep to the budget, but let nobody wait: looking at large processes takes long."""
        if self._trimming is None or self._trimming.done():
            self._trimming = asyncio.create_task(self._trim_later())

    async def _trim_later(self) -> None:
        await asyncio.sleep(_PAUSE)
        await self.trim()

    async def trim(self) -> None:
        """Drop checkpoints until the others keep to the budget.

        Those go first that are oldest and cheapest to make again; one before the cell that its
        author edited last goes after all others.
        """
        while kept := [(family, one) for family in self._all() for one in family.checkpoints]:
            sizes = await asyncio.to_thread(lambda: [one.memory() for _, one in kept])
            if sum(sizes) <= self.budget:
                return
            family, least = min(kept, key=_worth)
            if least in family.checkpoints:  # a run may have dropped it meanwhile
                family.drop([least])
            await asyncio.to_thread(least.wait)

    def _all(self) -> list[Family]:
        return list(self._families.values())

    async def keep(self, kinds: Collection[str]) -> None:
        """Drop the checkpoints of posts whose kernels are not of these kinds."""
        for path in [path for path, one in self._families.items() if one.kind not in kinds]:
            await self._families.pop(path).close()

    async def close(self) -> None:
        """Drop all checkpoints."""
        if self._trimming is not None:
            self._trimming.cancel()
            await asyncio.wait({self._trimming})
        await self.keep(())


def _worth(kept: tuple[Family, Checkpoint]) -> tuple[bool, float]:
    family, one = kept
    return one.index == family.edited, one.seconds / (1 + one.age)
