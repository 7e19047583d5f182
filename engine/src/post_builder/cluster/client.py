"""Running posts on a cluster, from the author's machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import KilledWorker
from distributed.client import FutureCancelledError
from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.cluster.home import TRACKED, brought_home, error_at_home
from post_builder.cluster.messages import Answer, Failed, Job, Mismatch, Missing, Ran
from post_builder.cluster.sending import Sender
from post_builder.cluster.tree import Tree, changes, in_tree, joined
from post_builder.cluster.versions import ALIKE, expected_versions, refuse_other_versions
from post_builder.cluster.waiting import Workers
from post_builder.cluster.worker.tasks import run_post
from post_builder.document.post import Cell
from post_builder.document.resources import resources_of
from post_builder.errors import ClusterError, RaisedError
from post_builder.execution.run import Run
from post_builder.freshness.record import Record
from post_builder.freshness.site_files import declared_files
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_UNSEEN = ("FileNotFoundError", "ModuleNotFoundError")
"""What a post raises that misses a file."""

Started = Callable[[Cell, str], None]
"""Told of a cell that starts, and of the worker that runs it."""


class Cluster(Struct, eq=False):
    """Runs posts on the workers of a cluster."""

    client: Any  # Dask's `Client`, of which few methods have types
    address: str
    site: Site
    tree: Tree
    newer: Tree
    """What has changed since, as far as a worker asked for it."""
    sender: Sender
    workers: Workers
    scratch: Path
    listeners: dict[str, Callable[[int, str], None]] = field(default_factory=dict)
    """By the path of a post, what is told of its cells."""
    comparing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while files are compared with the tree, so that none is read twice at once."""

    async def run(
        self,
        prepared: PreparedPost,
        record: Record | None,
        started: Started,
        failures: list[RaisedError] | None,
    ) -> Run:
        """Run a post on any worker that fits it.

        Args:
            prepared: the post with the code of its transcluded cells.
            record: of its last run.
            started: told of each cell.
            failures: takes the errors of cells that raise, as for a run on this machine.

        Raises:
            ClusterError: if no worker fits it, or the cluster is lost.
            ExecutionError: as for a run on this machine.
        """
        post = prepared.post
        place = post.place(1)
        job, tree = await self._job(prepared, record, keep_going=failures is not None)
        self.listeners[post.path] = _told(post.cells, started)
        try:
            with self._as_errors(place):
                answer, tree = await self._answer(job, tree)
                ran = _ran(answer, place, tree)
        finally:
            del self.listeners[post.path]
        if failures is not None:
            failures += [error_at_home(error, ran.root, tree) for error in ran.raised]
        refuse_other_versions(ran.run.facts, post, self.site)
        return brought_home(ran, tree, place, self._plotly(ran.plotly, place))

    async def _job(
        self, prepared: PreparedPost, record: Record | None, *, keep_going: bool
    ) -> tuple[Job, Tree]:
        """Return what a worker is told, and the files that it may ask for."""
        post, site = prepared.post, self.site
        patterns = post.front_matter.get("depends", ())
        declared = declared_files(patterns, site.root, post.place(1))
        async with self.comparing:
            changed = await asyncio.to_thread(changes, self.tree, site, declared)
        changed = joined(self.newer, changed)
        products = [path for cell in post.cells for path in cell.options.products]
        job = Job(
            prepared=prepared,
            build=self.sender.build,
            manifest=self.sender.listing[0],
            changed=changed.files,
            folder=in_tree(site, site.config.parent),
            products=tuple(in_tree(site, site.root / path) for path in products),
            engine=version("post-builder"),
            versions=expected_versions(post, record, site),
            keep_going=keep_going,
        )
        return job, joined(self.tree, changed)

    async def _answer(self, job: Job, tree: Tree) -> tuple[Answer, Tree]:
        """Submit a post until a worker has all it needs; return also the files as it has them."""
        resources, place = resources_of(job.prepared.post), job.prepared.post.place(1)
        await self.workers.refuse_unfit(resources, place)
        while True:
            future = self.client.submit(run_post, job, pure=False, resources=resources or None)
            answer = await self.workers.answer(future, resources, place)
            if not isinstance(answer, Missing):
                return answer, tree
            async with self.comparing:
                now = await asyncio.to_thread(tree.moved_on, answer.digests)
            self.newer, tree = joined(self.newer, now), joined(tree, now)
            job = replace(job, changed={**job.changed, **now.files})
            await self.sender.send(answer, tree, place)

    def heard(self, event: tuple[float, Any]) -> None:
        """Pass on what a worker says about a post."""
        message = event[1]
        if listener := self.listeners.get(message["post"]):
            listener(message["cell"], message["name"])

    def _plotly(self, script: bytes, place: Place) -> str:
        """Keep the copy of Plotly that came from a worker."""
        if not script:
            return ""
        path = self.scratch / "plotly.min.js"
        try:
            path.write_bytes(script)
        except OSError as error:
            message = f"the copy of Plotly from the worker cannot be kept: {error.strerror}"
            raise ClusterError(
                message, place, "look at the free space for temporary files"
            ) from error
        return str(path)

    @contextmanager
    def _as_errors(self, place: Place) -> Iterator[None]:
        """Say what became of the cluster in the words of the author."""
        try:
            yield
        except KilledWorker as error:
            died = error.allowed_failures + 1
            workers = "a worker" if died == 1 else f"{died} workers"
            message = f"{workers} died while running this post"
            hint = "a cell may need more memory than they have: see the limits of the workers"
            raise ClusterError(message, place, hint) from error
        except (FutureCancelledError, OSError) as error:
            message = f"the scheduler at {self.address} was lost while this post ran"
            hint = "nothing of this post was written; build again"
            raise ClusterError(message, place, hint) from error


def _ran(answer: Answer, place: Place, tree: Tree) -> Ran:
    """Return what a run gave, or raise what prevented it."""
    if isinstance(answer, Failed):
        error = error_at_home(answer.error, answer.root, tree)
        unseen = any(name in error.message for name in _UNSEEN)
        raise error.replaced(hint=error.hint or TRACKED) if unseen else error
    if isinstance(answer, Mismatch):
        message = f"the worker {answer.worker} differs: {'; '.join(answer.differences)}"
        raise ClusterError(message, place, ALIKE)
    assert isinstance(answer, Ran)  # noqa: S101  # what is missing was sent
    return answer


def _told(cells: Sequence[Cell], started: Started) -> Callable[[int, str], None]:
    """Return what hears of a post's cells, and says so when it begins again elsewhere."""
    lost: list[str] = []
    at: list[str] = []

    def heard(number: int, worker: str) -> None:
        if at and at[-1] != worker:
            lost.append(at[-1])
        at.append(worker)
        again = f", again, for {lost[-1]} was lost" if lost else ""
        started(cells[number], f"on {worker}{again}")

    return heard
