"""Bring stale posts up to date: the way of a post from its file and back."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.errors import Place, PostBuilderError
from post_builder.pipeline.prepare import Job, prepare, refuse_same_slug
from post_builder.freshness.order import Sources, order
from post_builder.pipeline.publish import publish, refresh_downloads, remove_made
from post_builder.freshness.record import load_record
from post_builder.site import Site

if TYPE_CHECKING:
    from post_builder.execution.kernels import Kernels
    from post_builder.ui.progress import Progress


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one post."""

    post: str
    status: str
    """`fresh`, `built` or `failed`."""
    reasons: tuple[str, ...] = ()
    """Why it was stale."""
    seconds: float = 0.0
    error: PostBuilderError | None = None
    note: str = ""
    """What the author should know all the same."""


async def build(  # noqa: PLR0913  # two of them have a default or are switches
    site: Site,
    paths: Sequence[Path],
    progress: Progress,
    *,
    force: bool,
    jobs: int,
    kernels: Kernels | None = None,
) -> list[Outcome]:
    """Build those of some posts that are stale; a failure of one does not stop the others.

    A post that takes output from a stale one waits for it. One that takes output from a post that
    is only forced does not, and is built once more if that output came out otherwise.

    Args:
        site: to which the posts belong.
        paths: absolute paths of posts; those that do not run are passed over.
        progress: told of each step.
        force: whether to run fresh posts as well.
        jobs: how many posts may run at once.
        kernels: where kernels come from; by default each is started when it is needed.

    Returns:
        An outcome for each executable post, in the order of `paths`.
    """
    refuse_same_slug(paths)
    sources = order(site, paths)
    builder = _Builder(site, progress, kernels, sources, asyncio.Semaphore(jobs), force=force)
    outcomes = await builder.outcomes(paths)
    if any(outcome.status == "built" for outcome in outcomes.values()):
        takers = [p for p, o in outcomes.items() if sources[p] and o.status != "failed"]
        again = await replace(builder, force=False).outcomes(takers)
        outcomes |= {path: o for path, o in again.items() if o.status != "fresh"}
    return list(outcomes.values())


@dataclass(frozen=True, slots=True)
class _Builder:
    """What the posts of one build have in common."""

    site: Site
    progress: Progress
    kernels: Kernels | None
    sources: Sources
    gate: asyncio.Semaphore
    """Lets as many posts run at once as may."""
    force: bool

    async def outcomes(self, paths: Sequence[Path]) -> dict[Path, Outcome]:
        """Look at each post once: at the same time, but for those that wait for another."""
        changing = self._changing(paths)
        tasks: dict[Path, asyncio.Task[Outcome | None]] = {}
        for path in dict.fromkeys(paths):
            first = self.sources[path] & changing
            tasks[path] = asyncio.create_task(self._outcome_after(first, tasks, path))
        await asyncio.gather(*tasks.values())
        return {path: outcome for path, task in tasks.items() if (outcome := task.result())}

    def _changing(self, paths: Sequence[Path]) -> set[Path]:
        """Find those of some posts that others take output from and that are to run for a reason.

        A post that waits for another counts: its text may be stale then.
        """
        taken = frozenset[Path]().union(*(self.sources[path] for path in paths))
        changing: set[Path] = set()
        for path in (path for path in self.sources if path in taken.intersection(paths)):
            if self.sources[path] & changing or _is_stale(self.site, path):
                changing.add(path)
        return changing

    async def _outcome_after(
        self, first: frozenset[Path], tasks: Mapping[Path, asyncio.Task[Outcome | None]], path: Path
    ) -> Outcome | None:
        """Wait without a place among those that run, or all places might wait for one post."""
        if first:
            await asyncio.wait([tasks[source] for source in first])
        return await self._outcome(path)

    async def _outcome(self, path: Path) -> Outcome | None:
        async with self.gate:
            shown = self.site.shown(path)
            try:
                job = prepare(self.site, path)
                if job is None:
                    return None
                if job.reasons or self.force:
                    return await self._built(job)
                return _fresh(job)
            except PostBuilderError as error:
                return Outcome(shown, "failed", error=error)
            except Exception as error:  # noqa: BLE001  # a bug in one post's way spares the others
                return Outcome(shown, "failed", error=_unexpected(shown, error))

    async def _built(self, job: Job) -> Outcome:
        shown = job.post.path
        begin = time.perf_counter()
        reasons = tuple(reason.message for reason in job.reasons) or ("forced",)
        self.progress.post_started(job.ready, list(reasons))
        try:
            await self._run_and_publish(job)
        except PostBuilderError as error:
            self.progress.post_ended(job.ready, "failed")
            return Outcome(shown, "failed", reasons, error=error)
        seconds = time.perf_counter() - begin
        self.progress.post_ended(job.ready, f"built in {seconds:.1f} s")
        return Outcome(shown, "built", reasons, round(seconds, 3), note=_note(job))

    async def _run_and_publish(self, job: Job) -> None:
        from post_builder.execution.run import execute  # noqa: PLC0415  # fresh posts need no Jupyter
        from post_builder.execution.kernels import fresh_kernel  # noqa: PLC0415  # same

        started = time.time()
        run = await execute(
            job.ready,
            job.site,
            lambda cell: self.progress.cell_started(job.ready, cell),
            self.kernels or fresh_kernel,
        )
        publish(job, run, started)


def _is_stale(site: Site, path: Path) -> bool:
    """Tell whether a post will run for a reason; one that cannot be prepared will fail at once."""
    try:
        job = prepare(site, path)
    except Exception:  # noqa: BLE001  # its own turn tells what is wrong with it
        return False
    return job is not None and bool(job.reasons)


def _fresh(job: Job) -> Outcome:
    """See to a fresh post's downloads, which hold its prose."""
    if job.prose_changed:
        refresh_downloads(job)
    return Outcome(job.post.path, "fresh")


def _unexpected(shown: str, error: Exception) -> PostBuilderError:
    detail = "".join(traceback.format_exception(error))
    hint = "this is a fault of post_builder's own: please report it"
    return PostBuilderError(f"unexpected {error!r}", Place(shown), hint, detail=detail)


def _note(job: Job) -> str:
    """Say where freshness rests on the author alone."""
    language = job.ready.language
    if language == "python":
        return ""
    return f"files that {language} reads are not observed: name them in the post's depends:"


def remove_orphans(site: Site) -> list[str]:
    """Remove what was made for posts that are gone or renamed; return the files that went.

    A file goes only if it is still as the record of that post says the engine made it.
    """
    slugs = (path.stem for path in site.records())
    gone = []
    for slug in slugs:
        record = load_record(site, slug)
        if record and not (site.root / record.post).exists():
            kept = _made_by_others(site, slug)
            made = {path: d for path, d in record.made().items() if path not in kept}
            gone += remove_made(site, made)
            site.record(slug).unlink()
            gone.append(site.shown(site.record(slug)))
    return gone


def _made_by_others(site: Site, slug: str) -> set[str]:
    records = (load_record(site, path.stem) for path in site.records() if path.stem != slug)
    return {path for record in records if record for path in record.made()}
