"""What is never compared stays as it is published if a rerun reproduces everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post
from post_builder.files import digest
from post_builder.freshness.comparison.ignored import comparable
from post_builder.freshness.digests import (
    cell_records,
    file_digests,
    published_digest,
    settings_digest,
    value_digest,
)
from post_builder.freshness.record import Record
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.site import Site, made_file
from post_builder.sources.transclusion import PreparedPost


def keep_ignored(
    prepared: PreparedPost,
    rendered: Sequence[RenderedCell],
    products: Mapping[str, bytes],
    before: Record | None,
    site: Site,
) -> tuple[tuple[RenderedCell, ...], dict[str, bytes]]:
    """Choose what to publish of outputs that do not count: what is published, or what is new.

    Those are the outputs of cells that are never compared, and those that differ only in what the
    site ignores. What is published stays if, together with the new outputs of all other cells, it
    is exactly what the record says: the same code, regions, values, figures and products.

    Args:
        prepared: the post as it is on disk, with its transcluded code.
        rendered: what a run of it gave.
        products: the files that its cells declare and wrote, by path.
        before: the record of its last build.
        site: that it belongs to.

    Returns:
        What each cell publishes, and the content of each figure by its path.
    """
    figures = {figure.path: figure.data for cell in rendered for figure in cell.figures}
    if before is None or file_digests(products) != before.products:
        return tuple(rendered), figures
    post = prepared.post
    kept = tuple(
        replace(new, region=_published(post, cell), session=cell.session)
        if _stays(post, cell, new, site)
        else new
        for cell, new in zip(post.cells, rendered, strict=True)
    )
    kept_figures = _published_figures(post, rendered, before, site.root)
    if _is_as_published(prepared, kept, kept_figures, before, site):
        return kept, kept_figures
    return tuple(rendered), figures


def is_ignored(cell: Cell) -> bool:
    """Return whether the output of a cell is never compared."""
    return Tag.IGNORE_OUTPUT in cell.options.tags


def _stays(post: Post, cell: Cell, new: RenderedCell, site: Site) -> bool:
    """Return whether a new output does not count beside the published one."""
    published, fresh = _published(post, cell), new.region
    if is_ignored(cell) or published == fresh:
        return True
    patterns = site.settings.ignore_patterns
    return comparable(published, patterns, "region") == comparable(fresh, patterns, "region")


def _published(post: Post, cell: Cell) -> str:
    return post.at(cell.region).strip("\r\n")


def _published_figures(
    post: Post, rendered: Sequence[RenderedCell], before: Record, root: Path
) -> dict[str, bytes]:
    """Return the new figures of compared cells, and all others as they are on disk."""
    new = {
        figure.path: figure.data
        for cell, from_run in zip(post.cells, rendered, strict=True)
        for figure in from_run.figures
        if not is_ignored(cell)
    }
    others = (
        path for path in before.figures if path not in new and made_file(root, path).is_file()
    )
    return new | {path: made_file(root, path).read_bytes() for path in others}


def _is_as_published(
    prepared: PreparedPost,
    rendered: Sequence[RenderedCell],
    figures: Mapping[str, bytes],
    before: Record,
    site: Site,
) -> bool:
    """Return whether some outputs are exactly those in the record."""
    cells = tuple(
        replace(cell, region=published_digest(new.region, new.session))
        for cell, new in zip(cell_records(prepared, prepared.post), rendered, strict=True)
    )
    values = tuple(value_digest(text) for cell in rendered for text in cell.values)
    return (
        cells == before.cells
        and values == before.values
        and {path: digest(data) for path, data in figures.items()} == before.figures
        and settings_digest(site) == before.settings
    )
