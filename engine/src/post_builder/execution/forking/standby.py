"""Kernels that are started before they are needed, for `watch`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from jupyter_core.utils import ensure_async
from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.document.post import Post
from post_builder.errors import ConflictError, ExecutionError
from post_builder.execution.checkpoints.store import Checkpoints, Opened, Surroundings
from post_builder.execution.forking.templates import Templates, kind_of, statements_of
from post_builder.execution.kernels import Kernel, Kernels
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_MOST = 2
"""Posts for which a kernel with their imports is kept ready; each takes memory."""


class Standby(Struct):
    """Keeps one kernel of each kind ready, so that no run waits for its start.

    Of the posts that ran last, a kernel is ready that has imported what they import.
    """

    _ready: dict[str, asyncio.Task[Opened]] = field(default_factory=dict)
    _templates: Templates = field(default_factory=lambda: Templates(with_checkpoints=True))
    _checkpoints: Checkpoints = field(default_factory=Checkpoints)
    _latest: list[str] = field(default_factory=list)
    """The kinds of posts that ran last, the last one first."""
    _running: dict[str, tuple[Post, asyncio.Task[object]]] = field(default_factory=dict)
    """By the path of a post, as it runs, and the task that runs it."""
    _outdated: set[asyncio.Task[object]] = field(default_factory=set)
    """Tasks that were ended since their post was edited."""

    def for_run(self, prepared: PreparedPost, declared: Mapping[str, str]) -> Kernels:
        """Return where the kernel of a post comes from: a checkpoint, or one that is ready.

        A post that makes products always runs whole: they are out of the way while it runs.
        """
        if any(cell.options.products for cell in prepared.cells):
            return self
        return partial(self._for_run, prepared, declared)

    @asynccontextmanager
    async def _for_run(
        self, prepared: PreparedPost, declared: Mapping[str, str], post: Post, site: Site
    ) -> AsyncIterator[Kernel]:
        now = Surroundings(_kind(post, site), declared)
        start = partial(self._start, post, site)
        async with (
            self._tracked(post, site),
            self._checkpoints.kernel(prepared, site, now, start) as kernel,
        ):
            yield kernel

    @asynccontextmanager
    async def __call__(self, post: Post, site: Site) -> AsyncIterator[Kernel]:
        """Provide a kernel that has run nothing, and start another once it has been used."""
        stack, kernel = await self._start(post, site)
        async with self._tracked(post, site), stack:
            yield kernel

    async def _start(self, post: Post, site: Site) -> Opened:
        """Return the kernel that is ready, or start one."""
        kinds = (kind_of(post, site), _kind(post, site))
        start = next((self._ready.pop(kind) for kind in kinds if kind in self._ready), None)
        return (start and await _usable(start)) or await self._open(post, site)

    @asynccontextmanager
    async def _tracked(self, post: Post, site: Site) -> AsyncIterator[None]:
        """Let a run be ended when its post is edited, and have a kernel ready after it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101  # a kernel is used in one
        self._running[post.path] = (post, task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._outdated:
                raise
            task.uncancel()
            raise edited_meanwhile(post) from None
        finally:
            self._running.pop(post.path, None)
            self._outdated.discard(task)
            if not task.cancelling():
                self.warm(post, site)
                await self._warm_again(post, site)

    def end_outdated(self, post: Post) -> None:
        """End the run of a post if its code is another one now."""
        before, task = self._running.get(post.path, (post, None))
        if task is not None and task not in self._outdated and _code(before) != _code(post):
            self._outdated.add(task)
            task.cancel()

    def warm(self, post: Post, site: Site) -> None:
        """Start a kernel of the kind that a post needs, unless one is ready."""
        if _kind(post, site) not in self._ready:
            bare = replace(post, cells=())
            self._templates.expect([bare], site)
            self._ready[_kind(post, site)] = asyncio.create_task(self._open(bare, site))

    async def _warm_again(self, post: Post, site: Site) -> None:
        """Have a kernel ready that has imported what a post imports, which just ran."""
        kind = kind_of(post, site)
        if not statements_of(post):
            return
        self._latest = [kind, *(one for one in self._latest if one != kind)]
        await self._end(self._latest[_MOST:])
        self._templates.expect([post], site)
        if kind not in self._ready:
            self._ready[kind] = asyncio.create_task(self._open(post, site))

    async def _open(self, post: Post, site: Site) -> Opened:
        stack = AsyncExitStack()
        return stack, await stack.enter_async_context(self._templates(post, site))

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Prepare for the posts of a build: only kernels that were forked have checkpoints."""
        self._templates.expect(posts, site)

    async def prepare(self, posts: Iterable[Post], site: Site) -> None:
        """Have a kernel ready for each kind of post, and end those of other kinds.

        Settings belong to the kind: after each change of `_config.yml` all kernels are replaced.
        """
        posts = list(posts)
        kinds = {kind(post, site) for post in posts for kind in (_kind, kind_of)}
        await self._end([kind for kind in {*self._ready, *self._latest} if kind not in kinds])
        await self._checkpoints.keep(kinds)
        await self._templates.keep([*self._latest, *map(partial(_kind, site=site), posts)])
        for post in posts:
            self.warm(post, site)

    async def close(self) -> None:
        """End the checkpoints, and the kernels that were never used."""
        await self._checkpoints.close()
        await self._end(list(self._ready))
        await self._templates.close()

    async def _end(self, kinds: Sequence[str]) -> None:
        self._latest = [kind for kind in self._latest if kind not in kinds]
        starts = [self._ready.pop(kind) for kind in kinds if kind in self._ready]
        for start in starts:
            start.cancel()
        for opened in await asyncio.gather(*starts, return_exceptions=True):
            if not isinstance(opened, BaseException):
                await opened[0].aclose()
        await self._templates.drop(kinds)


def edited_meanwhile(post: Post) -> ConflictError:
    """Return why a run was ended."""
    message = "the code of the post changed while it ran"
    return ConflictError(message, post.place(1), "it runs again now")


def _code(post: Post) -> list[object]:
    """Return what a run of a post computes."""
    return [*(cell.code for cell in post.cells), *(value.expression for value in post.values)]


def _kind(post: Post, site: Site) -> str:
    """Return what a kernel depends on before it imports anything."""
    return kind_of(replace(post, cells=()), site)


async def _usable(start: asyncio.Task[Opened]) -> Opened | None:
    """Return a kernel that was started earlier; None if it did not start, or has died since."""
    try:
        stack, kernel = await start
    except ExecutionError:
        return None  # what was wrong may be fixed by now; if not, the next start says so
    manager, template = kernel.client.km, kernel.template
    is_alive = manager is not None and await ensure_async(manager.is_alive())
    is_alive = is_alive and kernel.log.is_file()
    if not is_alive or (template and not await template.is_current()):
        await stack.aclose()
        return None
    return stack, kernel
