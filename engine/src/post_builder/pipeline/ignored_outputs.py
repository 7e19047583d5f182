"""What is never compared, left as it was where a rerun gave again all that is compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.files import digest
from post_builder.document.post import Cell, Post
from post_builder.freshness.record import (
    Record,
    cell_records,
    region_digest,
    settings_digest,
    value_digest,
)

if TYPE_CHECKING:
    from post_builder.rendering.regions import Rendered
    from post_builder.site import Site


def keep_ignored(
    post: Post, rendered: Rendered, before: Record | None, site: Site
) -> tuple[tuple[str, ...], dict[str, bytes]]:
    """Choose what to publish of cells that are never compared: what stands there, or what came out.

    What stands there is kept if, set among the fresh outputs of all other cells, it makes just what
    the record says was published: the same code, the same regions, values and figures.

    Args:
        post: as it stands on disk, with its transcluded code in place.
        rendered: what a run of it gave.
        before: the record of its last build.
        site: in which it stands.

    Returns:
        The region of each cell, and the content of each figure by its path.
    """
    figures = {figure.path: figure.data for figure in rendered.figures}
    if before is None:
        return rendered.regions, figures
    regions = tuple(
        _published(post, cell) if _is_ignored(cell) else fresh
        for cell, fresh in zip(post.cells, rendered.regions, strict=True)
    )
    kept = _published_figures(post, rendered, before, site.root)
    if _is_as_published(post, replace(rendered, regions=regions), kept, before, site):
        return regions, kept
    return rendered.regions, figures


def _is_ignored(cell: Cell) -> bool:
    return "nbval-ignore-output" in cell.options.tags


def _published(post: Post, cell: Cell) -> str:
    return post.text[cell.region.start : cell.region.end].strip("\r\n")


def _published_figures(
    post: Post, rendered: Rendered, before: Record, root: Path
) -> dict[str, bytes]:
    """Give the fresh figures of compared cells, and all others as they are on disk."""
    ignored = {cell.name for cell in post.cells if _is_ignored(cell)}
    fresh = {f.path: f.data for f in rendered.figures if f.cell not in ignored}
    others = (path for path in before.figures if path not in fresh and (root / path).is_file())
    return fresh | {path: (root / path).read_bytes() for path in others}


def _is_as_published(
    post: Post, rendered: Rendered, figures: Mapping[str, bytes], before: Record, site: Site
) -> bool:
    """Tell whether some outputs are, to the last digest, those that the record knows."""
    cells = tuple(
        replace(cell, region=region_digest(region))
        for cell, region in zip(cell_records(post), rendered.regions, strict=True)
    )
    return (
        cells == before.cells
        and tuple(map(value_digest, rendered.values)) == before.values
        and {path: digest(data) for path, data in figures.items()} == before.figures
        and settings_digest(site) == before.settings
    )
