"""The build record of a post: what ran, with what, and what came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from post_builder.errors import RecordError
from post_builder.place import Place
from post_builder.site import Site

FORMAT = 1
"""Raised when older records can no longer be compared with."""


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A cell as it was built."""

    name: str
    input: str
    """Digest of its code, options and values."""
    code: str
    """Digest of its code alone, as it is in the post."""
    region: str
    """Digest of its output region."""
    source: str | None = None
    """Where the text of a transcluded cell comes from."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When, where and how fast a post ran; not a part of freshness."""

    date: str = ""
    """In UTC, as ISO 8601 writes it."""
    seconds: float = 0.0
    """The time that all cells took."""
    peak_memory: int = 0
    """MiB."""
    python: str = ""
    """Full version of Python."""
    processor: str = ""
    commit: str = ""
    """Of the site, in git."""


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that decides whether a post is fresh, and how its outputs were made."""

    post: str
    """Path of the post."""
    text: str
    """Digest of the whole post as built: its downloads contain its prose."""
    kernel: str
    settings: str
    """Digest of the settings on which outputs depend."""
    cells: tuple[CellRecord, ...]
    values: tuple[str, ...]
    """Digest of the text of each value."""
    figures: Mapping[str, str]
    """Digest of each figure file."""
    downloads: Mapping[str, str]
    """Digest of the notebook and of the script."""
    files: Mapping[str, str]
    """Digest of each file of the site that the run read."""
    declared: Mapping[str, str]
    """Digest of each file that `depends:` names."""
    python: str
    """Minor version of Python; empty for other languages."""
    packages: Mapping[str, str]
    """Public versions of the distributions that were imported."""
    run: Circumstances = Circumstances()
    format: int = FORMAT

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


def load_record(site: Site, slug: str) -> Record | None:
    """Read the record of a post; None if it was never built, or by an older version.

    Raises:
        RecordError: if there is a record that cannot be read: what it says cost a run.
    """
    path = site.record(slug)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(site, slug, str(error)) from error
    try:
        data = json.loads(text)
        if data["format"] != FORMAT:
            return None
        cells = tuple(CellRecord(**cell) for cell in data.pop("cells"))
        values, run = tuple(data.pop("values")), Circumstances(**data.pop("run"))
        return Record(cells=cells, values=values, run=run, **data)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _unreadable(site, slug, f"{type(error).__name__}: {error}") from error


def _unreadable(site: Site, slug: str, problem: str) -> RecordError:
    return RecordError(
        f"this build record cannot be read: {problem}",
        Place(site.relative(site.record(slug))),
        "restore it from git, or delete it and build the post again",
    )
