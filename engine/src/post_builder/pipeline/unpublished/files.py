"""Moving figures and downloads out of the site, and back when their post is published.

Jekyll copies all that is in `assets/`, also what was made for drafts, for posts with
`published: false` or a date in the future, and for posts without a date in their name.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from pathlib import Path

from post_builder.document.front_matter import read_front_matter
from post_builder.errors import FileError, PostBuilderError
from post_builder.files import digest, operations, read_text
from post_builder.files.plain import is_plain
from post_builder.files.writing import make_folders, remove_empty_folders
from post_builder.freshness.record import Made, Record
from post_builder.freshness.unchanged.kept import kept_posts
from post_builder.jekyll.publishing import why_unpublished
from post_builder.pipeline.made.records import MadeProducts, made_records
from post_builder.place import Place
from post_builder.site import WITHHELD, Site


def reason(site: Site, record: Made | Record) -> str:
    """Return why Jekyll would not publish the post of a record now; empty if it would."""
    path = site.root / record.post
    try:
        text = read_text(path, record.post)
        values = read_front_matter(text, record.post, site.inherited(path).front_matter).values
    except (PostBuilderError, OSError):
        return ""  # a post that cannot be read stays as it is
    return why_unpublished(site.jekyll, record.post, values, dt.datetime.now().astimezone())


def misplaced(site: Site, record: Made | Record) -> str:
    """Say what is wrong with the place of the files of a post; empty if nothing is."""
    why, made = reason(site, record), record.made()
    if why and any((site.root / path).is_file() for path in made):
        return f"Jekyll would publish the figures and downloads of this post, although {why}"
    if not why and any(site.withheld(path).is_file() for path in made):
        return f"figures and downloads of this post are in {WITHHELD}/, although it is published"
    return ""


def settle(site: Site, held: Collection[str] | None = None) -> list[str]:
    """Put what was made for posts where it belongs: in the site, or out of it.

    Args:
        site: that has the posts.
        held: names of posts of which nothing has changed, where they have just been found.

    Returns:
        What to say of each post whose files were moved out of the site: why, and which.

    Raises:
        FileError: if the system refuses.
    """
    said, products = [], MadeProducts(site)
    for name, record in made_records(site, but=kept_posts(site).names() if held is None else held):
        why = reason(site, record)
        if not why:
            bring_back(site, record)
        elif moved := _withhold(products, name, record):
            there = f"{', '.join(moved)} went to {WITHHELD}/, out of the site"
            preview = "`post-builder watch` puts what is there back for a preview"
            said.append(f"{record.post}: {why}, so {there}; {preview}")
    return said


def bring_back(site: Site, record: Made | Record | None) -> None:
    """Move what was made for a post into the site.

    Raises:
        FileError: if the system refuses.
    """
    for path in record.made() if record else ():
        if site.withheld(path).is_file():
            _move(site, f"{WITHHELD}/{path}", path)


def _withhold(products: MadeProducts, name: str, record: Made | Record) -> list[str]:
    """Move what was made for a post out of the site, as far as it is as builds made it.

    A product that another record has as well is that one's, as when a post is removed.
    """
    moved, site = [], products.site
    for path, content in record.made().items():
        file = site.root / path
        own = file.is_file() and not products.has_other_maker(path, name)
        if own and not file.is_symlink() and digest(file.read_bytes()) == content:
            _move(site, path, f"{WITHHELD}/{path}")
            moved.append(path)
    return moved


def _move(site: Site, before: str, after: str) -> None:
    source, target = site.root / before, site.inside(site.root / after)
    if not is_plain(source):  # a record may name what is no build's, behind a link of its writer's
        message = f"cannot be moved to {after}: a symbolic link leads to it"
        raise FileError(message, Place(before), "put a folder in the place of the link")
    try:
        make_folders(target.parent)
        _rename(source, target)
        operations.sync_folder(target.parent)
        operations.sync_folder(source.parent)
        remove_empty_folders(source, site.root)
    except FileExistsError as error:
        message = f"{before} cannot be moved here, because this file is in the way"
        raise FileError(message, Place(after), "move one of them elsewhere") from error
    except OSError as error:
        raise FileError.of(error, "cannot be moved", before) from error


def _rename(source: Path, target: Path) -> None:
    """Rename a file; after a loss of power it may be in both places already."""
    try:
        operations.rename_new(source, target)
    except FileExistsError:
        if not is_plain(target) or operations.read(target) != operations.read(source):
            raise
        operations.remove(source)
