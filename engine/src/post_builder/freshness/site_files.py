"""The files that a post depends on: those its run read, and those it declares.

They are in the site or in the git work tree around it, and named relative to the root of the site:
a file above it begins with `../`.
"""

from __future__ import annotations

import itertools
import os
import posixpath
import time
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePath, PurePosixPath

from msgspec import Struct, field

from post_builder.errors import FileError, PostError
from post_builder.execution.observations import Observations, file_state
from post_builder.files import digest
from post_builder.freshness.git import ignored
from post_builder.place import Place
from post_builder.site import OWN_FOLDER, made_file, work_tree_of

MISSING = "missing"
"""In place of the digest of a file that does not exist."""

_NEVER = {
    *(".git", "_site", OWN_FOLDER, ".jekyll-cache", "__pycache__", ".ipynb_checkpoints"),
    *("site-packages", "dist-packages"),  # known by their versions
}
"""Folders whose content is never a source, even where git does not say so."""


class Before(Struct, frozen=True):
    """What is known of files before a run."""

    time: float
    """When the run started, in seconds since the epoch."""
    declared: Mapping[str, str] = field(default_factory=dict)
    """The state of each file that `depends:` names."""


def before_run(patterns: object, root: Path, place: Place) -> Before:
    """Note the state of declared files before a run.

    Raises:
        PostError: as `declared_files` does.
    """
    files = declared_files(patterns, root, place)
    return Before(time.time(), {path: file_state(root / path) for path in files})


def observed(observations: Observations, root: Path, own: Collection[str]) -> dict[str, str]:
    """Return the digest of each file and folder that a run depends on.

    Left out are files that the run itself wrote, that git ignores, folders that do not exist, and
    `own`: the post's outputs.

    Returns:
        Paths relative to the root; that of a folder ends in `/`, and its digest is that of its
        listing.
    """
    files = _relative(observations.read - observations.written, root)
    listed = _relative(observations.listed, root)
    # libraries look for folders of theirs on all of sys.path, which differs between machines
    folders = {f"{path}/" for path in listed if (root / path).is_dir()}
    wanted = {path for path in files | folders if path not in own and _could_be_source(path)}
    return digests(wanted - ignored(wanted, root), root)


def declared(patterns: object, root: Path, place: Place) -> dict[str, str]:
    """Return the digest of each file that `depends:` names.

    Raises:
        PostError: as `declared_files` does.
    """
    return digests(declared_files(patterns, root, place), root)


def declared_files(patterns: object, root: Path, place: Place) -> set[str]:
    """Find the files that `depends:` names.

    Raises:
        PostError: if a pattern is not a text, leaves the site and its work tree, or matches
            nothing.
    """
    if not isinstance(patterns, list | tuple) or not all(isinstance(p, str) for p in patterns):
        raise PostError("depends: must be a list of paths or patterns", place)
    found: set[str] = set()
    for pattern in patterns:
        start, below = _start(pattern, root, place)
        try:
            matches = {path for path in start.glob(below) if path.is_file()}
        except ValueError as error:
            message = f"depends: {pattern!r} is not a pattern: {error}"
            raise PostError(message, place) from error
        if not matches:
            raise PostError(f"depends: {pattern!r} matches no file", place)
        found |= {_name(path, root) for path in matches}
    return found


def _start(pattern: str, root: Path, place: Place) -> tuple[Path, str]:
    """Return the folder from which a pattern leads downwards, and the rest of the pattern."""
    parts = PurePosixPath(posixpath.normpath(pattern)).parts
    below = list(itertools.dropwhile(lambda part: part == "..", parts))
    start = Path(os.path.normpath(root.joinpath(*[".."] * (len(parts) - len(below)))))
    work_tree = work_tree_of(root)
    if Path(pattern).is_absolute() or not start.is_relative_to(work_tree or root):
        outside = "the git work tree of the site" if work_tree else "the site"
        raise PostError(f"depends: {pattern!r} leaves {outside}", place)
    return start, "/".join(below)


