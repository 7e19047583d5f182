"""The build record of a post: what ran, with what, and what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import msgspec

from post_builder.errors import RecordError
from post_builder.place import Place
from post_builder.site import Site

FORMAT = 1
"""Raised when older records can no longer be compared with."""


Digest = str
"""BLAKE2b of some content, as `files.digest` makes it."""


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A cell as it was built."""

    name: str
    """The name of the cell."""
    input: Digest
    """Its code, its options and the values directly after it."""
    code: Digest
    """Its code alone, as it is in the post."""
    region: Digest
    """Its output region."""
    source: str | None = None
    """Its `data-source`."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and how fast a post ran; not a part of freshness."""

    date: str = ""
    """When the post ran, in UTC."""
    seconds: float = 0.0
    """How long its cells took."""
    peak_memory: int = 0
    """The most memory that the kernel held, in MiB."""
    python: str = ""
    """The full version of Python."""
    processor: str = ""
    """The model of the processor."""
    commit: str = ""
    """The commit that was checked out; empty outside a git repository."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that decides whether a post is fresh, and how its outputs were made."""

    post: str
    """The path of the post."""
    text: Digest
    """The whole post as built. Its downloads contain its prose, so a change refreshes them."""
    kernel: str
    """The name of the kernel."""
    settings: Digest
    """The settings on which outputs depend."""
    cells: tuple[CellRecord, ...]
    """The cells in order; see below."""
    values: tuple[Digest, ...]
    """The text of each value in prose."""
    figures: Mapping[str, Digest]
    """Each figure file, by its path."""
    downloads: Mapping[str, Digest]
    """The notebook and the script, by path."""
    files: Mapping[str, Digest]
    """Each file that the run read. A path that ends in `/` is a folder, and its digest is that of
    its listing."""
    declared: Mapping[str, Digest]
    """Each file that `depends:` names."""
    python: str
    """The minor version of Python, such as `3.12`; empty for other languages."""
    packages: Mapping[str, str]
    """The version of each imported package, without local labels such as `+cpu`."""
    run: Circumstances = Circumstances()
    """When, where and how fast the post ran; see below."""
    format: int = FORMAT
    """The version of this schema. A record with another version counts as missing."""

    def to_json(self) -> str:
        """Return the record as it is on disk."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def same_result(self, other: Record | None) -> bool:
        """Return whether another record differs at most in its circumstances."""
        return other is not None and asdict(self) | {"run": None} == asdict(other) | {"run": None}

    def made(self) -> dict[str, str]:
        """Return the digest of each file that the build made."""
        return {**self.figures, **self.downloads}

    def transcluded(self) -> dict[str, str]:
        """Return, by cell, the digest of the text that was transcluded into it."""
        return {cell.name: cell.code for cell in self.cells if cell.source}


@dataclass(frozen=True, slots=True)
class _Version:
    """What every version of a record says about itself."""

    format: int


def load_record(site: Site, slug: str) -> Record | None:
    """Read the record of a post; None if it was never built, or by an older version.

    Raises:
        RecordError: if there is a record that cannot be read: what it says cost a run.
    """
    try:
        data = site.record(slug).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable(site, slug, error.strerror or str(error)) from error
    try:
        if msgspec.json.decode(data, type=_Version).format != FORMAT:
            return None
        return msgspec.json.decode(data, type=Record)
    except (ValueError, RecursionError) as error:  # what msgspec raises, and UnicodeDecodeError
        raise _unreadable(site, slug, str(error)) from error


def _unreadable(site: Site, slug: str, problem: str) -> RecordError:
    return RecordError(
        f"this build record cannot be read: {problem}",
        Place(site.relative(site.record(slug))),
        "restore it from git, or delete it and build the post again",
    )
