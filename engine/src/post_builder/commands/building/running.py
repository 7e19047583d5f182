"""Where the posts of a build run: on this machine, or on a cluster."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from post_builder.document.post import Post
from post_builder.errors import RaisedError
from post_builder.freshness.site_files import Before
from post_builder.pipeline.made.aside import products_aside
from post_builder.pipeline.prepare import PostState
from post_builder.site import Site

if TYPE_CHECKING:  # fresh posts need neither Jupyter nor Dask
    from post_builder.cluster.client import Cluster
    from post_builder.execution.kernels import KernelSource
    from post_builder.execution.run import Run

Started = Callable[..., None]
"""Told of a cell that starts, and of the worker that runs it if it is not this machine."""


class Runner(Protocol):
    """What runs posts."""

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Prepare for posts that will run."""

    async def run(
        self,
        state: PostState,
        before: Before,
        started: Started,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post.

        Args:
            state: the post.
            before: the state of files before the run.
            started: told of each cell.
            failures: takes the errors of cells that raise; None if the first ends the run.

        Raises:
            ExecutionError: if a cell raises, takes too long or loses its kernel.
            ClusterError: if a cluster cannot run it.
        """


@dataclass(frozen=True, slots=True)
class Here:
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
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post in a kernel, while its products are out of the way."""
        from post_builder.execution.runner import execute  # noqa: PLC0415  # as above

        kernels = self.kernels.for_run(state.prepared, before.declared)
        with products_aside(state.site, state.prepared):
            return await execute(state.prepared, state.site, started, kernels, failures)


@dataclass(frozen=True, slots=True)
class OnCluster:
    """Runs posts on the workers of a cluster, which compares files itself."""

    cluster: Cluster

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Do nothing: workers start what they need."""

    async def run(
        self,
        state: PostState,
        before: Before,
        started: Started,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post on a worker."""
        del before
        return await self.cluster.run(state.prepared, state.record, started, failures)


def run_seconds(state: PostState | None) -> float:
    """Return how long a post is likely to run: long ones begin first, so that none is left over."""
    record = state.record if state else None
    return record.run.seconds if record else math.inf if state else 0
