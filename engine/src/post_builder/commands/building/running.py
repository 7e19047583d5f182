"""Where the posts of a build run: on this machine, or on a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from post_builder.document.post import Post
from post_builder.errors import RaisedError
from post_builder.freshness.site_files import Before
from post_builder.pipeline.made.aside import products_aside
from post_builder.pipeline.prepare import PostState
from post_builder.site import Site

if TYPE_CHECKING:  # fresh posts need neither Jupyter nor Dask
    from post_builder.cluster.client import Cluster
    from post_builder.execution.kernels import Kernel, KernelSource
    from post_builder.execution.run import Run

Started = Callable[..., None]
"""Told of a cell that starts, and of the worker that runs it if it is not this machine."""

Ended = Callable[[], object]
"""Told that all cells of a post have run."""


class Runner(Protocol):
    """What runs posts."""

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Prepare for posts that will run."""

    async def run(
        self,
        state: PostState,
        before: Before,
        started: Started,
        ended: Ended,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post.

        Args:
            state: the post.
            before: the state of files before the run.
            started: told of each cell.
            ended: called when the cells have run, and nothing is left to do but to clear up.
            failures: takes the errors of cells that raise; None if the first ends the run.

        Raises:
            ExecutionError: if a cell raises, takes too long or loses its kernel.
            ClusterError: if a cluster cannot run it.
        """


class Here(Struct, frozen=True):
    """Runs posts on this machine."""

    kernels: KernelSource

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Start templates for posts that import the same."""
        self.kernels.expect(posts, site)

    async def run(
        self,
        state: PostState,
        before: Before,
        started: Started,
        ended: Ended,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post in a kernel, while its products are out of the way."""
        from post_builder.execution.runner import execute  # noqa: PLC0415  # as above

        own = self.kernels.for_run(state.prepared, before.declared)

        @asynccontextmanager
        async def kernels(post: Post, site: Site) -> AsyncIterator[Kernel]:
            async with own(post, site) as kernel:
                yield kernel
                ended()

        with products_aside(state.site, state.prepared):
            return await execute(state.prepared, state.site, started, kernels, failures)


class OnCluster(Struct, frozen=True):
    """Runs posts on the workers of a cluster, which compares files itself."""

    cluster: Cluster

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Do nothing: workers start what they need."""

    async def run(
        self,
        state: PostState,
        before: Before,
        started: Started,
        ended: Ended,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post on a worker."""
        del before, ended  # no other post waits for it
        return await self.cluster.run(state.prepared, state.record, started, failures)


async def import_publishing() -> None:
    """Import what the end of a run needs: the first kernels start meanwhile."""
    import post_builder.pipeline.publish  # noqa: PLC0415
    import post_builder.rendering.regions.rendered  # noqa: F401, PLC0415
