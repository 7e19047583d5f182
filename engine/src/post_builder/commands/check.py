"""Compare published posts with their sources, without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from post_builder.document.figure_tag import PLACEHOLDER_ALT, figure_tags
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError, RecordError
from post_builder.files import read_text
from post_builder.freshness.order import order
from post_builder.freshness.record import Record, load_record
from post_builder.pipeline.prepare import PostState, prepare, refuse_same_slug
from post_builder.place import Place
from post_builder.site import Site, slug_of
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
        SiteError: if nothing could be built: two posts with one name, or posts in a circle.
    """
    refuse_same_slug(site, paths)
    order(site, paths)  # refuses circles
    found = [finding for path in paths for finding in _check_post(site, path)]
    if set(paths) == set(site.posts()):
        found += [orphan for orphan in _orphans(site) if orphan not in found]
    return found


def _check_post(site: Site, path: Path) -> list[Finding]:
    try:
        state = prepare(site, path)
    except PostBuilderError as error:
        place = error.place or Place(site.relative(path))
        return [Finding("error", place, error.message, error.hint)]
    if state is None:
        return []
    found = [*_reasons(state), *_style(state.post)]
    return sorted(found, key=lambda finding: finding.place.line or 0)


def _reasons(state: PostState) -> Iterator[Finding]:
    for reason in state.reasons:
        place = state.post.place(reason.line)
        yield Finding("tampered" if reason.tampered else "stale", place, reason.message, _BUILD)
    if state.text_changed and not state.reasons:
        message = "the downloads contain older prose"
        yield Finding("stale", state.post.place(1), message, _BUILD)


def _style(post: Post) -> Iterator[Finding]:
    """Find what builds but would not read well."""
    for line in post.unreadable_fences:
        message = "kramdown allows one word on a fence: this would not be a code block"
        hint = "put options on the line below the cell"
        yield Finding("style", post.place(line), message, hint)
    for cell in post.cells:
        if cell.options.name is None and any(figure_tags(post.at(cell.region))):
            message = f"{cell.name} produces a figure but has no name"
            hint = "name it, {: #name}: numbers change when cells are added"
            yield Finding("style", post.place(cell.line), message, hint)
    names = {cell.name for cell in post.cells if cell.options.name}
    for line, heading in post.headings:
        if _heading_id(heading) in names:
            message = f"the heading has the same id as cell {_heading_id(heading)}"
            yield Finding("style", post.place(line), message, "give the cell another name")
    for offset, tag in figure_tags(post.text):
        if tag.alt.startswith(PLACEHOLDER_ALT):
            place = post.place(post.line_of(offset))
            yield Finding("style", place, "the alt text is still to be written")


def _heading_id(text: str) -> str:
    """Return the id that kramdown gives a heading."""
    words = re.sub(r"^[^A-Za-z]+", "", text)
    return re.sub(r"[^A-Za-z0-9 -]", "", words).replace(" ", "-").lower()


def _orphans(site: Site) -> Iterator[Finding]:
    """Find files that no post owns any more."""
    records: dict[str, Record] = {}
    slugs = set(map(slug_of, site.posts()))
    for path in site.records():
        try:
            record = load_record(site, path.stem)
        except RecordError as error:
            place = Place(site.relative(path))
            yield Finding("error", place, error.message, error.hint)
            continue
        if record:
            records[path.stem] = record
        gone = not (site.root / record.post).exists() if record else path.stem not in slugs
        if gone:
            message = "a build record without its post"
            hint = "`post-builder build` removes it" if record else "delete it"
            yield Finding("orphan", Place(site.relative(path)), message, hint)
    owned = {path for record in records.values() for path in record.made()}
    for slug, record in sorted(records.items()):
        for file in sorted((site.root / site.figures(slug)).glob("*")):
            name = site.relative(file)
            if name not in owned and not _is_mentioned(site, record, name):
                yield Finding("orphan", Place(name), "no post uses this figure", "delete it")


def _is_mentioned(site: Site, record: Record, path: str) -> bool:
    """Return whether a post shows a figure that its author put there by hand."""
    post = site.root / record.post
    if not post.exists():
        return False
    return re.search(rf"\b{re.escape(path)}\b", read_text(post, record.post)) is not None
