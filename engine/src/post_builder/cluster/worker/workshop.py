"""Where a worker runs posts: it lays out the author's files, and runs posts in them."""

from __future__ import annotations

import asyncio
import itertools
import os
import tempfile
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from distributed import Worker
from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.cluster.messages import ROOM, Answer, Failed, Job, Mismatch, Missing, Ran
from post_builder.cluster.tree import Part
from post_builder.cluster.versions import differences
from post_builder.cluster.worker.layout import Layout
from post_builder.document.post import Cell
from post_builder.errors import ClusterError, PostBuilderError, RaisedError
from post_builder.execution.forking.templates import Templates, kind_of
from post_builder.execution.run import CellRun, Elsewhere, Output
from post_builder.execution.runner import execute
from post_builder.freshness.circumstances import processor
from post_builder.freshness.packages.kernel_python import forget, kernel_versions
from post_builder.rendering.blocks import LIBRARIES
from post_builder.rendering.text.scrubbing import this_machine
from post_builder.site import Site, open_site

T = TypeVar("T")

_DEVICES = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
"""Variables that say which GPUs a process sees: each worker of a machine may have its own."""

_LOOK = 0.5
"""Seconds between two looks whether a post is still wanted."""


def run_post_on(worker: Worker, job: Job) -> Answer:
    """Run a post, unless something is missing."""
    if job.engine != (there := version("post-builder")):
        return Mismatch(worker.address, (f"post-builder {job.engine} here, {there} there",))
    try:
        return _workshop(worker.id, worker.local_directory).run(job, worker)
    except OSError as error:
        message = f"the worker {worker.address} cannot run this post: {error.strerror or error}"
        place = job.prepared.post.place(1)
        return Failed(ClusterError(message, place, ROOM), worker.local_directory)


def keep_parts_on(worker: Worker, build: str, parts: Sequence[Part]) -> str:
    """Keep files by their digests; return why not, or an empty text."""
    try:
        store = _workshop(worker.id, worker.local_directory).store
        for part in parts:
            new = store / f"{part.digest}.{build}"
            with new.open("wb" if part.is_first else "ab") as file:
                file.write(part.data)
            if part.is_last:
                new.replace(store / part.digest)
    except OSError as error:
        return error.strerror or str(error)
    return ""


@cache
def _workshop(_worker: str, folder: str) -> _Workshop:
    return _Workshop(Path(tempfile.mkdtemp(prefix="posts-", dir=folder)))


class _Build(Struct):
    """What the posts of one build share on a worker."""

    layout: Layout
    templates: Templates = field(default_factory=Templates)
    kinds: set[str] = field(default_factory=set)
    """Of the templates that its posts were expected to need."""
    running: int = 0
    is_whole: bool = True
    """Whether each post ran to its end: the kernel of one that was ended may write a little on."""

    def again(self) -> _Build:
        """Return what the next build takes over; kernels are forked from templates as here."""
        return _Build(self.layout.again(), self.templates)


class _Workshop:
    """Where a worker runs posts: Dask removes its folder with the worker's own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "store"
        self.store.mkdir()
        self.builds: dict[str, _Build] = {}
        self.numbers = itertools.count()
        self.lock = threading.Lock()
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def run(self, job: Job, worker: Worker) -> Answer:
        """Run a post, unless something is missing; end it once nobody wants it any more."""
        with self.lock:
            build = self._build(job.build)
            if missing := build.layout.missing(job.manifest, job.changed):
                return Missing(worker.address, worker.id, missing)
            build.layout.lay_out(job.changed)
            build.layout.drop(job.products)
            build.running += 1
        try:
            return _wait(self._start(_run(job, build, worker)), worker, worker.get_current_task())
        except BaseException:
            build.is_whole = False
            raise
        finally:
            with self.lock:
                build.layout.drop(job.products)
                build.running -= 1

    def _build(self, name: str) -> _Build:
        """Return what a build shares here; a new one takes over what one that ended has left."""
        if name not in self.builds:
            forget()  # packages may have been upgraded since the last build
            ended = [key for key, build in self.builds.items() if not build.running]
            left = [self.builds.pop(key) for key in ended]
            kept = next((build for build in left if build.is_whole), None)
            self.builds[name] = kept.again() if kept else _Build(self._layout())
            for build in left:
                if build is kept:
                    self._start(build.templates.keep(build.kinds))
                else:
                    self._start(build.templates.close())
                    build.layout.remove()
        return self.builds[name]

    def _layout(self) -> Layout:
        return Layout(self.folder / f"tree-{next(self.numbers)}", self.store)

    def _start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Start something in the loop in which all kernels are."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)


def _wait(running: Future[Answer], worker: Worker, key: object) -> Answer:
    """Wait for a post; end it if its build was interrupted, or Dask gave it to another worker."""
    while not running.done():
        try:
            return running.result(_LOOK)
        except TimeoutError:
            task = worker.state.tasks.get(key)  # type: ignore[call-overload]
            if not running.done() and (task is None or task.state == "cancelled"):
                running.cancel()
    return running.result()


async def _run(job: Job, build: _Build, worker: Worker) -> Answer:
    post, root = job.prepared.post, build.layout.root
    raised: list[RaisedError] = []

    def started(cell: Cell) -> None:
        number = post.cells.index(cell)
        event = {
            "post": post.path,
            "cell": number,
            "name": str(worker.name),
        }  # Dask adds its address
        worker.log_event(job.build, event)

    try:
        site = _with_devices(open_site(root / job.folder))
        build.kinds.add(kind_of(post, site))
        build.templates.expect([post], site)  # it imports while versions are compared
        there = kernel_versions(post.kernel, job.versions.packages.keys(), site)
        if found := tuple(differences(job.versions, there)):
            return Mismatch(worker.address, found)
        failures = raised if job.keep_going else None
        kernels = build.templates.for_run(job.prepared, {})
        run = await execute(job.prepared, site, started, kernels, failures)
    except PostBuilderError as error:
        return Failed(error, os.fspath(root))
    elsewhere = Elsewhere(site.root, this_machine(), processor())
    run = replace(run, elsewhere=elsewhere, cells=tuple(map(_plain_cell, run.cells)))
    script = _plotly(run.facts.plotly, site)
    seen = build.layout.states_of(run.observations.states)
    return Ran(run, os.fspath(root), seen, tuple(raised), script)


def _with_devices(site: Site) -> Site:
    """Return a site whose kernels see the devices that this worker was given, and no others."""
    own = {name: os.environ[name] for name in _DEVICES if name in os.environ}
    environment = {**site.settings.environment, **own}
    return replace(site, settings=replace(site.settings, environment=environment))


def _plain_cell(cell: CellRun) -> CellRun:
    """Return a run whose outputs the author's machine can read without importing nbformat."""
    outputs: tuple[Output, ...] = tuple(map(_plain, cell.outputs))
    return replace(cell, outputs=outputs, inputs=tuple(map(_plain_cell, cell.inputs)))


def _plain(value: Any) -> Any:  # noqa: ANN401  # as JSON has it
    if isinstance(value, Mapping):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _plotly(path: str, site: Site) -> bytes:
    """Return the copy of Plotly that a post imported, if the site needs one."""
    wanted = path and not (site.root / LIBRARIES["plotly"]).exists()
    return Path(path).read_bytes() if wanted else b""
