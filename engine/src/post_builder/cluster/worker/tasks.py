"""What workers are asked to do; what that takes is imported there only."""

from __future__ import annotations

from collections.abc import Sequence

from distributed import Worker, get_worker

from post_builder.cluster.messages import Answer, Job
from post_builder.cluster.tree import Part


def run_post(job: Job) -> Answer:
    """Run a post, as a task of Dask on a worker."""
    from post_builder.cluster.worker.workshop import run_post_on  # noqa: PLC0415

    return run_post_on(get_worker(), job)


def keep_parts(build: str, parts: Sequence[Part], dask_worker: Worker) -> str:
    """Keep files on a worker by their digests; each is there whole, or not at all.

    Args:
        build: which sends them; two builds may send the same file at the same time.
        parts: of files, in order; a file is kept once its last part has come.
        dask_worker: the worker, under the name by which Dask gives it.

    Returns:
        Why it could not; empty if it has kept them.
    """
    from post_builder.cluster.worker.workshop import keep_parts_on  # noqa: PLC0415

    return keep_parts_on(dask_worker, build, parts)
