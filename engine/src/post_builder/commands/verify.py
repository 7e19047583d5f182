"""Run posts in memory and compare what is published with what comes out."""

from __future__ import annotations

import asyncio
import difflib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import unescape
from pathlib import Path

from post_builder.document import figure_tag
from post_builder.document.post import Cell, Post
from post_builder.errors import PostBuilderError
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.freshness.comparison.figures import figure_drift, side_by_side
from post_builder.freshness.comparison.text import same_text
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.place import Place
from post_builder.rendering.figures import Figure
from post_builder.rendering.regions import RenderedCell, render
from post_builder.site import WITHHELD, Site
from post_builder.ui.findings import Finding
from post_builder.ui.progress import Progress


@dataclass(frozen=True, slots=True)
class _Comparison:
    """A published cell beside a run of it that just ended."""

    post: Post
    cell: Cell
    new: RenderedCell
    tolerance: float


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
        return [*_source_drift(state), *_drift(state, rendered)]
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


def _source_drift(state: PostState) -> Iterator[Finding]:
    """Find transcluded code that differs from its source."""
    post = state.post
    for span, source in state.prepared.edits():
        line = post.line_of(span.start)
        difference = _difference(post.at(span), source, f"{post.path}:{line}", "its source")
        yield Finding("drift", post.place(line), "transcluded code differs", difference)


def _drift(state: PostState, rendered: Sequence[RenderedCell]) -> Iterator[Finding]:
    """Compare the cells of a post, then its values."""
    post = state.post
    comparisons = [
        _Comparison(post, cell, new, _tolerance(state, cell))
        for cell, new in zip(post.cells, rendered, strict=True)
    ]
    for comparison in comparisons:
        if not is_ignored(comparison.cell):
            yield from _session_drift(comparison)
            yield from _region_drift(comparison)
            yield from _figure_drift(comparison, state.site.root)
    for index, comparison in enumerate(comparisons):
        yield from _value_drift(comparison, index)


def _session_drift(comparison: _Comparison) -> Iterator[Finding]:
    """Compare the results of a session."""
    post, cell = comparison.post, comparison.cell
    for before, now in zip(cell.session, comparison.new.session, strict=True):
        if not same_text(before.result, now.result, comparison.tolerance):
            line = cell.line + 1 + before.index
            difference = _difference(before.result, now.result, f"{post.path}:{line}", "fresh")
            message = f"a result in session {cell.name} differs"
            yield Finding("drift", post.place(line), message, difference)


def _region_drift(comparison: _Comparison) -> Iterator[Finding]:
    post, cell, fresh = comparison.post, comparison.cell, comparison.new.region
    published = post.at(cell.region)
    if not _same_region(published, fresh, comparison.tolerance):
        line = post.line_of(cell.region.start)
        difference = _difference(published, fresh, f"{post.path}:{line}", "fresh")
        yield Finding("drift", post.place(line), f"output of cell {cell.name} differs", difference)


def _same_region(published: str, fresh: str, tolerance: float) -> bool:
    """Compare two regions: figure tags exactly, everything else within the tolerance."""
    tags, texts = zip(*((_tags(text), _texts(text)) for text in (published, fresh)), strict=True)
    return tags[0] == tags[1] and all(
        same_text(before, now, tolerance) for before, now in zip(*texts, strict=True)
    )


def _tags(region: str) -> list[str]:
    return [match.group() for match in figure_tag.TAG.finditer(region)]


def _texts(region: str) -> list[str]:
    """Return what is between the figure tags of a region."""
    return figure_tag.TAG.sub("\0", region).split("\0")


def _figure_drift(comparison: _Comparison, root: Path) -> Iterator[Finding]:
    post = comparison.post
    for figure in comparison.new.figures:
        offset = post.text.find(figure.path, comparison.cell.region.start)
        place = post.place(post.line_of(max(offset, 0)))
        places = (root / figure.path, root / WITHHELD / figure.path)
        file = next((path for path in places if path.exists()), places[0])
        if not file.exists():
            yield Finding("drift", place, f"{figure.path} is missing")
        elif drift := figure_drift(file.read_bytes(), figure.data):
            hint = f"published, fresh, difference: {_picture(file.read_bytes(), figure)}"
            yield Finding("drift", place, f"{figure.path}: {drift}", hint)


def _picture(published: bytes, fresh: Figure) -> str:
    """Save a picture of a difference outside the site; return its path."""
    stem = Path(fresh.path).stem
    with tempfile.NamedTemporaryFile(
        prefix=f"drift-{stem}-", suffix=".png", delete=False
    ) as picture:
        picture.write(side_by_side(published, fresh.data))
    return picture.name


def _value_drift(comparison: _Comparison, index: int) -> Iterator[Finding]:
    post = comparison.post
    values = [value for value in post.values if value.after == index]
    for value, fresh in zip(values, comparison.new.values, strict=True):
        published = post.at(value.span)
        if not same_text(published, fresh, comparison.tolerance):
            message = f"value {value.expression}: {unescape(published)!r} → {unescape(fresh)!r}"
            yield Finding("drift", post.place(value.line), message)


def _tolerance(state: PostState, cell: Cell) -> float:
    """Return a cell's own tolerance, or its post's, or the site's."""
    own = state.post.front_matter.get("tolerance", state.site.settings.tolerance)
    return float(own) if cell.options.tolerance is None else cell.options.tolerance


def _difference(published: str, fresh: str, before: str, now: str) -> str:
    """Return a unified diff of two texts as readers see them."""
    a, b = (unescape(text).splitlines() for text in (published, fresh))
    return "\n".join(difflib.unified_diff(a, b, before, now, lineterm="", n=1))
