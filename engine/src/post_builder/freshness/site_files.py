"""The files of a site that a post depends on: those its run read, and those it declares."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path

from post_builder.errors import PostError
from post_builder.execution.observations import Observations
from post_builder.files import digest
from post_builder.freshness.git import ignored
from post_builder.place import Place

MISSING = "missing"
"""In place of the digest of a file that does not exist."""

_NEVER = {
    *(".git", "_site", ".jekyll-cache", "__pycache__", ".ipynb_checkpoints"),
    *("site-packages", "dist-packages"),  # known by their versions
}
"""Folders whose content is never a source, even where git does not say so."""


def observed(observations: Observations, root: Path, own: Collection[str]) -> dict[str, str]:
    """Return the digest of each file and folder of the site that a run depends on.

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


def digests(paths: Iterable[str], root: Path) -> dict[str, str]:
    """Return the digest of each file, or of a folder's listing if the path ends in `/`."""
    return {path: _digest(root / path, root, folder=path.endswith("/")) for path in sorted(paths)}


def _digest(path: Path, root: Path, *, folder: bool) -> str:
    if folder and path.is_dir():
        entries = {entry.relative_to(root).as_posix() for entry in path.iterdir()}
        kept = {entry for entry in entries if _could_be_source(entry)}
        return digest("\n".join(sorted(kept - ignored(kept, root))))
    if not folder and path.is_file():
        state = path.stat()
        return _file_digest(path, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns)
    return MISSING


@lru_cache(maxsize=1024)  # posts of a series read the same data
def _file_digest(path: Path, *_state: int) -> str:
    """Return the digest of a file, once for each state of it: no program can set its `ctime`."""
    return digest(path.read_bytes())


def _relative(paths: Iterable[str], root: Path) -> set[str]:
    found = (Path(path) for path in paths)
    return {path.relative_to(root).as_posix() for path in found if path.is_relative_to(root)}


def _could_be_source(path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    temporary = name.startswith(".") and name.endswith(".tmp")
    return not temporary and not _NEVER.intersection(path.split("/"))
