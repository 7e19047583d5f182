"""Bring stale posts up to date."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.document.options import Tag
from post_builder.document.parsing.parser import inspect_post
from post_builder.errors import PostBuilderError, RaisedError, together
from post_builder.freshness.order import Sources, order
from post_builder.freshness.packages.kernel_python import forget
from post_builder.freshness.packages.unseen_readers import unobserved
from post_builder.freshness.record import load_record
from post_builder.freshness.site_files import before_run
from post_builder.pipeline.names import Names, post_names
from post_builder.pipeline.obstacles import refuse_obstacles
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.pipeline.publish import Published, publish, refresh
from post_builder.pipeline.unpublished.files import bring_back
from post_builder.place import Place
from post_builder.site import Site
from post_builder.ui.outcomes import Outcome
from post_builder.ui.progress import Progress

if TYPE_CHECKING:
    from post_builder.execution.kernels import Kernels


async def build(  # noqa: PLR0913  # two of them have a default or are switches
    site: Site,
    paths: Sequence[Path],
    progress: Progress,
    *,
    force: bool,
    jobs: int,
    kernels: Kernels | None = None,
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
        kernels: where kernels come from; by default each is started when it is needed.
        keep_going: whether to name all cells that raise; a post is not written then either.

    Returns:
        An outcome for each executable post, in the order of `paths`.

    Raises:
        FileError: if a folder of posts cannot be listed.
        SiteError: if posts take output from one another in a circle.
    """
    forget()  # packages may have been upgraded since the last build of `watch`
    names, sources = post_names(site), order(site, paths)
    gate, problems = asyncio.Semaphore(jobs), _Problems(site, paths, progress)
    shared = (site, progress, kernels, names, sources, gate, problems)
    builder = _Builder(*shared, force=force, keep_going=keep_going)
    outcomes = await builder.outcomes(paths)
    if any(outcome.status == "built" for outcome in outcomes.values()):
        outcomes |= await builder.rebuilt(outcomes)
    return list(outcomes.values())


