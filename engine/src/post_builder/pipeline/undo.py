"""Copies to go back to: what a build replaces, and nothing else holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from post_builder.document.post import Post
from post_builder.errors import FileError
from post_builder.files import create, digest, operations, unix_newlines, write_atomically
from post_builder.files.copies import copies_in, ending_of, later_than, stamped
from post_builder.files.writing import is_unfinished, make_folders
from post_builder.freshness import git
from post_builder.freshness.digests import region_digest, value_digest, value_digests
from post_builder.freshness.record import Record
from post_builder.site import OWN_FOLDER, Site

_KEPT = 20
"""Copies that are kept of one file; a build of a draft leaves one each time."""


def own_folder(site: Site) -> Path:
    """Return the folder for what the engine keeps for itself; git and Jekyll leave it out.

    Raises:
        FileError: if it cannot be created, or leads out of the site.
    """
    folder = site.inside(site.root / OWN_FOLDER)
    if (folder / ".gitignore").is_file():
        return folder
    ignored = site.inside(folder / ".gitignore")
    try:
        make_folders(folder)
        write_atomically(ignored, b"*\n")
    except OSError as error:
        raise FileError.of(error, "cannot be created", OWN_FOLDER) from error
    return site.inside(folder)  # a link may have taken its place meanwhile


def keep_replaced(
    site: Site, name: str, post: Post, record: Record | None, written: Mapping[str, bytes]
) -> list[str]:
    """Keep what a build is about to replace and its author cannot get back otherwise.

    That is a post that git does not have, or whose outputs were edited since they were built and
    are not committed; and a figure that somebody changed.

    Args:
        site: that the post belongs to.
        name: of the post.
        post: as it is on disk.
        record: of its last build.
        written: the new content of the post and of the files beside it, by path.

    Returns:
        The paths of copies that hold something edited by hand.
    """
    copies, before = [], post.text.encode("utf-8")
    is_edited = _edited_by_hand(post, record)
    if written[post.path] != before and not _is_held(site, post, is_edited=is_edited):
        copy = keep_copy(site, name, Path(post.path).name, before)
        copies += [copy] if is_edited else []
    for path, data in _changed_by_hand(site, record, written):
        copies.append(keep_copy(site, name, Path(path).name, data))
    return copies


def keep_copy(site: Site, name: str, file: str, data: bytes) -> str:
    """Write a copy of some content, unless there is one; return its path.

    Args:
        site: whose `.post-builder/undo` takes it.
        name: of the post that it belongs to.
        file: the name of the file with that content.
        data: the content.
    """
    folder = site.inside(own_folder(site) / "undo" / name)
    for left in folder.glob("*"):
        if is_unfinished(left):  # by a build that was killed
            operations.remove(left)
    old, ending = copies_in(folder), f"{digest(data)[:8]}-{ending_of(file)}"
    for copy in old:
        if copy.name.endswith(f"-{ending}") and operations.read(copy) == data:
            return site.relative(copy)
    path = folder / stamped(later_than(old), ending)
    create(path, data)
    same = [copy for copy in old if copy.name.partition("Z-")[2][9:] == ending_of(file)]
    for copy in same[: max(0, len(same) + 1 - _KEPT)]:
        operations.remove(copy)
    return site.relative(path)


def _is_held(site: Site, post: Post, *, is_edited: bool) -> bool:
    """Return whether git holds a text, or lacks only what its author did not write or keeps."""
    committed = git.committed(post.path, site.root)
    if committed is None:
        return False
    return not is_edited or unix_newlines(committed) == unix_newlines(post.text)


def _edited_by_hand(post: Post, record: Record | None) -> bool:
    """Return whether an output, a value or a transcluded cell is not what the last build wrote."""
    known = {cell.name: cell for cell in record.cells} if record else {}
    for cell in post.cells:
        built = known.get(cell.name)
        region = post.at(cell.region)
        if region and (built is None or region_digest(region) != built.region):
            return True
        code = cell.code if cell.options.source else ""
        if code.strip() and (built is None or digest(code) != built.code):
            return True
    values = record.values if record else tuple(value_digest("") for _ in post.values)
    return value_digests(post) != values


def _changed_by_hand(
    site: Site, record: Record | None, written: Mapping[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    for path, built in (record.made() if record else {}).items():
        file = site.root / path
        if path not in written or not file.is_file():
            continue
        now = operations.read(file)
        if now != written[path] and digest(now) != built:
            yield path, now
