"""Bring stale posts up to date."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.commands.building.notes import internal_error, note, notices_now, page_note
from post_builder.commands.building.problems import Problems
from post_builder.commands.building.running import Runner, import_publishing
from post_builder.commands.building.turns import Turn, Turns, expected_seconds
from post_builder.document.options import Tag
from post_builder.document.post import Cell
from post_builder.errors import PostBuilderError, RaisedError, together
from post_builder.freshness.order import Sources, order
from post_builder.freshness.packages.kernel_python import forget
from post_builder.freshness.site_files import before_run
from post_builder.freshness.unchanged.look import unchanged_among
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import Names, post_names
from post_builder.pipeline.obstacles import refuse_obstacles
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.pipeline.unpublished.files import bring_back
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, product_makers
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
    forget()  # packages may have been upgraded since the last build of `watch`
    makers = product_makers(site)
    known = post_names(site), makers, order(site, paths, makers), MadeProducts(site)
    shared = runner, Turns(jobs), Problems(site, paths, progress)
    builder = _Builder(site, progress, *known, *shared, force=force, keep_going=keep_going)
    return await builder.all_outcomes(paths)


@dataclass(frozen=True, slots=True)
class _Builder:
    """What the posts of one build have in common."""

    site: Site
    progress: Progress
    names: Names
    makers: Sequence[Maker]
    sources: Sources
    made_products: MadeProducts
    runner: Runner
    turns: Turns
    problems: Problems
    force: bool
    keep_going: bool
    fresh: dict[Path, PostState] = field(default_factory=dict)
    """Posts that were found fresh while it was decided which posts wait for which."""

    async def all_outcomes(self, paths: Sequence[Path]) -> list[Outcome]:
        """Process posts, and once more those whose sources changed by that.

        A post that takes nothing from others, and has not changed, need not be parsed.
        """
        alone = [] if self.force else [path for path in paths if not self.sources[path]]
        unchanged = unchanged_among(self.site, alone, self.names)
        self.problems.paths = [path for path in paths if path not in unchanged]
        outcomes = {path: Outcome(self.site.relative(path), "fresh") for path in unchanged}
        outcomes |= await self.outcomes([path for path in paths if path not in outcomes])
        if any(outcome.status == "built" for outcome in outcomes.values()):
            outcomes |= await self.rebuilt(outcomes)
        return [outcomes[path] for path in dict.fromkeys(paths) if path in outcomes]

    async def rebuilt(self, outcomes: Mapping[Path, Outcome]) -> dict[Path, Outcome]:
        """Build posts again whose sources turned out different."""
        paths = [p for p, o in outcomes.items() if self.sources[p] and o.status != "failed"]
        again = await replace(self, force=False).outcomes(paths)
        return {path: outcome for path, outcome in again.items() if outcome.status != "fresh"}

    async def outcomes(self, paths: Sequence[Path]) -> dict[Path, Outcome]:
        """Process each post once, all at the same time, except those that wait for another."""
        changing = self._changing(paths)
        running = self._running(paths)
        self.runner.expect([state.post for state in running.values()], self.site)
        tasks: dict[Path, asyncio.Task[Outcome | None]] = {}
        for path in sorted(dict.fromkeys(paths), key=lambda p: -expected_seconds(running.get(p))):
            first = self.sources[path] & changing
            tasks[path] = asyncio.create_task(self._outcome_after(first, tasks, path))
        await asyncio.gather(*tasks.values(), *([import_publishing()] if running else []))
        results = {path: tasks[path].result() for path in dict.fromkeys(paths)}
        return {path: outcome for path, outcome in results.items() if outcome}

    def _changing(self, paths: Sequence[Path]) -> set[Path]:
        """Find the posts that others take output or products from, and have to wait for.

        A post that waits for another counts: its text may be stale then.
        """
        used = frozenset[Path]().union(*(self.sources[path] for path in paths)).intersection(paths)
        changing: set[Path] = set()
        for path in (path for path in self.sources if path in used):
            if self.sources[path] & changing or self._must_come_first(path):
                changing.add(path)
        return changing

    def _must_come_first(self, path: Path) -> bool:
        """Return whether a post will run for a reason, or writes products when it runs.

        Those are not there while it runs, and others may read them.
        """
        state = self._state(path)
        if state is None:
            return False
        writes = any(cell.options.products for cell in state.post.cells)
        return bool(state.reasons) or (self.force and writes)

    def _running(self, paths: Sequence[Path]) -> dict[Path, PostState]:
        """Find the posts that will run, as far as is known before others have."""
        states = {path: self._state(path) for path in dict.fromkeys(paths)}
        return {path: s for path, s in states.items() if s and (s.reasons or self.force)}

    def _state(self, path: Path) -> PostState | None:
        """Prepare a post ahead of its turn.

        One that cannot be prepared fails at once when its turn comes, which reports why.
        """
        if path in self.fresh:
            return self.fresh[path]
        try:
            state = prepare(self.site, path, self.names.get(path), self.makers)
        except (PostBuilderError, OSError):
            return None
        if state is not None and not state.reasons and not self.sources[path]:
            self.fresh[path] = state
        return state

    async def _outcome_after(
        self, first: frozenset[Path], tasks: Mapping[Path, asyncio.Task[Outcome | None]], path: Path
    ) -> Outcome | None:
        """Wait without having a turn, or all of them might wait for one post."""
        if first:
            await asyncio.wait([tasks[source] for source in first])
        return await self._outcome(path)

    async def _outcome(self, path: Path) -> Outcome | None:
        async with Turn(self.turns) as turn:
            name = self.site.relative(path)
            try:
                known = self.names.get(path), self.makers
                state = self.fresh.pop(path, None) or prepare(self.site, path, *known)
                if state is None:
                    return None
                if state.reasons or self.force:
                    return await self._build(state, turn)
                if state.text_changed or state.moved or state.older_markup:
                    from post_builder.pipeline.publish import refresh  # noqa: PLC0415

                    bring_back(self.site, state.record)
                    refresh(state, self.made_products)
                return Outcome(name, "fresh", note=page_note(state), notices=state.post.notices)
            except PostBuilderError as error:
                return Outcome(name, "failed", error=error)
            except Exception as error:  # noqa: BLE001  # reported in full; the other posts go on
                return Outcome(name, "failed", error=internal_error(name, error))

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
        bring_back(self.site, state.record)
        refuse_obstacles(state, self.made_products)
        post, root = state.post, self.site.root
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

        return run, publish(state, run, before, self.made_products)
