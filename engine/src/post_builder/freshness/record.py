"""The build record of a post: what ran, with what, and what came out."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, field, to_builtins
from msgspec.structs import replace

from post_builder.errors import PostBuilderError, RecordError
from post_builder.freshness.circumstances import Circumstances
from post_builder.freshness.record_names import is_name, strange_paths
from post_builder.place import Place
from post_builder.site import Site

FORMAT = 2
"""Raised when older records can no longer be compared with."""

MARKUP = 2
"""Raised when output regions are written otherwise: posts get the new markup without a run."""

_DIGEST = re.compile(r"[0-9a-f]{32}")

Digest = str
"""BLAKE2b of some content, as `files.digest` makes it."""


class CellRecord(Struct, frozen=True):
    """A cell as it was built."""

    name: str
    """The name of the cell."""
    input: Digest
    """Its code as it ran, and those of its options that may change what it gives."""
    code: Digest
    """Its code alone, as it is in the post."""
    region: Digest
    """Its output region."""
    source: str | None = None
    """Its `data-source`."""
    page: Digest = ""
    """Those of its options that change how a page shows what it gave."""
    values: tuple[str, ...] = ()
    """The expressions of the values directly after it."""


class Record(Struct, frozen=True):
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
    notices: int = 0
    """How many lines of the post look executable, or like a formula, and are not."""
    run: Circumstances = field(default_factory=Circumstances)
    """When, where and how fast the post ran; see below."""
    markup: int = 1
    """The version of the markup of its output regions; 1 also where a record does not say."""
    figure_include: bool = False
    """Whether the site's include shows its figures."""
    products: Mapping[str, Digest] = field(default_factory=dict)
    """Each file that a cell wrote under `data-products`, by its path."""
    format: int = FORMAT
    """The version of this schema. A record with another version makes its post stale."""

    @property
    def unfinished(self) -> bool:
        """Whether the build was interrupted: the record says only which files are its own."""
        return not self.text

    def to_json(self) -> str:
        """Return the record as it is on disk."""
        return json.dumps(to_builtins(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def same_result(self, other: Record | None) -> bool:
        """Return whether another record differs at most in its circumstances, and has all of them.

        A record of an older build has no seconds of cells.
        """
        if other is None or other.run.cells.keys() != self.run.cells.keys():
            return False
        return replace(self, run=other.run) == other

    def made(self) -> dict[str, str]:
        """Return the digest of each file that the build made."""
        return {**self.figures, **self.products, **self.downloads}

    def transcluded(self) -> dict[str, str]:
        """Return, by cell, the digest of the text that was transcluded into it."""
        return {cell.name: cell.code for cell in self.cells if cell.source}


class _Version(Struct, frozen=True):
    """What every version of a record says about itself."""

    format: int


class Made(Struct, frozen=True):
    """What every version of a record says about a post."""

    format: int
    post: str
    figures: Mapping[str, str]
    downloads: Mapping[str, str]
    cells: Any = ()
    products: Mapping[str, str] = field(default_factory=dict)

    def made(self) -> dict[str, str]:
        """Return the digest of each file that the build made."""
        return {**self.figures, **self.products, **self.downloads}

    def transcluded(self) -> dict[str, str]:
        """Return, by cell, the digest of the text that was transcluded into it."""
        cells = [cell for cell in self.cells if isinstance(cell, dict) and cell.get("source")]
        return {str(cell.get("name")): str(cell.get("code")) for cell in cells}


_Kind = TypeVar("_Kind")
_Files = TypeVar("_Files", Made, Record)


def load_record(site: Site, name: str) -> Record | None:
    """Read the record of a post; None if it was never built, or by an older version.

    Raises:
        RecordError: if there is a record that cannot be read: what it says cost a run.
    """
    data = _read(site, name)
    if data is None or _decode(site, name, data, _Version).format != FORMAT:
        return None
    return _checked(site, name, _decode(site, name, data, Record))


def load_made(site: Site, name: str) -> Made | None:
    """Read which files the builds of a post made, also by another version of the engine.

    Raises:
        RecordError: if there is a record that cannot be read.
    """
    data = _read(site, name)
    if data is None:
        return None
    try:
        return _checked(site, name, _decode(site, name, data, Made))
    except RecordError:
        if _decode(site, name, data, _Version).format != FORMAT:
            return None  # nobody knows what that version means
        raise


def _read(site: Site, name: str) -> bytes | None:
    """Read a record without waiting for a pipe in its place."""
    path = site.record(name)
    try:
        if not path.exists() and not path.is_symlink():
            return None
        if not site.inside(path).is_file():
            raise _unreadable(site, name, "it is not a file")
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(site, name, error.strerror or str(error)) from error
    except RecordError:
        raise
    except PostBuilderError as error:  # a symbolic link that leads out of the site
        raise _unreadable(site, name, error.message) from error


def _decode(site: Site, name: str, data: bytes, kind: type[_Kind]) -> _Kind:
    try:
        return msgspec.json.decode(data, type=kind)
    except (ValueError, RecursionError) as error:  # what msgspec raises, and UnicodeDecodeError
        raise _unreadable(site, name, str(error)) from error


def _checked(site: Site, name: str, record: _Files) -> _Files:
    """Refuse what no build writes into a record, which is never an order to touch a file."""
    if not is_name(name):
        raise _unreadable(site, name, "no build gives a record this name")
    kinds = record.figures, record.products, record.downloads
    depends = (*record.files, *record.declared) if isinstance(record, Record) else ()
    if strange := strange_paths(site, name, record.post, kinds, depends):
        raise _unreadable(site, name, f"it names {strange[0]!r}, which no build of {name} would")
    for path, content in record.made().items():
        if not _DIGEST.fullmatch(content):
            raise _unreadable(site, name, f"it has {content!r} for the digest of {path}")
    return record


def _unreadable(site: Site, name: str, problem: str) -> RecordError:
    return RecordError(
        f"this build record cannot be read: {problem}",
        Place(site.relative(site.record(name))),
        "restore it from git, or delete it and build the post again",
    )
