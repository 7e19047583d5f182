"""Writing what a build made: figures, products and downloads, then the post, then its record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from post_builder.document.post import Post
from post_builder.errors import FileError
from post_builder.files import replace_text, write_atomically
from post_builder.freshness.record import Made, Record, load_record
from post_builder.pipeline.made.files import remove_outdated
from post_builder.pipeline.made.products import made_products
from post_builder.pipeline.obstacles import refuse_foreign
from post_builder.pipeline.prepare import PostState, owned
from post_builder.pipeline.undo import keep_replaced
from post_builder.site import Site


@dataclass(frozen=True, slots=True)
class Written:
    """What became of files that were there before."""

    copies: list[str]
    """Paths of the copies that were kept of what was replaced."""
    removed: list[str]
    """Paths of the products that the post no longer makes."""


def write(
    state: PostState, post: Post, text: str, made: Mapping[str, bytes], record: Record
) -> Written:
    """Write figures, products and downloads first, then the post, the record last.

    Before them all, the record says which new files are about to be the build's. A build that is
    killed in between leaves a record that does not match, and the next build repairs the rest.

    Args:
        state: the post as it was when it started to run.
        post: as it is on disk.
        text: its new text.
        made: the new content of the files beside it, by path.
        record: of this build.

    Raises:
        FileError: if the system refuses.
        SavedMeanwhileError: if the post was saved since it was read.
    """
    site, before = state.site, owned(state.site, state.post, state.name)
    known = before.made() if before else {}
    refuse_foreign(state, _foreign(site, made, {*known, *made_products(site)}))
    try:
        written = {**made, post.path: text.encode()}
        copies = keep_replaced(site, state.name, post, state.record, written)
        if not made.keys() <= known.keys():
            _save(state, _unfinished(record, before))
        for path, data in made.items():
            write_atomically(site.inside(site.root / path), data)
        replace_text(site.inside(state.path), post.text.encode(), text.encode())
        removed = remove_outdated(site, before, record)
        if not record.same_result(load_record(site, state.name)):
            _save(state, record)
    except OSError as error:
        raise FileError.of(error, "cannot be published", post.path) from error
    products = before.products if before else {}
    return Written(copies, [path for path in removed if path in products])


def _foreign(site: Site, made: Mapping[str, bytes], known: Iterable[str]) -> list[str]:
    """Find the files that no build made where this one would write others."""
    files = {path: site.root / path for path in made if path not in known}
    return [
        path
        for path, file in files.items()
        if os.path.lexists(file) and not (file.is_file() and file.read_bytes() == made[path])
    ]


def _unfinished(record: Record, before: Made | None) -> Record:
    """Return a record that says only which files are this build's or the last one's."""
    figures = {**(before.figures if before else {}), **record.figures}
    products = {**(before.products if before else {}), **record.products}
    downloads = {**(before.downloads if before else {}), **record.downloads}
    unfinished = replace(record, text="", cells=(), values=())
    return replace(unfinished, figures=figures, products=products, downloads=downloads)


def _save(state: PostState, record: Record) -> None:
    path = state.site.inside(state.site.record(state.name))
    write_atomically(path, record.to_json().encode("utf-8"))
