"""Hold published posts against their sources, without running anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from post_builder.errors import Place, PostBuilderError
from post_builder.files import read_text
from post_builder.pipeline.prepare import Job, prepare, refuse_same_slug
from post_builder.commands.new import PLACEHOLDER_ALT
from post_builder.freshness.order import order
from post_builder.freshness.record import load_record
from post_builder.site import Site


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that a published post should not have."""

    kind: str
    """`stale`, `tampered`, `orphan`, `style` or `error`."""
    place: Place
    message: str
    hint: str = ""


def check(site: Site, paths: Sequence[Path]) -> list[Finding]:
    """Find what is stale, was edited by hand, or cannot be published as it is.

    Args:
        site: to which the posts belong.
        paths: absolute paths of posts; those that do not run are passed over.

    Returns:
        The findings in the order of posts and lines; none for a site that is as a build left it.

    Raises:
        SiteError: where no build could be: two posts of one name, or posts in a circle.
    """
    refuse_same_slug(paths)
    order(site, paths)  # refuses circles
    found = [finding for path in paths for finding in _of_post(site, path)]
    if set(paths) == set(site.posts()):
        found += _orphans(site)
    return found


def _of_post(site: Site, path: Path) -> list[Finding]:
    try:
        job = prepare(site, path)
    except PostBuilderError as error:
        place = error.place or Place(site.shown(path))
        return [Finding("error", place, error.message, error.hint)]
    if job is None:
        return []
    found = [*_reasons(job), *_style(job)]
    return sorted(found, key=lambda finding: finding.place.line or 0)


def _reasons(job: Job) -> Iterator[Finding]:
    for reason in job.reasons:
        kind = "tampered" if reason.tampered else "stale"
        yield Finding(
            kind, job.post.place(reason.line), reason.message, "make build-posts mends it"
        )
    if job.prose_changed and not job.reasons:
        message = "the downloads hold older prose"
        yield Finding("stale", job.post.place(1), message, "make build-posts mends it")


def _style(job: Job) -> Iterator[Finding]:
    """Find what builds, and yet would not read well."""
    post = job.post
    for line in post.unreadable_fences:
        message = "kramdown takes one word on a fence: this block would be no code block"
        yield Finding("style", post.place(line), message, "put options on the line under the cell")
    for cell in post.cells:
        shown = post.text[cell.region.start : cell.region.end]
        if cell.options.name is None and "{% include figure" in shown:
            message = f"{cell.name} makes a figure and has no name"
            hint = "name it, {: #name}: numbers move when cells are added"
            yield Finding("style", post.place(cell.line), message, hint)
    names = {cell.name for cell in post.cells if cell.options.name}
    for line, heading in post.headings:
        if _heading_id(heading) in names:
            message = f"the heading has the id of cell {_heading_id(heading)}"
            yield Finding("style", post.place(line), message, "give the cell another name")
    for match in re.finditer(rf"alt=\"{PLACEHOLDER_ALT}", post.text):
        place = post.place(post.line_of(match.start()))
        yield Finding("style", place, "the alt text is still to be written")


def _heading_id(text: str) -> str:
    """Make the id that kramdown gives a heading."""
    words = re.sub(r"^[^A-Za-z]+", "", text)
    return re.sub(r"[^A-Za-z0-9 -]", "", words).replace(" ", "-").lower()


def _orphans(site: Site) -> Iterator[Finding]:
    """Find what no post owns any more."""
    owned: set[str] = set()
    for path in site.records():
        record = load_record(site, path.stem)
        if record is None or not (site.root / record.post).exists():
            message = "a build record without its post"
            yield Finding("orphan", Place(site.shown(path)), message, "make build-posts removes it")
        if record:
            owned |= record.made().keys()
    slugs = {path.stem for path in site.records()}
    for slug in sorted(slugs):
        for file in sorted((site.root / site.figures(slug)).glob("*")):
            shown = site.shown(file)
            if shown not in owned and not _mentioned(site, slug, shown):
                yield Finding("orphan", Place(shown), "no post uses this figure", "delete it")


def _mentioned(site: Site, slug: str, path: str) -> bool:
    """Tell whether a post shows a figure that its author put there by hand."""
    record = load_record(site, slug)
    post = site.root / record.post if record else None
    if not (post and post.exists()):
        return False
    return re.search(rf"\b{re.escape(path)}\b", read_text(post, site.shown(post))) is not None
