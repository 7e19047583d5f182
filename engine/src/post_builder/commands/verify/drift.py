"""What is published beside what a rerun gives."""

from __future__ import annotations

import difflib
import os
import tempfile
from collections.abc import Iterator, Sequence
from html import unescape
from pathlib import Path

from msgspec import Struct

from post_builder.document import figure_tag
from post_builder.document.post import Cell, Post
from post_builder.freshness.comparison.figures import side_by_side
from post_builder.freshness.comparison.ignored import Kind, comparable
from post_builder.freshness.comparison.made import IMAGES, made_drift
from post_builder.freshness.comparison.text import Tolerances, same_text
from post_builder.freshness.comparison.tolerances import cell_tolerances
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.prepare import PostState
from post_builder.rendering.figures.files import Figure
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.site import made_file
from post_builder.ui.findings import Finding


class _Comparison(Struct, frozen=True):
    """A published cell beside a run of it that just ended."""

    post: Post
    cell: Cell
    new: RenderedCell
    tolerances: Tolerances
    patterns: Sequence[str]
    """Regular expressions of what does not count."""

    def same(self, published: str, fresh: str, kind: Kind) -> bool:
        """Return whether two texts say the same."""
        before, now = (comparable(text, self.patterns, kind) for text in (published, fresh))
        return same_text(before, now, self.tolerances)


def drift(state: PostState, rendered: Sequence[RenderedCell]) -> Iterator[Finding]:
    """Compare the cells of a post, then its values.

    Args:
        state: the post as it is published.
        rendered: what a run of it gave.
    """
    yield from _source_drift(state)
    post, settings = state.post, state.site.settings
    comparisons = [
        _Comparison(
            post, cell, new, cell_tolerances(post, cell, settings), settings.ignore_patterns
        )
        for cell, new in zip(post.cells, rendered, strict=True)
    ]
    for comparison in comparisons:
        if not is_ignored(comparison.cell):
            yield from _session_drift(comparison)
            yield from _region_drift(comparison)
            yield from _figure_drift(comparison, state.site.root)
    for index, comparison in enumerate(comparisons):
        yield from _value_drift(comparison, index)


def _source_drift(state: PostState) -> Iterator[Finding]:
    """Find transcluded code that differs from its source."""
    post = state.post
    for span, source in state.prepared.edits():
        line = post.line_of(span.start)
        difference = _difference(post.at(span), source, f"{post.path}:{line}", "its source")
        yield Finding("drift", post.place(line), "transcluded code differs", difference)


def _session_drift(comparison: _Comparison) -> Iterator[Finding]:
    """Compare the results of a session."""
    post, cell = comparison.post, comparison.cell
    for before, now in zip(cell.session, comparison.new.session, strict=True):
        if not comparison.same(before.result, now.result, "session"):
            line = cell.line + 1 + before.index
            difference = _difference(before.result, now.result, f"{post.path}:{line}", "fresh")
            message = f"a result in session {cell.name} differs"
            yield Finding("drift", post.place(line), message, difference)


def _region_drift(comparison: _Comparison) -> Iterator[Finding]:
    post, cell, fresh = comparison.post, comparison.cell, comparison.new.region
    published = post.at(cell.region)
    if not _same_region(published, fresh, comparison):
        line = post.line_of(cell.region.start)
        difference = _difference(published, fresh, f"{post.path}:{line}", "fresh")
        yield Finding("drift", post.place(line), f"output of cell {cell.name} differs", difference)


def _same_region(published: str, fresh: str, comparison: _Comparison) -> bool:
    """Compare two regions: figure tags exactly, everything else within the tolerance."""
    tags, texts = zip(*((_tags(text), _texts(text)) for text in (published, fresh)), strict=True)
    return tags[0] == tags[1] and all(
        comparison.same(before, now, "region") for before, now in zip(*texts, strict=True)
    )


def _tags(region: str) -> list[str]:
    return [match.group() for match in figure_tag.TAG.finditer(region)]


def _texts(region: str) -> list[str]:
    """Return what is between the figure tags of a region."""
    return figure_tag.TAG.sub("\0", region).split("\0")


def _figure_drift(comparison: _Comparison, root: Path) -> Iterator[Finding]:
    post = comparison.post
    for figure in comparison.new.figures:
        place = post.place(post.line_showing(figure.path, comparison.cell.region.start))
        file = made_file(root, figure.path)
        if not file.exists():
            yield Finding("drift", place, f"{figure.path} is missing")
            continue
        data = file.read_bytes()
        if problem := made_drift(
            figure.path, data, figure.data, comparison.tolerances, comparison.patterns
        ):
            seen = file.suffix in IMAGES
            hint = _picture(data, figure) if seen else ""
            yield Finding("drift", place, f"{figure.path}: {problem}", hint)


def _picture(published: bytes, fresh: Figure) -> str:
    """Save a picture of a difference outside the site; return where, or why there is none."""
    data = side_by_side(published, fresh.data)
    try:
        return f"published, fresh, difference: {_saved(Path(fresh.path).stem, data)}"
    except OSError as error:
        return f"there is no picture of the difference: {error}"


def _saved(name: str, data: bytes) -> str:
    handle, path = tempfile.mkstemp(prefix=f"drift-{name}-", suffix=".png")
    os.close(handle)
    try:
        Path(path).write_bytes(data)
    except OSError:
        Path(path).unlink()
        raise
    return path


def _value_drift(comparison: _Comparison, index: int) -> Iterator[Finding]:
    post = comparison.post
    values = [value for value in post.values if value.after == index]
    for value, fresh in zip(values, comparison.new.values, strict=True):
        published = post.at(value.span)
        if not comparison.same(published, fresh, "value"):
            message = f"value {value.expression}: {unescape(published)!r} → {unescape(fresh)!r}"
            yield Finding("drift", post.place(value.line), message)


def _difference(published: str, fresh: str, before: str, now: str) -> str:
    """Return a unified diff of two texts as readers see them."""
    a, b = (unescape(text).splitlines() for text in (published, fresh))
    return "\n".join(difflib.unified_diff(a, b, before, now, lineterm="", n=1))
