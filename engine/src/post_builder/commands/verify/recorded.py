"""What a record says beside what a rerun, and the post, say."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterator, Sequence

from post_builder.document.figure_names import FigureNames
from post_builder.execution.run import Run
from post_builder.freshness.circumstances import Circumstances, processor
from post_builder.freshness.digests import cell_records
from post_builder.freshness.packages.versions import public_versions
from post_builder.freshness.record import Record
from post_builder.freshness.site_files import observed
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.prepare import PostState
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.site import Site
from post_builder.ui.findings import Finding

_PYTHON = re.compile(r"(?:[0-9]+\.[0-9]+\.[0-9]+(?:(?:a|b|rc)[0-9]+)?\+?)?")
_PROCESSOR = re.compile(r"(?:[\w ()@,:%+/-]|(?<![a-zA-Z])\.|\.(?![a-zA-Z])){0,100}", re.ASCII)
"""The model of a processor, which nobody can look up: it contains no address and no markup."""

_COMMIT = re.compile("(?:[0-9a-f]{40}(?:[0-9a-f]{24})?)?")

_ROUNDED = 0.06
"""By how many seconds a time differs from its rounded one, at most."""


def false_record(state: PostState, rendered: Sequence[RenderedCell], run: Run) -> Iterator[Finding]:
    """Find what a fresh post's record names and no build of it makes or reads, and the reverse.

    Args:
        state: the post as it is published.
        rendered: what a run of it gave.
        run: the run.
    """
    record, site = state.record, state.site
    if record is None or state.reasons or state.older_markup:
        return  # a build writes it anew
    place = state.post.place(1)
    for message in _differences(state, record, rendered, run):
        hint = f"{site.relative(site.record(state.name))}; run `post-builder build --force`"
        yield Finding("drift", place, f"the record {message}", hint)


def _differences(
    state: PostState, record: Record, rendered: Sequence[RenderedCell], run: Run
) -> Iterator[str]:
    post = state.post
    figures = {figure.path for cell in rendered for figure in cell.figures}
    yield from _other(record.figures, figures, _of_ignored(state, record, figures))
    yield from _other(record.products, [p for c in post.cells for p in c.options.products])
    yield from _missing(record.files, _inputs(state, record, run), "the post reads")
    if record.run.processor == processor():  # libraries import others on other machines
        packages = public_versions(run.facts.packages)
        yield from _missing(record.packages, packages, "the post imports")
    now = cell_records(state.prepared, post)
    for before, cell in zip(record.cells, now, strict=False):
        if (before.source, before.code) != (cell.source, cell.code):
            yield f"says something else of cell {cell.name}"
    if record.notices != len(post.notices):
        yield f"counts {record.notices} notices of {len(post.notices)}"
    if strange := _strange(record.run, record.python, [cell.name for cell in now]):
        yield f"says of its run what no build does: {strange}"


def _of_ignored(state: PostState, record: Record, figures: Collection[str]) -> set[str]:
    """Return the figures of cells that may make others each time: those named, and those made."""
    names = FigureNames(state.site.figures(state.name), [cell.name for cell in state.post.cells])
    ignored = [cell.name for cell in state.post.cells if is_ignored(cell)]
    stems = {
        path: path.rpartition("/")[2].rpartition(".")[0] for path in {*record.figures, *figures}
    }
    return {
        path for path, stem in stems.items() if any(names.may_give(cell, stem) for cell in ignored)
    }


def _other(
    named: Collection[str], made: Collection[str], may_differ: Collection[str] = ()
) -> Iterator[str]:
    for path in sorted({*named} - {*made} - {*may_differ}):
        yield f"names {path}, which no cell of the post makes"
    yield from _missing([*named, *may_differ], made, "the post makes")


def _missing(named: Collection[str], wanted: Collection[str], why: str) -> Iterator[str]:
    for path in sorted({*wanted} - {*named}):
        yield f"does not name {path}, which {why}"


def _inputs(state: PostState, record: Record, run: Run) -> Collection[str]:
    site: Site = state.site
    own = {*record.made(), state.post.path, site.relative(site.record(state.name))}
    own |= {*record.declared, f"{site.settings.products_folder}/"}
    return observed(run.observations, site.root, own)


def _strange(run: Circumstances, minor: str, cells: Sequence[str]) -> str:
    """Return what a build would not say of a run, whose machine and time nobody can look up."""
    is_python = _PYTHON.fullmatch(run.python) and f"{run.python}.".startswith(f"{minor}.")
    total = abs(run.seconds - sum(run.cells.values()))
    said = {
        f"date {run.date!r}": _is_past(run.date),
        f"Python {run.python!r}": is_python or not minor,
        f"processor {run.processor!r}": _PROCESSOR.fullmatch(run.processor),
        f"commit {run.commit!r}": _COMMIT.fullmatch(run.commit),
        "a negative number": min(run.seconds, run.peak_memory, *run.cells.values()) >= 0,
        **dict.fromkeys((f"cell {name!r}" for name in sorted({*run.cells} - {*cells})), False),
        f"{run.seconds} seconds": not run.cells or total <= _ROUNDED * (len(run.cells) + 1),
    }
    return next((what for what, is_usual in said.items() if not is_usual), "")


def _is_past(date: str) -> bool:
    try:
        then = dt.datetime.strptime(date, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError:
        return False
    return date.isascii() and then <= dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
