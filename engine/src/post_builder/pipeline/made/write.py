"""Writing what a build made: figures, products and downloads, then the post, then its record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from post_builder.document.post import Post
from post_builder.errors import FileError
from post_builder.files import digest, operations, replace_text, write_atomically, write_over
from post_builder.freshness.record import Made, Record, load_record
from post_builder.pipeline.made.files import remove_outdated
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.obstacles import refuse_foreign
from post_builder.pipeline.prepare import PostState, owned
from post_builder.pipeline.undo import keep_copy, keep_replaced
from post_builder.site import Site


class New(Struct, frozen=True):
    """What a build of a post is about to write."""

    text: str
    """Of the post."""
    made: Mapping[str, bytes]
    """The content of the files beside it, by path."""
    record: Record


class Written(Struct, frozen=True):
    """What became of files that were there before."""

    copies: list[str]
    """Paths of the copies that were kept of what was replaced."""
    removed: list[str]
    """Paths of the files that the post no longer makes."""


def write(state: PostState, post: Post, new: New, made_products: MadeProducts) -> Written:
    """Write figures, products and downloads first, then the post, the record last.

    Before them all, the record says which new files are about to be the build's. A build that is
    killed in between leaves a record that does not match, and the next build repairs the rest.

    Args:
        state: the post as it was when it started to run.
        post: as it is on disk.
        new: what it becomes.
        made_products: of its site; the post may take one over.

    Raises:
        FileError: if the system refuses.
        SavedMeanwhileError: if the post was saved since it was read.
    """
    site, before = state.site, owned(state.site, state.post, state.name)
    for path in (state.path, site.record(state.name), *(site.root / made for made in new.made)):
        site.inside(path)  # nothing is written for a post if some of it is out of reach
    known = before.made() if before else {}
    unknown = {path: data for path, data in new.made.items() if path not in known}
    refuse_foreign(state, [path for path in _foreign(site, unknown) if path not in made_products])
    try:
        written = {**new.made, post.path: new.text.encode()}
        there = _there(site, new.made)
        copies = keep_replaced(site, state.name, post, state.record, written)
        if unknown:
            _save(state, _unfinished(new.record, before), made_products)
        copies += _write_made(state, new.made, there)
        replace_text(site.inside(state.path), post.text.encode(), new.text.encode())
        removed = remove_outdated(made_products, state.name, before, new.record)
        if not new.record.same_result(load_record(site, state.name)):
            _save(state, new.record, made_products)
    except OSError as error:
        raise FileError.of(error, "cannot be published", post.path) from error
    return Written(list(dict.fromkeys(copies)), removed)


def _there(site: Site, made: Mapping[str, bytes]) -> dict[str, str]:
    """Return the digests of the files that a build is about to replace."""
    files = {path: site.root / path for path in made}
    return {path: digest(operations.read(file)) for path, file in files.items() if file.is_file()}


def _write_made(state: PostState, made: Mapping[str, bytes], there: Mapping[str, str]) -> list[str]:
    """Write figures, products and downloads; return the copies of what was saved at this moment."""
    copies: list[str] = []

    def keep(path: str, replaced: bytes) -> None:
        if digest(replaced) != there.get(path):
            copies.append(keep_copy(state.site, state.name, Path(path).name, replaced))

    for path, data in made.items():
        write_over(state.site.inside(state.site.root / path), data, partial(keep, path))
    return copies


def _foreign(site: Site, made: Mapping[str, bytes]) -> list[str]:
    """Find the files that are where a build would write others."""
    files = {path: site.root / path for path in made}
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


def _save(state: PostState, record: Record, made_products: MadeProducts) -> None:
    path = state.site.inside(state.site.record(state.name))
    write_atomically(path, record.to_json().encode("utf-8"))
    made_products.written(state.name, record)
