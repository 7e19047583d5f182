"""Files that builds made: which they are, and how they are removed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from post_builder.errors import FileError, RecordError
from post_builder.files import digest, operations
from post_builder.files.plain import is_plain
from post_builder.files.swap import is_left
from post_builder.files.writing import remove_empty_folders
from post_builder.freshness.record import Made, Record, load_made
from post_builder.freshness.unchanged.kept import kept_posts
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.made.removed import KEPT, forget, put_away
from post_builder.pipeline.names import Names
from post_builder.site import OWN_FOLDER, Site

ASIDE = f"{OWN_FOLDER}/products"
"""The folder of products that are out of their place while the cells run that write them."""


_WRITTEN = (
    *("", "_posts", "_data/builds", "_exports", "_includes", "_includes/head"),
    *("assets", "assets/css", "assets/js", "assets/notebooks"),
)
"""Folders into which any command writes, beside those of posts, figures and products."""


class Orphans(Struct, frozen=True):
    """What was found of posts that no longer exist."""

    removed: tuple[str, ...] = ()
    """Paths of the files that were removed."""
    errors: tuple[RecordError, ...] = ()
    """Records that cannot be read; they, and what they name, stay."""

    def lines(self) -> list[str]:
        """Say of each file why it was removed, and where it is kept."""
        said = "removed, its post no longer exists"
        return [
            f"{path}: {said}" if path.startswith("_data/builds/") else f"{path}: {said} ({KEPT})"
            for path in self.removed
        ]


def remove_outdated(
    products: MadeProducts, name: str, before: Made | None, now: Record
) -> list[str]:
    """Remove what the last build of a post made and this one did not.

    Args:
        products: of the site that the post belongs to; another post may have taken one over.
        name: of the post.
        before: of the last build; None if there was none.
        now: of this build.
    """
    made, kept = before.made() if before else {}, now.made()
    outdated = {path: content for path, content in made.items() if path not in kept}
    return _remove(products.site, _without_others(products, name, outdated))


def remove_all(
    products: MadeProducts, name: str, record: Made, *, dry_run: bool = False
) -> list[str]:
    """Remove everything that builds of a post made, its record last; return what was removed.

    Args:
        products: of the site that the post belongs to; another post may have taken one over.
        name: of the record.
        record: names the other files.
        dry_run: whether to remove nothing, and return what would be.
    """
    site, own = products.site, _without_others(products, name, record.made())
    removed = _remove(site, own, dry_run=dry_run)
    path = site.record(name)
    if _is_own(site, path):
        if not dry_run:
            _remove_file(site, path)
            products.removed(name)
        removed.append(site.relative(path))
    return removed


def orphaned(site: Site, record: Made, names: Names) -> bool:
    """Return whether a record that no post has the name of is that of a post that is gone.

    Or it is that of a post that has another name now.

    A post that is there and no longer executable keeps what was made for it.
    """
    post = site.root / record.post
    return post in names or not post.exists()


def remove_orphans(
    site: Site, names: Names, held: Collection[str] | None = None, *, dry_run: bool = False
) -> Orphans:
    """Remove what was made for posts that no longer exist.

    Args:
        site: that had the posts.
        names: of its posts.
        held: names of posts of which nothing has changed, where they have just been found.
        dry_run: whether to remove nothing, and return what would be.
    """
    removed: list[str] = []
    errors = []
    products, used = MadeProducts(site), set(names.values())
    held = kept_posts(site).names() if held is None else held
    for name in [path.stem for path in site.records() if path.stem not in held]:
        try:
            record = load_made(site, name)
        except RecordError as error:
            errors.append(error)
            continue
        if record and name not in used and orphaned(site, record, names):
            removed += remove_all(products, name, record, dry_run=dry_run)
    return Orphans(tuple(removed), tuple(errors))


def left_behind(site: Site, listed: Sequence[Path] | None = None) -> list[Path]:
    """Find the temporary files of commands that were killed, wherever they write posts and pages.

    Those in the engine's own folder are not among them.

    Args:
        site: that the commands wrote to.
        listed: its posts, where they have just been listed.
    """
    posts = list(site.posts()) if listed is None else listed
    linked = {path.resolve().parent for path in posts if path.is_symlink()}
    folders = {path.parent for path in posts}
    folders |= {site.root / folder for folder in (*_WRITTEN, site.settings.products_folder)}
    folders |= set((site.root / "assets/images").glob("*"))
    found = linked.union(folder.resolve() for folder in folders)
    own = sorted(folder for folder in found if folder.is_relative_to(site.root))
    files = (path for folder in own for path in folder.glob(".post-builder-*.tmp"))
    return [path for path in files if is_left(path) and path.is_file() and not path.is_symlink()]


def left_aside(site: Site) -> list[str]:
    """Return the products that a killed run may have written, or left out of their place."""
    marks = sorted((site.root / ASIDE / "marks").glob("*"))
    return [f"{site.settings.products_folder}/{mark.name}" for mark in marks if mark.is_file()]


def _without_others(products: MadeProducts, name: str, made: Mapping[str, str]) -> dict[str, str]:
    """Leave out of what a record has the products that another record has taken over."""
    others = {path for path in made if products.has_other_maker(path, name)}
    return {path: content for path, content in made.items() if path not in others}


def _remove(site: Site, made: Mapping[str, str], *, dry_run: bool = False) -> list[str]:
    """Remove files that are still as a record says they were made; return what was removed.

    Raises:
        FileError: if the system refuses, or a link leads out of the site to the folder of one.
    """
    removed = []
    for path, content in made.items():
        for file in (site.root / path, site.withheld(path)):
            is_as_made = _is_own(site, file) and _digest_of(site, file) == content
            site.inside(file.parent)  # else it is another file that was looked at
            if is_as_made:
                if not dry_run:
                    put_away(site, file)
                removed.append(site.relative(file))
    if removed and not dry_run:
        forget(site)
    return removed


def _digest_of(site: Site, file: Path) -> str:
    try:
        return digest(operations.read(file))
    except OSError as error:
        raise FileError.of(error, "cannot be read", site.relative(file)) from error


def _is_own(site: Site, path: Path) -> bool:
    return path.is_relative_to(site.root) and is_plain(path)


def _remove_file(site: Site, path: Path) -> None:
    """Remove a file, and the folders above it that have become empty.

    Raises:
        FileError: if the system refuses.
    """
    try:
        operations.remove(path)
        operations.sync_folder(path.parent)
        remove_empty_folders(path, site.root)
    except OSError as error:
        raise FileError.of(error, "cannot be removed", site.relative(path)) from error
