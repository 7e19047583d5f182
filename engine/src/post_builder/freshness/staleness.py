"""Why a post must run again."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.freshness.digests import cell_records, settings_digest, value_digests
from post_builder.freshness.packages import installed, python_minor
from post_builder.freshness.record import CellRecord, Record
from post_builder.freshness.site_files import MISSING, declared, digests
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedCell, PreparedPost


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason why a post must run again."""

    message: str
    line: int
    """Of the post."""
    tampered: bool = False
    """Whether what is published differs from what the build wrote, rather than an input."""


def staleness(prepared: PreparedPost, record: Record | None, site: Site) -> list[Reason]:
    """Return the reasons why a post must run again; none if it is fresh.

    Args:
        prepared: the post with its transcluded code.
        record: of its last build.
        site: that it belongs to.
    """
    if record is None:
        return [Reason("never built", 1)]
    if record.unfinished:
        return [Reason("the last build was interrupted", 1)]
    post = prepared.post
    now = cell_records(prepared, post)
    reasons = [
        *_changed_cells(record.cells, prepared, now),
        *(Reason(message, 1) for message in _changed_surroundings(post, record, site)),
        *_changed_outputs(post, record, site, now),
    ]
    if not reasons and (edits := prepared.edits()):
        line = post.line_of(edits[0][0].start)
        message = "transcluded code is not what the build wrote"
        reasons.append(Reason(message, line, tampered=True))
    return reasons


def _changed_cells(
    before: Sequence[CellRecord], prepared: PreparedPost, records: Sequence[CellRecord]
) -> Iterator[Reason]:
    known = {cell.name: cell for cell in before}
    for cell, now in zip(prepared.cells, records, strict=True):
        old = known.pop(now.name, None)
        if old is None:
            yield Reason(f"cell {now.name} is new", cell.cell.line)
        elif old.input != now.input:
            source_changed = now.source and old.source == now.source and old.code != now.code
            what = f"{_source(cell)} changed" if source_changed else f"cell {now.name} edited"
            yield Reason(what, cell.cell.line)
    yield from (Reason(f"cell {name} is gone", 1) for name in known)
    names = [cell.name for cell in prepared.cells]
    if [cell.name for cell in before] != names and {c.name for c in before} == set(names):
        yield Reason("cells were reordered", 1)


def _source(cell: PreparedCell) -> str:
    """Name the file and symbol, or the other post and cell, that a cell takes its text from."""
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
    """Compare with the Python that runs the engine, which also runs Python posts."""
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
    """Compare what is in the post and beside it with what the build wrote."""
    known = {cell.name: cell for cell in record.cells}
    for cell, now in zip(post.cells, records, strict=True):
        if cell.name in known and known[cell.name].region != now.region:
            line = post.line_of(cell.region.start)
            message = f"output of cell {cell.name} is not what the build wrote"
            yield Reason(message, line, tampered=True)
    yield from _changed_values(post, record)
    made = record.made()
    for path, content in digests(made, site.root).items():
        if content != made[path]:
            problem = "is missing" if content == MISSING else "is not what the build wrote"
            yield Reason(f"{path} {problem}", _line_showing(post, path), tampered=True)


def _changed_values(post: Post, record: Record) -> Iterator[Reason]:
    now = value_digests(post)
    if len(now) != len(record.values):
        yield Reason("values in prose were added or removed", 1)
        return
    for value, published, built in zip(post.values, now, record.values, strict=True):
        if published != built:
            message = f"value {value.expression} is not what the build wrote"
            yield Reason(message, value.line, tampered=True)


def _line_showing(post: Post, path: str) -> int:
    """Find the line that shows a figure."""
    offset = post.text.find(path)
    return post.line_of(offset) if offset >= 0 else 1
