"""The files of a work tree as they travel to a worker."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from msgspec import Struct

from post_builder.errors import ClusterError, FileError
from post_builder.execution.observations import file_state
from post_builder.files import incremental_digest
from post_builder.freshness import git
from post_builder.site import Site

_AT_ONCE = 1_000_000
"""Bytes of a file that are read at once for its digest."""

Listing = Mapping[str, tuple[str, bool]]
"""For each path, relative to the work tree, the digest of the file and whether it can be run."""


class Part(Struct, frozen=True):
    """A part of a file that goes to a worker."""

    digest: str
    """Of the whole file."""
    data: bytes
    is_first: bool = True
    is_last: bool = True


class Tree(Struct, frozen=True):
    """What posts can read on a worker."""

    root: Path
    """Of the work tree, on the author's machine."""
    files: Listing
    states: Mapping[str, str]
    """The state that each file had on the author's machine when its digest was taken."""

    @property
    def manifest(self) -> bytes:
        """The listing as it travels."""
        return json.dumps(self.files, sort_keys=True).encode("utf-8", "surrogateescape")

    def parts(self, wanted: Iterable[str], size: int) -> Iterator[Part]:
        """Yield the files that have some digests, in parts.

        Args:
            wanted: the digests; of a file that has another content by now no last part is yielded.
            size: of a part, in bytes.

        Raises:
            FileError: if a file cannot be read any more.
        """
        paths = {found: path for path, (found, _) in self.files.items()}
        for each in wanted:
            if each in paths:
                path = paths[each]
                with _as_file_error(path), (self.root / path).open("rb") as file:
                    yield from _parts_of(file, each, size)

    def moved_on(self, wanted: Collection[str]) -> Tree:
        """Take down again those files with some digests that have changed since.

        Posts, for example, that the build itself has written by the time a worker joins.

        Raises:
            ClusterError: if one is gone.
            FileError: if one cannot be read any more.
        """
        paths = [path for path, (found, _) in self.files.items() if found in wanted]
        changed = [p for p in paths if self.states[p] != file_state(self.root / p)]
        now = _tree(self.root, changed)
        if gone := sorted(set(changed) - now.files.keys()):
            raise ClusterError(f"{gone[0]} was removed while posts ran", hint="build again")
        return now

    def names_in(self, folder: str) -> set[str]:
        """Return the names of files and folders in a folder of the tree."""
        start = PurePosixPath(folder)
        paths = (PurePosixPath(path) for path in self.files)
        return {
            path.relative_to(start).parts[0]
            for path in paths
            if path != start and path.is_relative_to(start)
        }


def _parts_of(file: BinaryIO, wanted: str, size: int) -> Iterator[Part]:
    read = incremental_digest()
    data, is_first, is_last = file.read(size), True, False
    while not is_last:
        read.update(data)
        following = file.read(size)
        is_last = not following
        if not is_last or read.hexdigest() == wanted:
            yield Part(wanted, data, is_first, is_last)
        data, is_first = following, False


def read_listing(manifest: bytes) -> Listing:
    """Read a listing that has travelled."""
    files: dict[str, list[Any]] = json.loads(manifest.decode("utf-8", "surrogateescape"))
    return {path: (found, executable) for path, (found, executable) in files.items()}


def tracked_tree(site: Site) -> Tree:
    """Take down the files that git tracks in the work tree of a site, as they are on disk.

    Raises:
        ClusterError: if git tracks nothing there.
        FileError: if one of them cannot be read.
    """
    root = site.work_tree
    tracked = git.tracked(root)
    if not tracked:
        hint = "`git init` and `git add` make it one: what git tracks is what workers get"
        raise ClusterError("a cluster runs the posts of a git repository", hint=hint)
    inside = [path for path in tracked if (root / path).resolve().is_relative_to(root)]
    linked = itertools.chain.from_iterable(_behind(path, inside, root) for path in inside)
    return _tree(root, [*inside, *linked, in_tree(site, site.config)])


def _behind(link: str, tracked: Iterable[str], root: Path) -> Iterator[str]:
    """Yield the tracked files of a folder under the name of a link that leads to it."""
    if not (root / link).is_symlink() or not (root / link).is_dir():
        return
    folder = (root / link).resolve().relative_to(root)
    for path in map(PurePosixPath, tracked):
        if path.is_relative_to(folder) and not (root / link).parent.is_relative_to(root / folder):
            yield (link / path.relative_to(folder)).as_posix()


def _tree(root: Path, paths: Iterable[str]) -> Tree:
    files, states = {}, {}
    for path in sorted(set(paths)):
        file = root / path
        if file.is_file():  # not deleted, and no submodule
            states[path] = file_state(file)
            found = _digest(file, path, states[path])
            files[path] = found, bool(file.stat().st_mode & 0o100)
    return Tree(root, files, states)


def changes(tree: Tree, site: Site, paths: Iterable[str]) -> Tree:
    """Take down those files that are not in a tree, or not as they are there.

    Args:
        tree: as it was taken down before.
        site: in whose work tree it is.
        paths: relative to the site's root, such as those of declared data that git ignores; what
            is behind a link is taken down under the link's name.
    """
    found = [in_tree(site, site.root / path) for path in paths]
    return _tree(tree.root, [p for p in found if tree.states.get(p) != file_state(tree.root / p)])


def joined(tree: Tree, changed: Tree) -> Tree:
    """Return a tree with what changed in it."""
    return Tree(tree.root, {**tree.files, **changed.files}, {**tree.states, **changed.states})


def in_tree(site: Site, path: Path) -> str:
    """Return a path relative to the work tree of a site; links stay what they are."""
    return Path(os.path.normpath(path)).relative_to(site.work_tree).as_posix()


@lru_cache(maxsize=1024)  # posts of a series declare the same data
def _digest(file: Path, path: str, _state: str) -> str:
    """Return the digest of a file, once for each state of it."""
    read = incremental_digest()
    with _as_file_error(path), file.open("rb") as opened:
        while data := opened.read(_AT_ONCE):
            read.update(data)
    return read.hexdigest()


@contextmanager
def _as_file_error(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise FileError.of(error, "cannot be sent to workers", path) from error
