"""Remove from a site what builds put into it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from post_builder.document.figure_tag import figure_tags
from post_builder.document.options import Tag
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Edit, Post, splice
from post_builder.files import write_atomically
from post_builder.freshness.record import load_record
from post_builder.pipeline.made_files import remove_all
from post_builder.site import Site, slug_of


def clean(site: Site, paths: Sequence[Path]) -> list[str]:
    """Restore posts as their authors wrote them, and remove what was made beside them.

    Output regions are removed, values and transcluded cells are emptied, figures, downloads and the
    record are removed. A file that is no longer as the engine made it stays, and so do outputs of
    cells that do not run again.

    Returns:
        The posts that were changed and the files that were removed.

    Raises:
        PostBuilderError: if a post or its record cannot be read.
    """
    touched = []
    for path in paths:
        post = read_post(site, path)
        if post and write_atomically(path, splice(post.text, _emptied(post)).encode()):
            touched.append(post.path)
        record = load_record(site, slug_of(path))
        if record and post:
            record = replace(record, figures=_without_stored(post, record.figures))
        if record:
            touched += remove_all(site, slug_of(path), record)
    return touched


def _without_stored(post: Post, figures: Mapping[str, str]) -> dict[str, str]:
    """Return the figures of a record without those that a stored output shows."""
    stored = [cell for cell in post.cells if Tag.STORED_OUTPUT in cell.options.tags]
    shown = {tag.image_path for cell in stored for _, tag in figure_tags(post.at(cell.region))}
    return {path: content for path, content in figures.items() if f"/{path}" not in shown}


def _emptied(post: Post) -> list[Edit]:
    regions = [c.region for c in post.cells if Tag.STORED_OUTPUT not in c.options.tags]
    sources = [cell.body for cell in post.cells if cell.options.source]
    return [(span, "") for span in (*regions, *sources, *(value.span for value in post.values))]
