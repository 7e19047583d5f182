"""What a post depends on beside its own text: the site's files it read, and its packages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from post_builder.errors import Place, PostError
from post_builder.files import digest

MISSING = "missing"
"""Stands in place of the digest of a file that is not there."""

_NEVER = {
    *(".git", "_site", ".jekyll-cache", "__pycache__", ".ipynb_checkpoints"),
    *("site-packages", "dist-packages"),  # known by their versions
}
"""Folders whose content is nobody's source, also where git does not say so."""


@dataclass(frozen=True, slots=True)
class Observations:
    """What a run did with files, as absolute paths."""

    read: frozenset[str] = frozenset()
    listed: frozenset[str] = frozenset()
    written: frozenset[str] = frozenset()

    def and_read(self, paths: Iterable[str]) -> Observations:
        """Add files that were seen in another way."""
        return replace(self, read=self.read.union(paths))


def read_log(log: Path) -> Observations:
    """Read what the observer in the kernel noted."""
    if not log.exists():
        return Observations()
    kinds: dict[str, set[str]] = {"r": set(), "d": set(), "w": set()}
    for entry in os.fsdecode(log.read_bytes()).split("\0"):
        if entry:
            kinds[entry[0]].add(entry[2:])
    return Observations(*(frozenset(kinds[kind]) for kind in "rdw"))


def observed(observations: Observations, root: Path, own: Collection[str]) -> dict[str, str]:
    """Give the digest of each file and folder of the site that a run depends on.

    Left out are what the run itself wrote, what git ignores, and `own`: the post's own outputs.

    Returns:
        Paths relative to the root; a folder's ends in `/` and its digest is that of its listing.
    """
    files = _relative(observations.read - observations.written, root)
    folders = {f"{path}/" for path in _relative(observations.listed, root)}
    wanted = {path for path in files | folders if path not in own and _could_be_source(path)}
    return digests(wanted - ignored(wanted, root), root)


def declared(patterns: object, root: Path, place: Place) -> dict[str, str]:
    """Give the digest of each file that a post's `depends:` names.

    Raises:
        PostError: as `declared_files` does.
    """
    return digests(declared_files(patterns, root, place), root)


def declared_files(patterns: object, root: Path, place: Place) -> set[str]:
    """Find the files that a post's `depends:` names.

    Raises:
        PostError: where a pattern is no text, leaves the site or matches nothing.
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
            raise PostError(f"depends: {pattern!r} is no pattern: {error}", place) from error
        if not matches:
            raise PostError(f"depends: {pattern!r} matches no file", place)
        found |= {path.relative_to(root).as_posix() for path in matches}
    return found


def digests(paths: Iterable[str], root: Path) -> dict[str, str]:
    """Give the digest of each file, or of each folder's listing where the path ends in `/`."""
    return {path: _digest(root / path, root, folder=path.endswith("/")) for path in sorted(paths)}


def _digest(path: Path, root: Path, *, folder: bool) -> str:
    if folder and path.is_dir():
        entries = {entry.relative_to(root).as_posix() for entry in path.iterdir()}
        kept = {entry for entry in entries if _could_be_source(entry)}
        return digest("\n".join(sorted(kept - ignored(kept, root))))
    if not folder and path.is_file():
        return digest(path.read_bytes())
    return MISSING


def _relative(paths: Iterable[str], root: Path) -> set[str]:
    found = (Path(path) for path in paths)
    return {path.relative_to(root).as_posix() for path in found if path.is_relative_to(root)}


def _could_be_source(path: str) -> bool:
    name = path.rstrip("/").rpartition("/")[2]
    temporary = name.startswith(".") and name.endswith(".tmp")
    return not temporary and not _NEVER.intersection(path.split("/"))


def ignored(paths: Collection[str], root: Path) -> set[str]:
    """Tell which paths git ignores; none where the site is no checkout."""
    if not paths:
        return set()
    done = subprocess.run(
        ["git", "check-ignore", "-z", "--stdin"],
        cwd=root,
        input="\0".join(paths).encode(),
        capture_output=True,
        check=False,
    )
    return set(filter(None, done.stdout.decode().split("\0")))


@cache
def installed(name: str) -> str | None:
    """Give the public version of an installed distribution; None where it is not installed."""
    try:
        return public(version(name))
    except PackageNotFoundError:
        return None


def public(text: str) -> str:
    """Drop a version's local label: 2.15.0+cpu and 2.15.0+cu132 are the same release."""
    return text.partition("+")[0]


def public_versions(packages: Mapping[str, str]) -> dict[str, str]:
    """Drop the local labels of a set of versions."""
    return {name: public(text) for name, text in packages.items()}
