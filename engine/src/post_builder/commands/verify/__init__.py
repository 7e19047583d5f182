"""Run posts in memory and compare what is published with what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from post_builder.commands.verify.drift import drift
from post_builder.commands.verify.published import changed_by_hand
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.execution.forking.templates import Templates
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
    gate, names, kernels = asyncio.Semaphore(jobs), post_names(site), Templates()
    verifier = _Verifier(site, progress, gate, kernels)
    kernels.expect([post for path in paths if (post := _readable(site, path))], site)
    try:
        found = await asyncio.gather(*(verifier.findings(path, names.get(path)) for path in paths))
    finally:
        await kernels.close()
    return [finding for findings in found for finding in findings]


@dataclass(frozen=True, slots=True)
class _Verifier:
    """What the posts that are verified have in common."""

    site: Site
    progress: Progress
    gate: asyncio.Semaphore
    """Limits how many posts run at once."""
    kernels: Templates

    async def findings(self, path: Path, name: str | None) -> list[Finding]:
        """Run a post, and find where it differs."""
        site = self.site
        try:
            state = prepare(site, path, name)
            if state is None:
                return []
            async with self.gate:
                run = await self._run(state)
            rendered = render(state.post, run, site, state.name)
            return [*drift(state, rendered), *changed_by_hand(state, rendered)]
        except PostBuilderError as error:
            place = error.place or Place(site.relative(path))
            return [Finding("error", place, error.message, str(error).partition("\n")[2])]

    async def _run(self, state: PostState) -> Run:
        post, progress = state.post, self.progress
        progress.post_started(post, ["verifying"])
        try:
            run = await execute(
                state.prepared,
                state.site,
                lambda cell: progress.cell_started(post, cell),
                self.kernels,
            )
        except PostBuilderError:
            progress.post_ended(post, "failed")
            raise
        progress.post_ended(post, "ran")
        return run


def _readable(site: Site, path: Path) -> Post | None:
    """Read a post; one that cannot be read fails when its turn comes."""
    try:
        return read_post(site, path)
    except (PostBuilderError, OSError):
        return None