@dataclass(frozen=True, slots=True)
class _Builder:
    """What the posts of one build have in common."""

    site: Site
    progress: Progress
    kernels: Kernels | None
    names: Names
    sources: Sources
    gate: asyncio.Semaphore
    """Limits how many posts run at once."""
    problems: _Problems
    force: bool
    keep_going: bool
    fresh: dict[Path, PostState] = field(default_factory=dict)
    """Posts that were found fresh while it was decided which posts wait for which."""

    async def rebuilt(self, outcomes: Mapping[Path, Outcome]) -> dict[Path, Outcome]:
        """Build posts again whose sources turned out different."""
        paths = [p for p, o in outcomes.items() if self.sources[p] and o.status != "failed"]
        again = await replace(self, force=False).outcomes(paths)
        return {path: outcome for path, outcome in again.items() if outcome.status != "fresh"}

    async def outcomes(self, paths: Sequence[Path]) -> dict[Path, Outcome]:
        """Process each post once, all at the same time, except those that wait for another."""
        changing = self._changing(paths)
        tasks: dict[Path, asyncio.Task[Outcome | None]] = {}
        for path in dict.fromkeys(paths):
            first = self.sources[path] & changing
            tasks[path] = asyncio.create_task(self._outcome_after(first, tasks, path))
        await asyncio.gather(*tasks.values())
        return {path: outcome for path, task in tasks.items() if (outcome := task.result())}

    def _changing(self, paths: Sequence[Path]) -> set[Path]:
        """Find the posts that others take output from and that will run for a reason.

        A post that waits for another counts: its text may be stale then.
        """
        used = frozenset[Path]().union(*(self.sources[path] for path in paths))
        changing: set[Path] = set()
        for path in (path for path in self.sources if path in used.intersection(paths)):
            if self.sources[path] & changing or self._is_stale(path):
                changing.add(path)
        return changing

    def _is_stale(self, path: Path) -> bool:
        """Return whether a post will run for a reason.

        One that cannot be prepared fails at once when its turn comes, which reports why.
        """
        try:
            state = prepare(self.site, path, self.names.get(path))
        except (PostBuilderError, OSError):
            return False
        if state is not None and not state.reasons:
            self.fresh[path] = state
        return state is not None and bool(state.reasons)

    async def _outcome_after(
        self, first: frozenset[Path], tasks: Mapping[Path, asyncio.Task[Outcome | None]], path: Path
    ) -> Outcome | None:
        """Wait without holding a job, or all jobs might wait for one post."""
        if first:
            await asyncio.wait([tasks[source] for source in first])
        return await self._outcome(path)

    async def _outcome(self, path: Path) -> Outcome | None:
        async with self.gate:
            name = self.site.relative(path)
            try:
                state = self.fresh.pop(path, None) or prepare(self.site, path, self.names.get(path))
                if state is None:
                    return None
                if state.reasons or self.force:
                    return await self._build(state)
                if state.text_changed or state.moved or state.older_markup:
                    bring_back(self.site, state.record)
                    refresh(state)
                return Outcome(name, "fresh", note=_page_note(state), notices=state.post.notices)
            except PostBuilderError as error:
                return Outcome(name, "failed", error=error)
            except Exception as error:  # noqa: BLE001  # reported in full; the other posts go on
                return Outcome(name, "failed", error=_internal_error(name, error))

    async def _build(self, state: PostState) -> Outcome:
        name = state.post.path
        begin = time.perf_counter()
        reasons = tuple(reason.message for reason in state.reasons) or ("forced",)
        self.problems.report()
        self.progress.post_started(state.post, list(reasons))
        try:
            published = await self._run_and_publish(state)
        except PostBuilderError as error:
            self.progress.post_ended(state.post, "failed")
            return Outcome(name, "failed", reasons, error=error)
        seconds = time.perf_counter() - begin
        self.progress.post_ended(state.post, f"built in {seconds:.1f} s")
        return Outcome(
            name,
            "built",
            reasons,
            _running_cells(state),
            round(seconds, 3),
            note=_note(state, published.copies),
            notices=state.post.notices,
            notes=published.notes,
        )

    async def _run_and_publish(self, state: PostState) -> Published:
        # fresh posts do not need Jupyter
        from post_builder.execution.kernels import fresh_kernel  # noqa: PLC0415
        from post_builder.execution.runner import execute  # noqa: PLC0415

        bring_back(self.site, state.record)
        refuse_obstacles(state)
        post, root = state.post, self.site.root
        before = before_run(post.front_matter.get("depends", ()), root, post.place(1))
        failures: list[RaisedError] = []
        run = await execute(
            state.prepared,
            state.site,
            lambda cell: self.progress.cell_started(state.post, cell),
            self.kernels or fresh_kernel,
            failures if self.keep_going else None,
        )
        if failures:
            raise together(failures)
        return publish(state, run, before)


@dataclass(slots=True)
class _Problems:
    """What is wrong with the text of any post, reported before the first one runs."""

    site: Site
    paths: Sequence[Path]
    progress: Progress
    reported: bool = False

    def report(self) -> None:
        """Report all problems, the first time that this is called."""
        if not self.reported:
            self.reported = True
            found = [inspect_post(self.site, path)[1] for path in self.paths]
            self.progress.problems_found([error for errors in found for error in errors])


def _running_cells(state: PostState) -> int:
    return sum(Tag.SKIP_EXECUTION not in cell.options.tags for cell in state.prepared.cells)


def _page_note(state: PostState) -> str:
    """Say what was written without a run."""
    if state.older_markup and not state.reasons:
        return "outputs written in the markup of this version; no cell ran"
    cells = [cell.name for cell in state.prepared.cells if cell.name in state.page_changes]
    return f"new options of the page written for {', '.join(cells)}; no cell ran" if cells else ""


def _internal_error(name: str, error: Exception) -> PostBuilderError:
    detail = "".join(traceback.format_exception(error))
    hint = "this is a bug in post-builder; please report it"
    return PostBuilderError(f"internal error: {error!r}", Place(name), hint, detail=detail)


def _note(state: PostState, copies: Sequence[str]) -> str:
    """Say where freshness depends on the author alone, and where what was replaced is kept."""
    record = load_record(state.site, state.name)
    notes = unobserved(state.prepared, record, state.site) if record else []
    if copies:
        notes.append(f"what the build replaced is kept in {', '.join(copies)}")
    return "; ".join(notes)
