"""Bring stale posts up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from post_builder.commands.building.notes import note, notices_now
from post_builder.commands.building.posts import Posts, known_posts, write_words
from post_builder.commands.building.problems import Problems
from post_builder.commands.building.running import Runner, import_publishing
from post_builder.commands.building.turns import Turn, Turns, expected_seconds
from post_builder.document.options import Tag
from post_builder.document.post import Cell
from post_builder.errors import PostBuilderError, RaisedError, together
from post_builder.freshness.site_files import before_run
from post_builder.pipeline.obstacles import refuse_obstacles
from post_builder.pipeline.prepare import PostState
from post_builder.pipeline.unpublished.files import bring_back
from post_builder.site import Site
from post_builder.ui.outcomes import Outcome
from post_builder.ui.progress import Progress

if TYPE_CHECKING:
    from post_builder.execution.run import Run
    from post_builder.pipeline.publish import Published


async def build(  # noqa: PLR0913  # two of them have a default or are switches
    site: Site,
    paths: Sequence[Path],
    progress: Progress,
    *,
    force: bool,
    jobs: int,
    runner: Runner,
    keep_going: bool = False,
) -> list[Outcome]:
    """Build those posts that are stale; the failure of one does not stop the others.

    A post that takes output from a stale one waits for it. One that takes output from a post that
    is only forced does not wait, and is built again if that output turned out different.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; those that are not executable are skipped.
        progress: told of each step.
        force: whether to run fresh posts as well.
        jobs: how many posts may run at once.
        runner: runs the posts.
        keep_going: whether to name all cells that raise; a post is not written then either.

    Returns:
        An outcome for each executable post, in the order of `paths`.

    Raises:
        FileError: if a folder of posts cannot be listed.
        SiteError: if posts take something from one another in a circle.
    """
    posts = known_posts(site, paths, force=force)
    running = posts.running(posts.left())
    if not running:
        write_words(posts)
    return await run_posts(
        posts, running, progress, jobs=jobs, runner=runner, keep_going=keep_going
    )


async def run_posts(  # noqa: PLR0913  # two of them are switches
    posts: Posts,
    running: Mapping[Path, PostState],
    progress: Progress,
    *,
    jobs: int,
    runner: Runner,
    keep_going: bool,
) -> list[Outcome]:
    """Build the posts that are left.

    Args:
        posts: of the build.
        running: those that will run, as far as is known.
        progress: told of each step.
        jobs: how many posts may run at once.
        runner: runs the posts.
        keep_going: whether to name all cells that raise; a post is not written then either.

    Returns:
        An outcome for each executable post, in their order.
    """
    if left := posts.left():
        shared = runner, Turns(jobs), Problems(posts.site, left, progress)
        builder = _Builder(posts, progress, *shared, keep_going=keep_going)
        posts.outcomes.update(await builder.outcomes(left, running))
        if any(outcome and outcome.status == "built" for outcome in posts.outcomes.values()):
            posts.outcomes.update(await builder.rebuilt())
    return posts.done()


class _Builder(Struct, frozen=True):
    """What the runs of one build have in common."""

    posts: Posts
    progress: Progress
    runner: Runner
    turns: Turns
    problems: Problems
    keep_going: bool

    async def rebuilt(self) -> dict[Path, Outcome | None]:
        """Build posts again whose sources turned out different."""
        sources, outcomes = self.posts.sources, self.posts.outcomes.items()
        paths = [p for p, o in outcomes if o and sources[p] and o.status != "failed"]
        builder = replace(self, posts=replace(self.posts, force=False))
        again = await builder.outcomes(paths, builder.posts.running(paths))
        return {path: o for path, o in again.items() if o and o.status != "fresh"}

    async def outcomes(
        self, paths: Sequence[Path], running: Mapping[Path, PostState]
    ) -> dict[Path, Outcome | None]:
        """Process each post once, all at the same time, except those that wait for another."""
        changing = self._changing(paths)
        self.runner.expect([state.post for state in running.values()], self.posts.site)
        tasks: dict[Path, asyncio.Task[Outcome | None]] = {}
        for path in sorted(paths, key=lambda p: -expected_seconds(running.get(p))):
            first = self.posts.sources[path] & changing
            tasks[path] = asyncio.create_task(self._outcome_after(first, tasks, path))
        await asyncio.gather(*tasks.values(), *([import_publishing()] if running else []))
        return {path: tasks[path].result() for path in paths}

    def _changing(self, paths: Sequence[Path]) -> set[Path]:
        """Find the posts that others take output or products from, and have to wait for.

        A post that waits for another counts: its text may be stale then.
        """
        sources = self.posts.sources
        used = frozenset[Path]().union(*(sources[path] for path in paths)).intersection(paths)
        changing: set[Path] = set()
        for path in (path for path in sources if path in used):
            if sources[path] & changing or self._must_come_first(path):
                changing.add(path)
        return changing

    def _must_come_first(self, path: Path) -> bool:
        """Return whether a post will run for a reason, or writes products when it runs.

        Those are not there while it runs, and others may read them.
        """
        state = self.posts.ahead(path)
        if state is None:
            return False
        writes = any(cell.options.products for cell in state.post.cells)
        return bool(state.reasons) or (self.posts.force and writes)

    async def _outcome_after(
        self, first: frozenset[Path], tasks: Mapping[Path, asyncio.Task[Outcome | None]], path: Path
    ) -> Outcome | None:
        """Wait without having a turn, or all of them might wait for one post."""
        if first:
            await asyncio.wait([tasks[source] for source in first])
        return await self._outcome(path)

    async def _outcome(self, path: Path) -> Outcome | None:
        async with Turn(self.turns) as turn:
            try:
                state = self.posts.state(path)
                if state is None:
                    return None
                if state.reasons or self.posts.force:
                    return await self._build(state, turn)
                return self.posts.written(state)
            except Exception as error:  # noqa: BLE001  # the other posts go on
                return self.posts.failed(path, error)

    async def _build(self, state: PostState, turn: Turn) -> Outcome:
        begin = time.perf_counter()
        reasons = tuple(reason.message for reason in state.reasons) or ("forced",)
        self.problems.report()
        self.progress.post_started(state.post, list(reasons))
        ran: list[Cell] = []
        try:
            run, published = await self._run_and_publish(state, turn, ran)
        except PostBuilderError as error:
            self.progress.post_ended(state.post, "failed")
            failed = Outcome(state.post.path, "failed", reasons, len(ran), error=error)
            return replace(failed, notices=state.post.notices)  # one of them may be the cause
        seconds = time.perf_counter() - begin
        ended = "; ".join(filter(None, (f"built in {seconds:.1f} s", run.remark)))
        self.progress.post_ended(state.post, ended)
        built = Outcome(state.post.path, "built", reasons, len(ran), round(seconds, 3))
        built = replace(built, note=note(state, published), notices=notices_now(state))
        return replace(built, notes=published.notes)

    async def _run_and_publish(
        self, state: PostState, turn: Turn, ran: list[Cell]
    ) -> tuple[Run, Published]:
        bring_back(state.site, state.record)
        refuse_obstacles(state, self.posts.made_products)
        post, root = state.post, state.site.root
        before = before_run(post.front_matter.get("depends", ()), root, post.place(1))
        failures: list[RaisedError] = []

        def started(cell: Cell, where: str = "") -> None:
            if cell is post.cells[0]:
                ran.clear()  # it may begin again on another worker
            if Tag.SKIP_EXECUTION not in cell.options.tags:
                ran.append(cell)
            self.progress.cell_started(post, cell, where)

        kept = failures if self.keep_going else None
        run = await self.runner.run(state, before, started, turn.cells_ended, kept)
        if failures:
            raise together(failures)
        from post_builder.pipeline.publish import publish  # noqa: PLC0415  # as below

        return run, publish(state, run, before, self.posts.made_products)
