"""Kernels that are started before they are needed, for `watch`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from jupyter_core.utils import ensure_async

from post_builder.document.post import Post
from post_builder.errors import ExecutionError
from post_builder.execution.kernels import Kernel, fresh_kernel
from post_builder.site import Site

Opened = tuple[AsyncExitStack, Kernel]
"""A kernel that runs, and the context that ends it."""


@dataclass(slots=True)
class Standby:
    """Keeps one kernel of each kind ready, so that no run waits for its start."""

    _ready: dict[str, asyncio.Task[Opened]] = field(default_factory=dict)

    @asynccontextmanager
    async def __call__(self, post: Post, site: Site) -> AsyncIterator[Kernel]:
        """Provide the kernel that is ready, and start another once it has been used."""
        start = self._ready.pop(_kind(post, site), None)
        stack, kernel = (start and await _usable(start)) or await _open(post, site)
        try:
            async with stack:
                yield kernel
        finally:
            task = asyncio.current_task()
            if task and not task.cancelling():
                self.warm(post, site)

    def warm(self, post: Post, site: Site) -> None:
        """Start a kernel of the kind that a post needs, unless one is ready."""
        if _kind(post, site) not in self._ready:
            self._ready[_kind(post, site)] = asyncio.create_task(_open(post, site))

    async def prepare(self, posts: Iterable[Post], site: Site) -> None:
        """Have a kernel ready for each kind of post, and end those of other kinds.

        Settings belong to the kind: after each change of `_config.yml` all kernels are replaced.
        """
        posts = list(posts)
        kinds = {_kind(post, site) for post in posts}
        await self._end([kind for kind in self._ready if kind not in kinds])
        for post in posts:
            self.warm(post, site)

    async def close(self) -> None:
        """End the kernels that were never used."""
        await self._end(list(self._ready))

    async def _end(self, kinds: Sequence[str]) -> None:
        starts = [self._ready.pop(kind) for kind in kinds]
        for start in starts:
            start.cancel()
        for opened in await asyncio.gather(*starts, return_exceptions=True):
            if not isinstance(opened, BaseException):
                await opened[0].aclose()


def _kind(post: Post, site: Site) -> str:
    """Return what a kernel depends on before it runs anything."""
    return repr((post.kernel, post.language, site))


async def _usable(start: asyncio.Task[Opened]) -> Opened | None:
    """Return a kernel that was started earlier; None if it did not start, or has died since."""
    try:
        stack, kernel = await start
    except ExecutionError:
        return None  # what was wrong may be fixed by now; if not, the next start says so
    manager = kernel.client.km
    if manager is None or not await ensure_async(manager.is_alive()):
        await stack.aclose()
        return None
    return stack, kernel


async def _open(post: Post, site: Site) -> Opened:
    stack = AsyncExitStack()
    return stack, await stack.enter_async_context(fresh_kernel(post, site))
