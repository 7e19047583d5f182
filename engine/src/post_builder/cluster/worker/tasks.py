"""What workers are asked to do; what that takes is imported there only."""

from __future__ import annotations

from collections.abc import Mapping

from distributed import Worker, get_worker

from post_builder.cluster.messages import Answer, Job


def run_post(job: Job) -> Answer:
    """Run a post, as a task of Dask on a worker."""
    from post_builder.cluster.worker.workshop import run_post_on  # noqa: PLC0415

    return run_post_on(get_worker(), job)


def keep_files(contents: Mapping[str, bytes], dask_worker: Worker) -> str:
    """Keep the content of files on a worker, by their digests; each is there whole, or not at all.

    Args:
        contents: of the files.
        dask_worker: the worker, under the name by which Dask gives it.

    Returns:
        Why it could not; empty if it has kept them.
    """
    from post_builder.cluster.worker.workshop import keep_files_on  # noqa: PLC0415

    return keep_files_on(dask_worker, contents)
