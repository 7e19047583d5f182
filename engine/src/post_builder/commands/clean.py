"""Remove from a site what builds put into it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Cell, Edit, Post, splice
from post_builder.document.sessions import session_text
from post_builder.files import write_atomically
from post_builder.freshness.record import load_record
from post_builder.pipeline.made_files import remove_all
from post_builder.site import Site, slug_of


def clean(site: Site, paths: Sequence[Path]) -> list[str]:
    """Restore posts as their authors wrote them, and remove what was made beside them.

    Output regions are removed, values and transcluded cells are emptied, figures, downloads and the
    record are removed. A file that is no longer as the engine made it stays.

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
        if record:
            touched += remove_all(site, slug_of(path), record)
    return touched


def _emptied(post: Post) -> list[Edit]:
    regions = [cell.region for cell in post.cells]
    sources = [cell.body for cell in post.cells if cell.options.source]
    sessions = [(cell.body, _without_results(cell)) for cell in post.cells if cell.session]
    return sessions + [(span, "") for span in (*regions, *sources, *(value.span for value in post.values))]


def _without_results(cell: Cell) -> str:
    """Return the inputs of a session alone; a result that says that an input raises stays."""
    kept = [e if e.raises else replace(e, result="") for e in cell.session]
    return cell.with_prefix(session_text(kept).removesuffix("\n")) + cell.newline
