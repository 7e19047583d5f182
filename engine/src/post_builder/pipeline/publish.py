"""A post on its way out: figures and downloads, the post itself, and its record."""

from __future__ import annotations

import datetime as dt
import platform
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post, splice
from post_builder.errors import ConflictError, PostError
from post_builder.files import digest, read_text, write_atomically
from post_builder.freshness import git
from post_builder.freshness.digests import (
    cell_records,
    settings_digest,
    text_digest,
    value_digests,
)
from post_builder.freshness.packages import public_versions, python_minor
from post_builder.freshness.record import Circumstances, Record
from post_builder.freshness.site_files import declared, observed
from post_builder.pipeline.made_files import remove_outdated
from post_builder.pipeline.prepare import PostState
from post_builder.sources.transclusion import PreparedPost, transclude

if TYPE_CHECKING:
    from post_builder.execution.run import Run
    from post_builder.rendering.notes import Note
    from post_builder.rendering.regions import RenderedCell

_NOT_UTF_8 = re.compile("[\udc80-\udcff]")
"""How Python represents a byte of a file name that is not UTF-8."""


def publish(state: PostState, run: Run, started: float) -> tuple[Note, ...]:
    """Write what a run gave into the post, and beside it; return what it shows otherwise.

    Args:
        state: the post as it was when it started to run.
        run: what came out.
        started: when the run started, in seconds since the epoch.

    Raises:
        PostBuilderError: if it cannot be published; nothing is written then.
    """
    # Jupyter is slow to import, and fresh posts do not need it
    from post_builder.pipeline.ignored_outputs import keep_ignored  # noqa: PLC0415
    from post_builder.pipeline.page_scripts import write_scripts  # noqa: PLC0415
    from post_builder.rendering.downloads import make_downloads  # noqa: PLC0415
    from post_builder.rendering.regions import region_edits, render  # noqa: PLC0415

    prepared = _prepared_now(state)
    post = prepared.post
    fresh = render(post, run, state.site, state.slug)
    rendered, figures = keep_ignored(prepared, fresh, state.record, state.site)
    edits = [*prepared.edits(), *region_edits(post, rendered)]
    built = _parse_again(splice(post.text, edits), prepared)
    downloads = make_downloads(built, state.site, state.slug)
    record = _record(state, replace(prepared, post=built), run, figures, downloads)
    _refuse_odd_names(state, record)
    _refuse_changed_files(state, record, started)
    missing = write_scripts(state.site, built, run.facts.plotly)
    _write(state, built.text, figures | downloads, record)
    return (*_notes(built, fresh), *missing)


def _notes(built: Post, rendered: Sequence[RenderedCell]) -> Iterator[Note]:
    """Yield the notes of cells with their lines as they are now."""
    for cell, result in zip(built.cells, rendered, strict=True):
        for note in result.notes:
            yield replace(note, place=built.place(cell.line))


def refresh_downloads(state: PostState) -> None:
    """Write the downloads of a fresh post again, since they contain its prose."""
    from post_builder.rendering.downloads import make_downloads  # noqa: PLC0415  # imports Jupyter

    assert state.record is not None  # noqa: S101  # a fresh post has one
    downloads = make_downloads(state.post, state.site, state.slug)
    text = text_digest(state.post.text)
    record = replace(state.record, downloads=_digests(downloads), text=text)
    _write(state, state.post.text, downloads, record)


def _prepared_now(state: PostState) -> PreparedPost:
    """Read the post again: its prose may have changed while it ran, and must not be lost.

    Raises:
        ConflictError: if its code changed, so that what ran is not what is there.
    """
    text = read_text(state.path, state.post.path)
    if text == state.post.text:
        return state.prepared
    post = parse(text, state.post.path)
    built = state.record.transcluded() if state.record else {}
    prepared = transclude(post, state.site, built) if post else None
    if prepared is None or _inputs(prepared) != _inputs(state.prepared):
        hint = "nothing was written; build again"
        message = "the code of the post changed while it ran"
        raise ConflictError(message, state.post.place(1), hint)
    return prepared


def _inputs(prepared: PreparedPost) -> list[tuple[str, str]]:
    return [(cell.name, cell.input) for cell in cell_records(prepared, prepared.post)]


def _parse_again(text: str, prepared: PreparedPost) -> Post:
    """Parse what is about to be written as the next build will, and compare it with what ran."""
    again = parse(text, prepared.post.path)
    codes = [cell.code for cell in prepared.cells]
    if again is None or [cell.code for cell in again.cells] != codes:
        message = "internal error: the written code differs from the code that ran"
        hint = "please report it; nothing was written"
        raise ConflictError(message, prepared.post.place(1), hint)
    return again


def _record(
    state: PostState,
    built: PreparedPost,
    run: Run,
    figures: Mapping[str, bytes],
    downloads: Mapping[str, bytes],
) -> Record:
    post, site = built.post, state.site
    depends = declared(post.front_matter.get("depends", ()), site.root, post.place(1))
    own = {*figures, *downloads, post.path, site.relative(site.record(state.slug)), *depends}
    return Record(
        post=post.path,
        text=text_digest(post.text),
        kernel=post.kernel,
        settings=settings_digest(site),
        cells=cell_records(built, post),
        values=value_digests(post),
        figures=_digests(figures),
        downloads=_digests(downloads),
        files=observed(run.observations, site.root, own),
        declared=depends,
        python=python_minor(run.facts.python),
        packages=public_versions(run.facts.packages),
        run=_circumstances(run, site.root),
    )


def _refuse_odd_names(state: PostState, record: Record) -> None:
    """Refuse a file whose name is not UTF-8: it cannot be recorded, and must not be left out."""
    for path in (*record.files, *record.declared):
        if _NOT_UTF_8.search(path):
            message = f"the post reads {path!r}, whose name is not UTF-8"
            raise PostError(message, state.post.place(1), "rename the file")


def _refuse_changed_files(state: PostState, record: Record, started: float) -> None:
    """Refuse to record a file that was saved while the post ran: which content was read?"""
    for path in (*record.files, *record.declared):
        file = state.site.root / path
        if file.is_file() and file.stat().st_mtime > started:
            hint = "nothing was written; build again"
            message = f"{path} changed while the post ran"
            raise ConflictError(message, state.post.place(1), hint)


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: digest(data) for path, data in files.items()}


def _circumstances(run: Run, root: Path) -> Circumstances:
    """Describe when, where and how fast a post ran."""
    return Circumstances(
        date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(run.seconds, 1),
        peak_memory=run.facts.peak_memory,
        python=run.facts.python,
        processor=_processor(),
        commit=git.head(root),
    )


def _processor() -> str:
    """Return the model of the processor, as far as the system says."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _write(state: PostState, text: str, made: Mapping[str, bytes], record: Record) -> None:
    """Write figures and downloads first, then the post, the record last.

    A build that is killed in between leaves a record that does not match, and the next build
    repairs the rest.
    """
    for path, data in made.items():
        write_atomically(state.site.root / path, data)
    write_atomically(state.path, text.encode("utf-8"))
    remove_outdated(state.site, state.record, record)
    if not record.same_result(state.record):
        write_atomically(state.site.record(state.slug), record.to_json().encode("utf-8"))
