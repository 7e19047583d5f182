"""A post's build record: what ran, with what, and what came out."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from post_builder.freshness.dependencies import MISSING, declared, digests, installed
from post_builder.errors import PostBuilderError
from post_builder.files import digest
from post_builder.document.post import Cell, Post
from post_builder.site import Site

FORMAT = 1
"""Raised when records of before can no longer be compared with."""


@dataclass(frozen=True, slots=True)
class CellRecord:
    """A cell as it was built."""

    name: str
    input: str
    """Digest of its code, options and values."""
    code: str
    """Digest of its code alone, as it stands in the post."""
    region: str
    """Digest of its output region."""
    source: str | None = None
    """What a transcluded cell's text comes from."""


@dataclass(frozen=True, slots=True)
class Record:
    """All that decides whether a post is fresh, and how its outputs came to be."""

    post: str
    """The post's path."""
    text: str
    """Digest of the whole post as built: its downloads hold its prose."""
    kernel: str
    settings: str
    """Digest of the settings that outputs depend on."""
    cells: tuple[CellRecord, ...]
    values: tuple[str, ...]
    """Digest of each value's text."""
    figures: Mapping[str, str]
    """Digest of each figure file."""
    downloads: Mapping[str, str]
    """Digest of the notebook and of the script."""
    files: Mapping[str, str]
    """Digest of each of the site's files that the run read."""
    declared: Mapping[str, str]
    """Digest of each file that `depends:` names."""
    python: str
    """Python's minor version; empty for other languages."""
    packages: Mapping[str, str]
    """Public versions of the distributions that were imported."""
    run: Mapping[str, Any] = field(default_factory=dict)
    """When, where and how fast; no part of freshness."""
    format: int = FORMAT

    def to_json(self) -> str:
        """Write the record as it is kept."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    def same_result(self, other: Record | None) -> bool:
        """Tell whether another record differs in nothing but its run."""
        return other is not None and asdict(self) | {"run": None} == asdict(other) | {"run": None}

    def made(self) -> dict[str, str]:
        """Give the digest of each file that the build made."""
        return {**self.figures, **self.downloads}

    def transcluded(self) -> dict[str, str]:
        """Give, by cell, the digest of the text that was put there."""
        return {cell.name: cell.code for cell in self.cells if cell.source}


def load_record(site: Site, slug: str) -> Record | None:
    """Read a record; one that is missing, damaged or of another format counts as none."""
    try:
        data = json.loads(site.record(slug).read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            return None
        cells = tuple(CellRecord(**cell) for cell in data.pop("cells"))
        return Record(cells=cells, values=tuple(data.pop("values")), **data)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return None


def cell_records(post: Post) -> tuple[CellRecord, ...]:
    """Describe the cells of a post as it stands."""
    return tuple(
        CellRecord(
            cell.name,
            _input_digest(post, index, cell),
            digest(cell.code),
            region_digest(post.text[cell.region.start : cell.region.end]),
            cell.options.source,
        )
        for index, cell in enumerate(post.cells)
    )


def value_digests(post: Post) -> tuple[str, ...]:
    """Give the digest of each value's text as it stands."""
    return tuple(value_digest(post.text[v.span.start : v.span.end]) for v in post.values)


def value_digest(text: str) -> str:
    """Give the digest of a value's text, whatever stands around it in its span."""
    return digest(text.strip())


def _input_digest(post: Post, index: int, cell: Cell) -> str:
    values = [value.expression for value in post.values if value.after == index]
    return digest(json.dumps([cell.code, cell.options_text, values]))


def region_digest(text: str) -> str:
    """Give the digest of a region whatever the line endings are, which git may translate."""
    return digest(_unix(text).strip("\n"))


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def text_digest(text: str) -> str:
    """Give the digest of a whole post, whatever its line endings."""
    return digest(_unix(text))


def settings_digest(site: Site) -> str:
    """Give the digest of the settings that outputs depend on."""
    return digest(json.dumps(site.settings.for_digest(), sort_keys=True))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a post must run again."""

    message: str
    """In a person's words."""
    line: int
    """Of the post."""
    tampered: bool = False
    """Whether what was published differs from what the build wrote, rather than an input."""