def changed_since_read(
    files: Iterable[str], observations: Observations, before: Before, root: Path
) -> list[str]:
    """Find the files and folders that are not as they were when a run read them.

    Args:
        files: what the run read; digests that were taken after the run hold if nothing changed.
        observations: of the run.
        before: what was known before it.
        root: of the site.
    """
    own = _relative(observations.written, root)
    changed = []
    for path in files:
        states = observations.states.get(os.path.normpath(root / path), frozenset())
        if path.endswith("/"):
            is_changed = _is_listed_otherwise(path, states, own, root)
        else:
            is_changed = _is_changed(path, states, before, root)
        if is_changed:
            changed.append(path)
    return changed


def _is_listed_otherwise(
    folder: str, listings: Collection[tuple[str, ...]], own: Collection[str], root: Path
) -> bool:
    """Return whether a folder has lost or gained a file that the run itself did not write."""
    try:
        now = {entry.name for entry in (root / folder).iterdir()}
    except OSError:
        now = set()
    moved = {_below(folder, name) for names in listings for name in now.symmetric_difference(names)}
    foreign = {path for path in moved if path not in own and _could_be_source(path)}
    return bool(foreign - ignored(foreign, root))


def changed_since_declared(files: Iterable[str], before: Before, root: Path) -> list[str]:
    """Find the declared files that are not as they were before a run, came or went.

    Args:
        files: those that are declared after the run.
        before: what was known before it.
        root: of the site.
    """
    now = {path: file_state(root / path) for path in files}
    paths = sorted(now.keys() | before.declared.keys())
    return [path for path in paths if now.get(path) != before.declared.get(path)]


def _is_changed(path: str, states: Collection[tuple[str, ...]], before: Before, root: Path) -> bool:
    now = file_state(root / path)
    if states:
        return any(state != (now,) for state in states)
    try:  # C code opened it, so its state then is unknown
        found = (root / path).stat()
    except OSError:
        return False
    return max(found.st_mtime, found.st_ctime) > before.time


def digests(paths: Iterable[str], root: Path) -> dict[str, str]:
    """Return the digest of each file, or of a folder's listing if the path ends in `/`.

    Raises:
        FileError: for one that this user may not read: its digest is not that of a missing one.
    """
    found = {}
    for path in sorted(paths):
        try:
            found[path] = _digest(root / path, root, folder=path.endswith("/"))
        except OSError as error:
            raise FileError.of(error, "the post reads this, and it cannot be read", path) from error
    return found


def _digest(path: Path, root: Path, *, folder: bool) -> str:
    if folder and path.is_dir():
        names = (entry.name for entry in path.iterdir())
        return _listing_digest(_name(path, root), names, root)
    file = made_file(root, _name(path, root))
    if not folder and file.is_file():
        now = file.stat()
        return _file_digest(file, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
    return MISSING


def _listing_digest(folder: str, names: Iterable[str], root: Path) -> str:
    """Return the digest of the names in a folder, without those that are never a source."""
    entries = {_below(folder, name) for name in names}
    kept = {entry for entry in entries if _could_be_source(entry)}
    return digest("\n".join(sorted(kept - ignored(kept, root))))


def _below(folder: str, name: str) -> str:
    return (PurePosixPath(folder) / name).as_posix()


@lru_cache(maxsize=1024)  # posts of a series read the same data
def _file_digest(path: Path, *_state: int) -> str:
    """Return the digest of a file, once for each state of it: no program can set its `ctime`."""
    return digest(path.read_bytes())


def _relative(paths: Iterable[str], root: Path) -> set[str]:
    """Return the names of those paths that are in the site or in its work tree."""
    tree, found = work_tree_of(root) or root, [Path(path) for path in paths]
    return {_name(path, root) for path in found if path.is_relative_to(tree)}


def _name(path: Path, root: Path) -> str:
    """Return a path relative to the root, whether or not it is below it."""
    return PurePath(os.path.relpath(path, root)).as_posix()


def _could_be_source(path: str) -> bool:
    parts = path.rstrip("/").split("/")
    temporary = parts[-1].startswith(".") and parts[-1].endswith(".tmp")
    above = [part for part in parts if part != ".."] if parts[0] == ".." else []
    hidden = any(part.startswith(".") for part in above)  # a home folder may be a work tree
    return not (temporary or hidden or _NEVER.intersection(parts))
