"""The files of a site that a post depends on: those its run read, and those it declares."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from post_builder.errors import PostError
from post_builder.execution.observations import Observations, file_state
from post_builder.files import digest
from post_builder.freshness.git import ignored
from post_builder.place import Place
from post_builder.site import OWN_FOLDER, WITHHELD

MISSING = "missing"
"""In place of the digest of a file that does not exist."""

_NEVER = {
    *(".git", "_site", OWN_FOLDER, ".jekyll-cache", "__pycache__", ".ipynb_checkpoints"),
    *("site-packages", "dist-packages"),  # known by their versions
}
"""Folders whose content is never a source, even where git does not say so."""


@dataclass(frozen=True, slots=True)
class Before:
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
    """Return the digest of each file and folder of the site that a run depends on.

    Left out are files that the run itself wrote, that git ignores, and `own`: the post's outputs.

    Returns:
        Paths relative to the root; that of a folder ends in `/`, and its digest is that of its
        listing.
    """
    files = _relative(observations.read - observations.written, root)
    folders = {f"{path}/" for path in _relative(observations.listed, root)}
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
        PostError: if a pattern is not a text, leaves the site or matches nothing.
    """
    if not isinstance(patterns, list | tuple) or not all(isinstance(p, str) for p in patterns):
        raise PostError("depends: must be a list of paths or patterns", place)
    found: set[str] = set()
    for pattern in patterns:
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise PostError(f"depends: {pattern!r} leaves the site", place)
        try:
            matches = {path for path in root.glob(pattern) if path.is_file()}
        except ValueError as error:
            message = f"depends: {pattern!r} is not a pattern: {error}"
            raise PostError(message, place) from error
        if not matches:
            raise PostError(f"depends: {pattern!r} matches no file", place)
        found |= {path.relative_to(root).as_posix() for path in matches}
    return found


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
    """Return the digest of each file, or of a folder's listing if the path ends in `/`."""
    return {path: _digest(root / path, root, folder=path.endswith("/")) for path in sorted(paths)}


def _digest(path: Path, root: Path, *, folder: bool) -> str:
    if folder and path.is_dir():
        names = (entry.name for entry in path.iterdir())
        return _listing_digest(path.relative_to(root).as_posix(), names, root)
    withheld = root / WITHHELD / path.relative_to(root)
    for file in () if folder else (path, withheld):
        if file.is_file():
            return digest(file.read_bytes())
    return MISSING


def _listing_digest(folder: str, names: Iterable[str], root: Path) -> str:
    """Return the digest of the names in a folder, without those that are never a source."""
    entries = {_below(folder, name) for name in names}
    kept = {entry for entry in entries if _could_be_source(entry)}
    return digest("\n".join(sorted(kept - ignored(kept, root))))


def _below(folder: str, name: str) -> str:
    return (PurePosixPath(folder) / name).as_posix()


def _relative(paths: Iterable[str], root: Path) -> set[str]:
    found = (Path(path) for path in paths)
    return {path.relative_to(root).as_posix() for path in found if path.is_relative_to(root)}


def _could_be_source(path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    temporary = name.startswith(".") and name.endswith(".tmp")
    return not temporary and not _NEVER.intersection(path.split("/"))
