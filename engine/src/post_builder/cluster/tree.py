"""The files of a work tree as they travel to a worker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from msgspec import Struct

from post_builder.errors import ClusterError, FileError
from post_builder.execution.observations import file_state
from post_builder.files import digest
from post_builder.freshness import git
from post_builder.site import Site

Listing = Mapping[str, tuple[str, bool]]
"""For each path, relative to the work tree, the digest of the file and whether it can be run."""


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

    def contents(self, wanted: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield digests with the content that has them.

        Raises:
            ClusterError: if the file has another content by now.
            FileError: if the file cannot be read any more.
        """
        paths = {found: path for path, (found, _) in self.files.items()}
        for each in wanted:
            data = _read(self.root, paths[each])
            if digest(data) != each:
                message = f"{paths[each]} changed while posts ran"
                raise ClusterError(message, hint="build again")
            yield each, data

    def names_in(self, folder: str) -> set[str]:
        """Return the names of files and folders in a folder of the tree."""
        start = PurePosixPath(folder)
        paths = (PurePosixPath(path) for path in self.files)
        return {
            path.relative_to(start).parts[0]
            for path in paths
            if path != start and path.is_relative_to(start)
        }


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
    return _tree(root, [*tracked, in_tree(site, site.config)])


def _tree(root: Path, paths: Iterable[str]) -> Tree:
    files, states = {}, {}
    for path in sorted(set(paths)):
        file = root / path
        if not file.is_file() or not file.resolve().is_relative_to(root):
            continue  # deleted, a submodule, or a link that leads out
        states[path] = file_state(file)
        files[path] = digest(_read(root, path)), bool(file.stat().st_mode & 0o100)
    return Tree(root, files, states)


def changes(tree: Tree, site: Site, paths: Iterable[str]) -> Tree:
    """Take down those files that are not in a tree, or not as they are there.

    Args:
        tree: as it was taken down before.
        site: in whose work tree it is.
        paths: relative to the site's root, such as those of declared data that git ignores.
    """
    found = [in_tree(site, site.root / path) for path in paths]
    return _tree(tree.root, [p for p in found if tree.states.get(p) != file_state(tree.root / p)])


def joined(tree: Tree, changed: Tree) -> Tree:
    """Return a tree with what changed in it."""
    return Tree(tree.root, {**tree.files, **changed.files}, {**tree.states, **changed.states})


def in_tree(site: Site, path: Path) -> str:
    """Return a path relative to the work tree of a site."""
    return path.resolve().relative_to(site.work_tree).as_posix()


def _read(root: Path, path: str) -> bytes:
    try:
        return (root / path).read_bytes()
    except OSError as error:
        raise FileError.of(error, "cannot be sent to workers", path) from error
