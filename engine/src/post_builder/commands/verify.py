"""Run posts in memory and hold what is published against what comes out."""

from __future__ import annotations

import asyncio
import difflib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.commands.check import Finding
from post_builder.freshness.comparison import figure_drift, same_text, side_by_side
from post_builder.errors import Place, PostBuilderError
from post_builder.execution.run import Run, execute
from post_builder.pipeline.prepare import Job, prepare
from post_builder.document.post import Cell
from post_builder.rendering.regions import Figure, Rendered, render
from post_builder.site import Site
from post_builder.sources.transclusion import transclusion_edits

if TYPE_CHECKING:
    from post_builder.ui.progress import Progress


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A published post beside a run of it that just ended."""

    job: Job
    rendered: Rendered


async def verify(
    site: Site, paths: Sequence[Path], progress: Progress, *, jobs: int
) -> list[Finding]:
    """Run posts, write nothing in the site, and find where they drifted from what is published.

    Args:
        site: to which the posts belong.
        paths: absolute paths of posts; those that do not run are passed over.
        progress: told of each step.
        jobs: how many posts may run at once.
    """
    gate = asyncio.Semaphore(jobs)
    found = await asyncio.gather(*(_of_post(site, path, progress, gate) for path in paths))
    return [finding for findings in found for finding in findings]


async def _of_post(
    site: Site, path: Path, progress: Progress, gate: asyncio.Semaphore
) -> list[Finding]:
    try:
        job = prepare(site, path)
        if job is None:
            return []
        async with gate:
            run = await _run(job, progress)
        comparison = _Comparison(job, render(job.ready, run, site, job.slug))
        return [*_source_drift(job), *_cell_drift(comparison), *_value_drift(comparison)]
    except PostBuilderError as error:
        place = error.place or Place(site.shown(path))
        return [Finding("error", place, error.message, str(error).partition("\n")[2])]


async def _run(job: Job, progress: Progress) -> Run:
    progress.post_started(job.ready, ["verifying"])
    try:
        run = await execute(
            job.ready, job.site, lambda cell: progress.cell_started(job.ready, cell)
        )
    except PostBuilderError:
        progress.post_ended(job.ready, "failed")
        raise
    progress.post_ended(job.ready, "ran")
    return run


def _source_drift(job: Job) -> Iterator[Finding]:
    """Find transcluded code that is no longer its source."""
    for span, fresh in transclusion_edits(job.post, job.ready):
        line = job.post.line_of(span.start)
        published = job.post.text[span.start : span.end]
        difference = _difference(published, fresh, f"{job.post.path}:{line}", "its source")
        yield Finding("drift", job.post.place(line), "transcluded code differs", difference)


def _cell_drift(comparison: _Comparison) -> Iterator[Finding]:
    post = comparison.job.post
    for cell, fresh in zip(post.cells, comparison.rendered.regions, strict=True):
        if "nbval-ignore-output" in cell.options.tags:
            continue
        published = post.text[cell.region.start : cell.region.end]
        if not _same_region(published, fresh, _tolerance(comparison.job, cell)):
            line = post.line_of(cell.region.start)
            difference = _difference(published, fresh, f"{post.path}:{line}", "fresh")
            yield Finding(
                "drift", post.place(line), f"output of cell {cell.name} differs", difference
            )
        yield from _figure_drift(comparison, cell)


def _same_region(published: str, fresh: str, tolerance: float) -> bool:
    """Compare two regions: tags of figures exactly, all else within the tolerance."""
    before, now = published.split("{% include figure"), fresh.split("{% include figure")
    if len(before) != len(now):
        return False
    for a, b in zip(before, now, strict=True):
        tag_a, _, text_a = a.rpartition("%}")
        tag_b, _, text_b = b.rpartition("%}")
        if tag_a != tag_b or not same_text(text_a, text_b, tolerance):
            return False
    return True


def _figure_drift(comparison: _Comparison, cell: Cell) -> Iterator[Finding]:
    post, root = comparison.job.post, comparison.job.site.root
    for figure in comparison.rendered.figures:
        if figure.cell != cell.name:
            continue
        line = post.line_of(max(post.text.find(figure.path, cell.region.start), 0))
        file = root / figure.path
        if not file.exists():
            yield Finding("drift", post.place(line), f"{figure.path} is missing")
        elif drift := figure_drift(file.read_bytes(), figure.data):
            hint = f"published, fresh, difference: {_picture(file.read_bytes(), figure)}"
            yield Finding("drift", post.place(line), f"{figure.path}: {drift}", hint)


def _picture(published: bytes, fresh: Figure) -> str:
    """Save a picture of a drift outside the site, where it is in nobody's way."""
    stem = Path(fresh.path).stem
    with tempfile.NamedTemporaryFile(
        prefix=f"drift-{stem}-", suffix=".png", delete=False
    ) as picture:
        picture.write(side_by_side(published, fresh.data))
    return picture.name


def _value_drift(comparison: _Comparison) -> Iterator[Finding]:
    post = comparison.job.post
    for value, fresh in zip(post.values, comparison.rendered.values, strict=True):
        published = post.text[value.span.start : value.span.end]
        cell = post.cells[value.after]
        if not same_text(published, fresh, _tolerance(comparison.job, cell)):
            message = f"value {value.expression}: {unescape(published)!r} → {unescape(fresh)!r}"
            yield Finding("drift", post.place(value.line), message)


def _tolerance(job: Job, cell: Cell) -> float:
    """A cell's own tolerance counts most, then its post's, then the site's."""
    own = job.post.front_matter.get("tolerance", job.site.settings.tolerance)
    return float(own) if cell.options.tolerance is None else cell.options.tolerance


def _difference(published: str, fresh: str, before: str, now: str) -> str:
    """Show a drift as a unified diff, in readers' characters."""
    a, b = (unescape(text).splitlines() for text in (published, fresh))
    return "\n".join(difflib.unified_diff(a, b, before, now, lineterm="", n=1))
