"""Products that are published, out of the way while the cells that write them run.

A cell writes to the very path under which its product is published. So what is there before a run
is moved into the engine's own folder, and moved back after it, whatever became of the run. A mark
is written first and removed last: by it the next session finds what a killed run left.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from post_builder.errors import FileError
from post_builder.files import operations, write_atomically
from post_builder.files.plain import is_plain
from post_builder.files.writing import make_folders, remove_empty_folders
from post_builder.pipeline.made.files import ASIDE, left_aside
from post_builder.pipeline.made.products import refuse_linked_folder, refuse_links
from post_builder.pipeline.undo import keep_copy, own_folder
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_KEPT, _NOTHING = b"kept\n", b"nothing\n"
"""What a mark says was there before the run."""

Keep = Callable[[str, bytes], object]
"""Takes the name and the content of a file that is about to be removed."""


@contextmanager
def products_aside(site: Site, prepared: PreparedPost) -> Iterator[None]:
    """Let a post run as if none of its products were there; then all is as it was before.

    Args:
        site: that the post belongs to; the caller works on it alone.
        prepared: about to run.

    Raises:
        FileError: if there is no plain file in the place of a product, or the system refuses.
    """
    paths = [path for cell in prepared.cells for path in cell.options.products]
    with ExitStack() as stack:
        stack.callback(_tidy, site, paths)
        for path in paths:
            stack.callback(_guarded, _put_back, site, path)
        for path in paths:
            _guarded(_set_aside, site, path)
        _tidy(site, paths)
        yield


def put_back_left(site: Site) -> None:
    """Undo what a run did that was killed; what it wrote is kept as a copy.

    Raises:
        FileError: if there is no plain file in the place of a product, or the system refuses.
    """
    paths = left_aside(site)
    for path in paths:
        _guarded(_put_back, site, path, lambda name, data: keep_copy(site, "products", name, data))
    _tidy(site, paths)


def _tidy(site: Site, paths: Collection[str]) -> None:
    """Remove an empty folder of products: a cell creates it, as at its readers'.

    It stays while other posts run that write products, for one may just have created it.
    """
    if paths and not set(left_aside(site)).difference(paths):
        _guarded(_remove_folder, site, next(iter(paths)))


def _guarded(step: Callable[..., None], site: Site, path: str, *arguments: object) -> None:
    refuse_linked_folder(site, path)
    try:
        step(site, path, *arguments)
    except OSError as error:
        raise FileError.of(error, "cannot be moved out of the way of a run", path) from error


def _set_aside(site: Site, path: str) -> None:
    file, kept = site.root / path, _inside(site, "before", path)
    refuse_links(site, path)
    own_folder(site)
    write_atomically(_inside(site, "marks", path), _KEPT if file.exists() else _NOTHING)
    if file.exists():
        make_folders(kept.parent)
        operations.rename(file, kept)
        operations.sync_folder(kept.parent)
        operations.sync_folder(file.parent)


def _put_back(site: Site, path: str, keep: Keep = lambda *_: None) -> None:
    file, kept = site.root / path, _inside(site, "before", path)
    mark = _inside(site, "marks", path)
    if not mark.is_file():
        return
    begun = kept.is_file() or mark.read_bytes() == _NOTHING
    if begun and is_plain(file):
        keep(file.name, operations.read(file))
    if kept.is_file():
        make_folders(file.parent)
        operations.rename(kept, file)
        operations.sync_folder(file.parent)
    elif begun and os.path.lexists(file):
        operations.remove(file)
        operations.sync_folder(file.parent)
    operations.remove(mark)
    operations.sync_folder(mark.parent)


def _remove_folder(site: Site, path: str) -> None:
    if (site.root / path).parent.is_dir():
        remove_empty_folders(site.root / path, site.root)


def _inside(site: Site, kind: str, path: str) -> Path:
    return site.inside(site.root / ASIDE / kind / PurePosixPath(path).name)
