"""A post on its way out: what a run gave becomes the post's text, files and record."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Edit, Post, splice
from post_builder.errors import ConflictError
from post_builder.files import SavedMeanwhileError, read_text
from post_builder.freshness.circumstances import circumstances
from post_builder.freshness.digests import (
    cell_records,
    file_digests,
    settings_digest,
    text_digest,
    value_digests,
)
from post_builder.freshness.packages.versions import public_versions, python_minor
from post_builder.freshness.record import MARKUP, Record
from post_builder.freshness.site_files import (
    Before,
    changed_since_declared,
    changed_since_read,
    declared,
    observed,
)
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.made.write import New, write
from post_builder.pipeline.obstacles import refuse_odd_names
from post_builder.pipeline.prepare import PostState, owned
from post_builder.rendering.downloads import make_downloads
from post_builder.sources.transclusion import PreparedPost, transclude

if TYPE_CHECKING:
    from post_builder.execution.run import Run
    from post_builder.rendering.notes import Note


class Published(Struct, frozen=True):
    """What the author should know about a post that was written."""

    copies: list[str]
    """Paths of the copies that were kept of what was replaced."""
    removed: list[str]
    """Paths of the files that the post no longer makes."""
    notes: tuple[Note, ...] = ()
    """What readers see otherwise than the code gave it."""


def publish(state: PostState, run: Run, before: Before, made_products: MadeProducts) -> Published:
    """Write what a run gave into the post, and beside it.

    Args:
        state: the post as it was when it started to run.
        run: what came out.
        before: the state of files when it started.
        made_products: of its site; the post may take one over.

    Returns:
        The copies that were kept of what is replaced, and what is shown otherwise.

    Raises:
        PostBuilderError: if it cannot be published; the post is as its author saved it last.
    """
    while True:
        with suppress(SavedMeanwhileError):  # its prose, or its code: the next look tells
            return _publish(state, run, before, made_products)


def _publish(state: PostState, run: Run, before: Before, made_products: MadeProducts) -> Published:
    # slow to import, and only a run needs them
    from post_builder.pipeline.ignored_outputs import keep_ignored  # noqa: PLC0415
    from post_builder.pipeline.page_scripts import write_scripts  # noqa: PLC0415
    from post_builder.rendering.regions.rendered import (  # noqa: PLC0415
        notes_of,
        region_edits,
        render,
    )

    prepared = _prepared_now(state)
    post = prepared.post
    fresh = render(post, run, state.site, state.name)
    products = run.products
    rendered, figures = keep_ignored(prepared, fresh, products, state.record, state.site)
    edits = [*prepared.edits(), *region_edits(post, rendered)]
    built = _parse_again(splice(post.text, edits), prepared)
    downloads = make_downloads(built, state.site, state.name, figures)
    record = _record(state, replace(prepared, post=built), run, figures, downloads)
    refuse_odd_names(state, record)
    _refuse_changed_files(state, record, run, before)
    missing = write_scripts(state.site, built, run.facts.plotly)
    new = New(built.text, figures | products | downloads, record)
    written = write(state, post, new, made_products)
    return Published(written.copies, written.removed, (*notes_of(built, fresh), *missing))


def refresh(state: PostState, made_products: MadeProducts) -> None:
    """Bring what a fresh post publishes up to date with its prose, page options and path.

    Args:
        state: the post.
        made_products: of its site.

    Raises:
        PostBuilderError: if it cannot be published.
    """
    assert state.record is not None  # noqa: S101  # a fresh post has one
    post = state.post
    built = _parse_again(splice(post.text, _page_edits(state)), state.prepared)
    downloads = make_downloads(built, state.site, state.name)
    record = replace(
        state.record,
        post=post.path,
        text=text_digest(built, state.site),
        cells=cell_records(replace(state.prepared, post=built), built),
        downloads=file_digests(downloads),
        notices=len(built.notices),
        markup=MARKUP,
        figure_include=state.site.includes_figures,
    )
    write(state, post, New(built.text, downloads, record), made_products)


def _page_edits(state: PostState) -> list[Edit]:
    """Return how the output regions change whose options of the page did."""
    post, site = state.post, state.site
    cells = [cell for cell in post.cells if cell.name in state.page_changes]
    if not cells:
        return []
    # slow to import, and a change of prose does not need it
    from post_builder.rendering.regions.republished import republished  # noqa: PLC0415

    return [(cell.region, republished(post, cell, site)) for cell in cells]


def _prepared_now(state: PostState) -> PreparedPost:
    """Read the post again: its prose may have changed while it ran, and must not be lost.

    Raises:
        ConflictError: if its code changed, so that what ran is not what is there.
        FileError: if it is not in the site any more.
    """
    text = read_text(state.site.inside(state.path), state.post.path)
    if text == state.post.text:
        return state.prepared
    post = parse(text, state.post.path, state.post.inherited)
    built = owned(state.site, state.post, state.name)
    known = built.transcluded() if built else {}
    prepared = transclude(post, state.site, known) if post else None
    if prepared is None or _inputs(prepared) != _inputs(state.prepared):
        hint = "nothing was written; build again"
        message = "the code of the post changed while it ran"
        raise ConflictError(message, state.post.place(1), hint)
    return prepared


def _inputs(prepared: PreparedPost) -> list[tuple[str, str, tuple[str, ...]]]:
    cells = cell_records(prepared, prepared.post)
    return [(cell.name, cell.input, cell.values) for cell in cells]


def _parse_again(text: str, prepared: PreparedPost) -> Post:
    """Parse what is about to be written as the next build will, and compare it with what ran."""
    again = parse(text, prepared.post.path, prepared.post.inherited)
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
    own = {*figures, *downloads, post.path, site.relative(site.record(state.name)), *depends}
    products = run.products
    own |= {*products, f"{site.settings.products_folder}/"} if products else set()
    return Record(
        post=post.path,
        text=text_digest(post, site),
        kernel=post.kernel,
        settings=settings_digest(site),
        cells=cell_records(built, post),
        values=value_digests(post),
        figures=file_digests(figures),
        downloads=file_digests(downloads),
        files=observed(run.observations, site.root, own),
        declared=depends,
        python=python_minor(run.facts.python),
        packages=public_versions(run.facts.packages),
        notices=len(post.notices),
        markup=MARKUP,
        figure_include=site.includes_figures,
        products=file_digests(products),
        run=circumstances(run, site.root),
    )


def _refuse_changed_files(state: PostState, record: Record, run: Run, before: Before) -> None:
    """Refuse to record a file that is not as it was when the post read it."""
    root = state.site.root
    changed = changed_since_read(record.files, run.observations, before, root)
    for path in (*changed, *changed_since_declared(record.declared, before, root)):
        message, hint = f"{path} changed while the post ran", "nothing was written; build again"
        raise ConflictError(message, state.post.place(1), hint)
