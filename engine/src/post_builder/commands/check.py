"""Compare published posts with their sources, without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from post_builder.commands.kramdown.compare import compare_with_kramdown
from post_builder.commands.kramdown.prose_formulas import broken_formulas
from post_builder.document.figure_tag import PLACEHOLDER_ALT, figure_tags
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError, RecordError
from post_builder.files import read_text
from post_builder.files.plain import is_plain
from post_builder.files.swap import is_left
from post_builder.freshness.order import order
from post_builder.freshness.record import Made, load_made
from post_builder.pipeline.made.files import orphaned
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.names import Names, post_names
from post_builder.pipeline.obstacles import refuse_obstacles
from post_builder.pipeline.prepare import PostState, prepare
from post_builder.pipeline.unpublished.files import misplaced
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, product_makers
from post_builder.ui.findings import Finding

_BUILD = "run `post-builder build`"


def check(site: Site, paths: Sequence[Path]) -> list[Finding]:
    """Find what is stale, was edited by hand, or cannot be published as it is.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; those that are not executable are skipped.

    Returns:
        The findings in the order of posts and lines; none for a site that is as a build left it.

    Raises:
        FileError: if a folder of posts cannot be listed.
        SiteError: if posts take something from one another in a circle.
    """
    names = post_names(site)
    makers = product_makers(site)
    order(site, paths, makers)  # refuses circles
    states, found = _prepared(site, paths, names, makers)
    for state in states:
        found += [*_reasons(state), *_style(state.post), *broken_formulas(state.post)]
    found += compare_with_kramdown(site, [state.post for state in states])
    places = {site.relative(path): number for number, path in enumerate(paths)}
    found.sort(key=lambda f: (places.get(f.place.path, len(places)), f.place.line or 0))
    if set(paths) == set(site.posts()):
        found += [orphan for orphan in _orphans(site, names) if orphan not in found]
    return found


def _prepared(
    site: Site, paths: Sequence[Path], names: Names, makers: Sequence[Maker]
) -> tuple[list[PostState], list[Finding]]:
    """Read posts; what is wrong with those that cannot be read are findings."""
    states, found, made_products = [], [], MadeProducts(site)
    for path in paths:
        try:
            state = prepare(site, path, names.get(path), makers)
            if state and state.reasons:
                refuse_obstacles(state, made_products)
        except PostBuilderError as error:
            whole = Place(site.relative(path))
            found += [Finding("error", e.place or whole, e.message, e.hint) for e in error.each()]
        else:
            states += [state] if state else []
    return states, found


def _reasons(state: PostState) -> Iterator[Finding]:
    for reason in state.reasons:
        place = state.post.place(reason.line)
        yield Finding("tampered" if reason.tampered else "stale", place, reason.message, _BUILD)
    if state.record and (message := misplaced(state.site, state.record)):
        yield Finding("stale", state.post.place(1), message, _BUILD)
    if state.moved and not state.reasons:
        message = f"the post was called {state.record.post if state.record else None}"
        yield Finding("stale", state.post.place(1), message, _BUILD)
    if state.older_markup and not state.reasons:
        message = "its outputs are in the markup of an older version"
        yield Finding("stale", state.post.place(1), message, f"{_BUILD}, which runs nothing")
        return
    for cell in state.post.cells:
        if cell.name in state.page_changes:
            message = f"the page does not show the new options of cell {cell.name}"
            yield Finding(
                "stale", state.post.place(cell.line), message, f"{_BUILD}, which runs nothing"
            )
    if state.text_changed and not (state.reasons or state.page_changes):
        message = "the downloads contain older prose"
        yield Finding("stale", state.post.place(1), message, _BUILD)


def _style(post: Post) -> Iterator[Finding]:
    """Find what builds but would not read well."""
    for notice in post.notices:
        yield Finding("style", post.place(notice.line), notice.message, notice.hint)
    for cell in post.cells:
        if cell.options.name is None and any(figure_tags(post.at(cell.region))):
            message = f"{cell.name} produces a figure but has no name"
            hint = "name it, {: #name}: numbers change when cells are added"
            yield Finding("style", post.place(cell.line), message, hint)
    names = {cell.name for cell in post.cells if cell.options.name}
    for heading in post.headings:
        if heading.name in names:
            message = f"the heading has the same id as cell {heading.name}"
            yield Finding("style", post.place(heading.line), message, "give the cell another name")
    for offset, tag in figure_tags(post.text):
        if tag.alt.startswith(PLACEHOLDER_ALT):
            place = post.place(post.line_of(offset))
            yield Finding("style", place, "the alt text is still to be written")


def _orphans(site: Site, names: Names) -> Iterator[Finding]:
    """Find files that no post owns any more."""
    used = set(names.values())
    for path in site.records():
        try:
            record = load_made(site, path.stem)
        except RecordError as error:
            place = Place(site.relative(path))
            yield Finding("error", place, error.message, error.hint)
            continue
        if record is None:
            if path.stem not in used:
                message = "a build record without its post"
                yield Finding("orphan", Place(site.relative(path)), message, "delete it")
            continue
        if path.stem not in used and orphaned(site, record, names):
            message = "a build record without its post"
            hint = "`post-builder build` removes it"
            yield Finding("orphan", Place(site.relative(path)), message, hint)
        yield from _unused_figures(site, path.stem, record)


def _unused_figures(site: Site, name: str, record: Made) -> Iterator[Finding]:
    files = sorted((site.root / site.figures(name)).glob("*"))
    for file in filter(is_plain, files):  # behind a link may be anything
        path = site.relative(file)
        if path not in record.figures and not (is_left(file) or _is_mentioned(site, record, path)):
            yield Finding("orphan", Place(path), "no post uses this figure", "delete it")


def _is_mentioned(site: Site, record: Made, path: str) -> bool:
    """Return whether a post shows a figure that its author put there by hand."""
    post = site.root / record.post
    if not post.exists():
        return False
    return re.search(rf"\b{re.escape(path)}\b", read_text(post, record.post)) is not None
