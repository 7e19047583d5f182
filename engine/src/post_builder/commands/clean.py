"""Take out of a site what builds put in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from post_builder.files import read_text, write_atomically
from post_builder.document.post import Post, Span, parse, splice
from post_builder.pipeline.publish import remove_made
from post_builder.freshness.record import load_record
from post_builder.site import Site, slug_of


def clean(site: Site, paths: Sequence[Path]) -> list[str]:
    """Give posts back as their authors wrote them, and remove what was made beside them.

    Output regions go, values and transcluded cells are emptied, figures, downloads and the record
    are removed. A file that is no longer as the engine made it stays.

    Returns:
        The posts that were changed and the files that were removed.
    """
    touched = []
    for path in paths:
        shown = site.shown(path)
        post = parse(read_text(path, shown), shown)
        if post and write_atomically(path, splice(post.text, _emptied(post)).encode()):
            touched.append(shown)
        touched += _without_record(site, slug_of(path))
    return touched


def _emptied(post: Post) -> list[tuple[Span, str]]:
    regions = [cell.region for cell in post.cells]
    sources = [cell.body for cell in post.cells if cell.options.source]
    return [(span, "") for span in (*regions, *sources, *(value.span for value in post.values))]


def _without_record(site: Site, slug: str) -> list[str]:
    record = load_record(site, slug)
    if record is None:
        return []
    gone = remove_made(site, record.made())
    site.record(slug).unlink()
    return [*gone, site.shown(site.record(slug))]
