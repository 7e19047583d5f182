"""Run posts in memory and compare what is published with what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from post_builder.commands.verify.drift import drift
from post_builder.commands.verify.published import changed_by_hand
from post_builder.errors import PostBuilderError
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.place import Place
from post_builder.rendering.regions import render
from post_builder.site import Site
from post_builder.ui.findings import Finding
from post_builder.ui.progress import Progress


async def verify(
    site: Site, paths: Sequence[Path], progress: Progress, *, jobs: int
) -> list[Finding]:
    """Run posts, write nothing in the site, and find where they differ from what is published.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; those that are not executable are skipped.
        progress: told of each step.
        jobs: how many posts may run at once.
    """
    gate, names = asyncio.Semaphore(jobs), post_names(site)
    found = await asyncio.gather(
        *(_verify_post(site, path, names.get(path), progress, gate) for path in paths)
    )
    return [finding for findings in found for finding in findings]


async def _verify_post(
    site: Site, path: Path, name: str | None, progress: Progress, gate: asyncio.Semaphore
) -> list[Finding]:
    try:
        state = prepare(site, path, name)
        if state is None:
            return []
        async with gate:
            run = await _run(state, progress)
        rendered = render(state.post, run, site, state.name)
        return [*drift(state, rendered), *changed_by_hand(state, rendered)]
    except PostBuilderError as error:
        place = error.place or Place(site.relative(path))
        return [Finding("error", place, error.message, str(error).partition("\n")[2])]


async def _run(state: PostState, progress: Progress) -> Run:
    post = state.post
    progress.post_started(post, ["verifying"])
    try:
        run = await execute(
            state.prepared, state.site, lambda cell: progress.cell_started(post, cell)
        )
    except PostBuilderError:
        progress.post_ended(post, "failed")
        raise
    progress.post_ended(post, "ran")
    return run
