"""Run posts in memory and compare what is published with what comes out."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from post_builder.commands.verify.drift import drift
from post_builder.commands.verify.products import product_drift
from post_builder.commands.verify.published import changed_by_hand
from post_builder.commands.verify.recorded import false_record
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.execution.forking.templates import Templates
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.freshness.order import order
from post_builder.pipeline.made.aside import products_aside
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.place import Place
from post_builder.rendering.regions.rendered import render
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, product_makers
from post_builder.ui.findings import Finding
from post_builder.ui.progress import Progress


async def verify(
    site: Site, paths: Sequence[Path], progress: Progress, *, jobs: int
) -> list[Finding]:
    """Run posts, leave the site as it is, and find where they differ from what is published.

    Posts run after those whose products they depend on. Where cells write products, no other
    command may be at work on the site.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; those that are not executable are skipped.
        progress: told of each step.
        jobs: how many posts may run at once.

    Raises:
        FileError: if a folder of posts cannot be listed.
        SiteError: if posts take something from one another in a circle.
    """
    gate, names, kernels = asyncio.Semaphore(jobs), post_names(site), Templates()
    makers = product_makers(site)
    sources = order(site, paths, makers)
    places = {path: place for place, path in enumerate(sources)}
    verifier = _Verifier(site, progress, gate, kernels, makers)
    kernels.expect([post for path in paths if (post := _readable(site, path))], site)
    tasks: dict[Path, asyncio.Task[list[Finding]]] = {}
    try:
        for path in sorted(paths, key=places.__getitem__):
            first = [tasks[source] for source in sources[path] if source in tasks]
            tasks[path] = asyncio.create_task(verifier.after(first, path, names.get(path)))
        found = await asyncio.gather(*(tasks[path] for path in paths))
    finally:
        await kernels.close()
    return [finding for findings in found for finding in findings]


class _Verifier(Struct, frozen=True):
    """What the posts that are verified have in common."""

    site: Site
    progress: Progress
    gate: asyncio.Semaphore
    """Limits how many posts run at once."""
    kernels: Templates
    makers: Sequence[Maker]

    async def after(
        self, first: list[asyncio.Task[list[Finding]]], path: Path, name: str | None
    ) -> list[Finding]:
        """Wait for other posts, run one, and find where it differs."""
        if first:
            await asyncio.wait(first)
        return await self.findings(path, name)

    async def findings(self, path: Path, name: str | None) -> list[Finding]:
        """Run a post, and find where it differs."""
        site = self.site
        try:
            state = prepare(site, path, name, self.makers)
            if state is None:
                return []
            async with self.gate:
                run = await self._run(state)
            rendered = render(state.post, run, site, state.name)
            different = [*product_drift(state, run.products), *false_record(state, rendered, run)]
            return [*drift(state, rendered), *different, *changed_by_hand(state, rendered)]
        except PostBuilderError as error:
            place = error.place or Place(site.relative(path))
            return [Finding("error", place, error.message, str(error).partition("\n")[2])]

    async def _run(self, state: PostState) -> Run:
        post, progress = state.post, self.progress
        progress.post_started(post, ["verifying"])
        try:
            with products_aside(state.site, state.prepared):
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
