"""Why a post must run again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from post_builder.document.options import Tag
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.freshness.digests import (
    cell_records,
    input_digest,
    settings_digest,
    value_digests,
)
from post_builder.freshness.packages.kernel_python import kernel_versions
from post_builder.freshness.packages.versions import python_minor
from post_builder.freshness.record import MARKUP, CellRecord, Record
from post_builder.freshness.site_files import MISSING, declared, digests
from post_builder.site import Site

if TYPE_CHECKING:  # parsing Markdown takes a parser that most builds need not load
    from post_builder.sources.transclusion import PreparedCell, PreparedPost


class Reason(Struct, frozen=True):
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
        *(Reason(message, 1) for message in changed_surroundings(post, record, site)),
        *_changed_outputs(post, record, site, now),
    ]
    if not reasons and (edits := prepared.edits()):
        line = post.line_of(edits[0][0].start)
        message = "transcluded code is not what the build wrote"
        reasons.append(Reason(message, line, tampered=True))
    return reasons


def has_older_markup(record: Record, site: Site) -> bool:
    """Return whether outputs are written otherwise than they would be now."""
    return (record.markup, record.figure_include) != (MARKUP, site.includes_figures)


def page_changes(prepared: PreparedPost, record: Record, site: Site) -> set[str]:
    """Return the cells of a fresh post of which only options of the page changed, or the markup."""
    if has_older_markup(record, site):
        return {cell.name for cell in prepared.post.cells}
    before = {cell.name: (cell.page, cell.input) for cell in record.cells}
    now = cell_records(prepared, prepared.post)
    return {cell.name for cell in now if before[cell.name] != (cell.page, cell.input)}


def _changed_cells(
    before: Sequence[CellRecord], prepared: PreparedPost, records: Sequence[CellRecord]
) -> Iterator[Reason]:
    known = {cell.name: cell for cell in before}
    for cell, now in zip(prepared.cells, records, strict=True):
        old = known.pop(now.name, None)
        if old is None:
            yield Reason(f"cell {now.name} is new", cell.cell.line)
        elif old.input != now.input and not _only_loses_stderr(cell, old):
            yield Reason(_what_changed(cell, old, now), cell.cell.line)
        if old is not None:
            yield from _changed_expressions(prepared.post, old, now)
    yield from (Reason(f"cell {name} is gone", 1) for name in known)
    names = [cell.name for cell in prepared.cells]
    if [cell.name for cell in before] != names and {c.name for c in before} == set(names):
        yield Reason("cells were reordered", 1)


def _only_loses_stderr(cell: PreparedCell, old: CellRecord) -> bool:
    """Return whether all that is new is an option by which a page leaves out what it has."""
    has_tag = Tag.REMOVE_STDERR in cell.options.tags and not cell.cell.session
    return has_tag and old.input == input_digest(cell, dropped=Tag.REMOVE_STDERR)


def _what_changed(cell: PreparedCell, old: CellRecord, now: CellRecord) -> str:
    if old.code == now.code and old.source == now.source:
        return f"options of cell {now.name} changed"
    is_source = now.source and old.source == now.source
    return f"{_source(cell)} changed" if is_source else f"cell {now.name} edited"


def _changed_expressions(post: Post, old: CellRecord, now: CellRecord) -> Iterator[Reason]:
    """Name the values after a cell that came or went: computing one may change what follows."""
    if old.values == now.values:
        return
    lines = {value.form: value.line for value in post.values}
    for expression in Counter(now.values) - Counter(old.values):
        yield Reason(f"value {expression} is new, and needs a run", lines[expression])
    for expression in Counter(old.values) - Counter(now.values):
        yield Reason(f"value {expression} is gone from below cell {now.name}", 1)
    if Counter(old.values) == Counter(now.values):
        yield Reason(f"values below cell {now.name} were reordered", 1)


def _source(cell: PreparedCell) -> str:
    """Name the file and symbol, or the other post and cell, that a cell takes its text from."""
    path, source = cell.origin[0].path if cell.origin else "", cell.options.source or ""
    return source if source.startswith(path) else f"{path} {source}"


def changed_surroundings(post: Post, record: Record, site: Site) -> Iterator[str]:
    """Name what changed around a post: settings, files, the kernel, its packages.

    Args:
        post: its cells do not count.
        record: of its last build.
        site: that it belongs to.
    """
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
    if post.language == "python" and record.kernel == post.kernel:
        yield from _changed_packages(post, record, site)


def _changed_files(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for path in sorted(before.keys() | now.keys()):
        if path not in now:
            yield f"{path} is no longer declared"
        elif path not in before:
            yield f"{path} is newly declared"
        elif before[path] != now[path]:
            yield f"{path} {'is missing' if now[path] == MISSING else 'changed'}"


def _changed_packages(post: Post, record: Record, site: Site) -> Iterator[str]:
    """Compare with the environment of the kernel, whether or not it is the engine's."""
    versions = kernel_versions(post.kernel, record.packages, site)
    if versions.problem:
        yield versions.problem
    if not versions.python:
        return
    minor = python_minor(versions.python)
    if record.python != minor:
        yield f"Python {record.python} → {minor}"
    for name, version in record.packages.items():
        now = versions.packages[name]
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
            yield Reason(f"{path} {problem}", post.line_showing(path), tampered=True)


def _changed_values(post: Post, record: Record) -> Iterator[Reason]:
    now = value_digests(post)
    if len(record.values) != sum(len(cell.values) for cell in record.cells):
        yield Reason("values in prose were added or removed", 1)
        return
    if len(now) != len(record.values):
        return  # some are new or gone, which is a reason of its own
    for value, published, built in zip(post.values, now, record.values, strict=True):
        if published != built:
            message = f"value {value.expression} is not what the build wrote"
            yield Reason(message, value.line, tampered=True)