def staleness(post: Post, record: Record | None, site: Site) -> list[Reason]:
    """Say why a post must run again; an empty list means that it is fresh.

    Args:
        post: with its transcluded code in place.
        record: of its last build.
        site: in which it stands.
    """
    if record is None:
        return [Reason("never built", 1)]
    now = cell_records(post)
    return [
        *_changed_cells(record.cells, post, now),
        *(Reason(message, 1) for message in _changed_surroundings(post, record, site)),
        *_changed_outputs(post, record, site, now),
    ]


def _changed_cells(
    before: Sequence[CellRecord], post: Post, records: Sequence[CellRecord]
) -> Iterator[Reason]:
    known = {cell.name: cell for cell in before}
    for cell, now in zip(post.cells, records, strict=True):
        old = known.pop(now.name, None)
        if old is None:
            yield Reason(f"cell {now.name} is new", cell.line)
        elif old.input != now.input:
            source = old.source == now.source and old.code != now.code and now.source
            yield Reason(
                f"{_moved(cell)} changed" if source else f"cell {now.name} edited", cell.line
            )
    yield from (Reason(f"cell {name} is gone", 1) for name in known)
    names = [cell.name for cell in post.cells]
    if [cell.name for cell in before] != names and {c.name for c in before} == set(names):
        yield Reason("cells in another order", 1)


def _moved(cell: Cell) -> str:
    """Name a transcluded cell's file and symbol, or the other post and its cell."""
    path, source = cell.origin[0].path if cell.origin else "", cell.options.source or ""
    return source if source.startswith(path) else f"{path} {source}"


def _changed_surroundings(post: Post, record: Record, site: Site) -> Iterator[str]:
    if record.kernel != post.kernel:
        yield f"kernel {record.kernel} → {post.kernel}"
    if record.settings != settings_digest(site):
        yield "settings changed in _config.yml"
    yield from _changed_files(record.files, digests(record.files, site.root))
    try:
        now = declared(post.front_matter.get("depends", ()), site.root, post.place(1))
    except PostBuilderError as error:
        yield error.message
    else:
        yield from _changed_files(record.declared, now)
    yield from _changed_packages(post, record)


def _changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield f"{path} is no longer declared"
        elif path not in before:
            yield f"{path} is newly declared"
        elif before[path] != now[path]:
            yield f"{path} {'is missing' if now[path] == MISSING else 'changed'}"


def _changed_packages(post: Post, record: Record) -> Iterator[str]:
    """Compare with the Python that runs the engine, which is the one that runs Python posts."""
    if post.language != "python":
        return
    minor = python_minor(platform.python_version())
    if record.python != minor:
        yield f"Python {record.python} → {minor}"
    for name, version in record.packages.items():
        now = installed(name)
        if now != version:
            yield f"{name} {version} → {now or 'not installed'}"


def _changed_outputs(
    post: Post, record: Record, site: Site, records: Sequence[CellRecord]
) -> Iterator[Reason]:
    """Compare what stands in the post and beside it with what the build put there."""
    known = {cell.name: cell for cell in record.cells}
    for cell, now in zip(post.cells, records, strict=True):
        if cell.name in known and known[cell.name].region != now.region:
            line = post.line_of(cell.region.start)
            yield Reason(
                f"output of cell {cell.name} is not what the build wrote", line, tampered=True
            )
    digests_now = value_digests(post)
    if len(digests_now) != len(record.values):
        yield Reason("values in prose were added or removed", 1)
    else:
        for value, shown, built in zip(post.values, digests_now, record.values, strict=True):
            if shown != built:
                message = f"value {value.expression} is not what the build wrote"
                yield Reason(message, value.line, tampered=True)
    made = record.made()
    for path, content in digests(made, site.root).items():
        if content != made[path]:
            problem = "is missing" if content == MISSING else "is not what the build wrote"
            yield Reason(f"{path} {problem}", _line_of_figure(post, path), tampered=True)


def _line_of_figure(post: Post, path: str) -> int:
    """Find the line that shows a figure."""
    offset = post.text.find(path)
    return post.line_of(offset) if offset >= 0 else 1


def python_minor(version: str) -> str:
    """Shorten 3.11.7 to 3.11."""
    return ".".join(version.split(".")[:2])
