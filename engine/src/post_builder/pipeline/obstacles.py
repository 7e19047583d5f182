"""What would keep a build from writing: found before anything runs."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from post_builder.document.figure_names import FigureNames
from post_builder.document.options import Tag
from post_builder.errors import FileError, PostError
from post_builder.freshness.record import Record
from post_builder.pipeline.made.products import refuse_links
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.prepare import PostState, owned
from post_builder.place import Place
from post_builder.site import OWN_FOLDER, Site

_NO_FIGURE = frozenset({Tag.SKIP_EXECUTION, Tag.STORED_OUTPUT, Tag.REMOVE_OUTPUT})
"""Cells that publish no figure."""

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""How Python represents a byte of a file name that is not UTF-8."""

_DOWNLOADS = (".ipynb", ".py")
"""Extensions of the files that readers can download."""


def refuse_obstacles(state: PostState, made_products: MadeProducts) -> None:
    """Refuse a post that could not be published once it has run.

    Args:
        state: the post.
        made_products: of its site; the post may take one over.

    Raises:
        FileError: if a file or folder is read-only, lies behind a symbolic link that leads out of
            the site, or would have to replace a file that no build made.
    """
    site, folder = state.site, state.site.root / state.site.figures(state.name)
    _refuse_read_only(site, state.path)
    downloads = [site.root / site.download(state.name, suffix) for suffix in _DOWNLOADS]
    own = site.root / OWN_FOLDER / "lock"
    products = _products(state)
    for path in (state.path, site.record(state.name), own, *downloads, folder / "figure.svg"):
        _refuse_closed_folder(site, path)
    for product in products:
        refuse_links(site, product)
        _refuse_closed_folder(site, site.root / product)
    made = owned(site, state.post, state.name)
    known = made.made() if made else {}
    foreign = [path for path in _awaited(state) if path not in known]
    taken_over = [path for path in foreign if products and path in made_products]
    refuse_foreign(state, [path for path in foreign if path not in taken_over])


def refuse_foreign(state: PostState, paths: list[str]) -> None:
    """Refuse to replace files that no build made.

    Args:
        state: the post whose build would replace them.
        paths: of the files, relative to the root.

    Raises:
        FileError: that names them all, if there are any.
    """
    if paths:
        message = f"the build would replace {paths[0]}, which no build made"
        hint = "rename it, or delete it if it is left from an earlier build"
        detail = "\n".join(f"so it would {path}" for path in paths[1:])
        raise FileError(message, state.post.place(1), hint, detail=detail)


def refuse_odd_names(state: PostState, record: Record) -> None:
    """Refuse a file whose name is not UTF-8: it cannot be recorded, and must not be left out.

    Raises:
        PostError: that names the file.
    """
    for path in (*record.files, *record.declared):
        if _NOT_UTF_8.search(path):
            message = f"the post reads {path!r}, whose name is not UTF-8"
            raise PostError(message, state.post.place(1), "rename the file")


def _products(state: PostState) -> list[str]:
    return [path for cell in state.post.cells for path in cell.options.products]


def _awaited(state: PostState) -> Iterator[str]:
    """Yield the files that are where the build of a post may write one."""
    site, post = state.site, state.post
    for suffix in _DOWNLOADS:
        path = site.download(state.name, suffix)
        if os.path.lexists(site.root / path):
            yield path
    yield from (path for path in _products(state) if os.path.lexists(site.root / path))
    folder = site.figures(state.name)
    names = FigureNames(folder, [cell.name for cell in post.cells])
    shown = [
        cell.name for cell in post.cells if cell.options.alt and not cell.options.tags & _NO_FIGURE
    ]
    for file in sorted((site.root / folder).glob("*")):
        if any(names.may_give(cell, file.stem) for cell in shown):
            yield site.relative(file)


def _refuse_read_only(site: Site, path: Path) -> None:
    writable = os.access(path, os.W_OK) and path.stat().st_mode & stat.S_IWUSR
    if not writable:  # root may write it, but its owner does not want that
        raise FileError("is read-only", Place(site.relative(path)), "allow its owner to write it")


def _refuse_closed_folder(site: Site, path: Path) -> None:
    """Refuse a file whose folder takes no new files, or that a folder has the name of."""
    target = site.inside(path)
    if target.is_dir():
        message = "is a folder, and the build would write a file of this name"
        raise FileError(message, Place(site.relative(path)))
    folder = next(parent for parent in target.parents if parent.exists())
    place = Place(site.relative(folder))
    if not folder.is_dir():
        raise FileError("is not a folder, and the build would write into it", place)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise FileError("this folder is read-only", place, "allow its owner to write into it")
