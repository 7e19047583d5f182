"""What a rerun cannot compare by value, and still no hand may have changed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby

from post_builder.commands.verify.figures import foreign_addresses, foreign_figures
from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post
from post_builder.errors import PostBuilderError
from post_builder.freshness.digests import SPACES
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.prepare import PostState
from post_builder.rendering.downloads import make_downloads
from post_builder.rendering.regions.marked import MARK, content_of, is_marked
from post_builder.rendering.regions.older import modern, outside_markdown
from post_builder.rendering.regions.published import ForeignMarkupError, kinds_of
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.rendering.regions.republished import republished
from post_builder.rendering.values import is_written
from post_builder.site import Site, made_file
from post_builder.ui.findings import Finding


def changed_by_hand(state: PostState, rendered: Sequence[RenderedCell]) -> Iterator[Finding]:
    """Find what no build wrote, though a record may say that one did.

    Outputs must have the form of an output and hold nothing that a page must not, also those that
    are never compared and those that are stored; figures must be as clean as the engine leaves
    them, and downloads what it makes of the post.

    Args:
        state: the post as it is published.
        rendered: what a run of it gave.
    """
    site = state.site
    for cell, new in zip(state.post.cells, rendered, strict=True):
        yield from _foreign_output(state.post, cell, new, site)
        if is_ignored(cell):
            yield from foreign_addresses(state, cell)
        yield from foreign_figures(state, cell, new)
    yield from _foreign_values(state.post)
    yield from _foreign_downloads(state)


def _foreign_output(post: Post, cell: Cell, new: RenderedCell, site: Site) -> Iterator[Finding]:
    place = post.place(post.line_of(cell.region.start))
    try:
        published, fresh = (
            _kinds(post, cell, text, site) for text in (post.at(cell.region), new.region)
        )
    except ForeignMarkupError as foreign:
        message = f"no build wrote this into the output of cell {cell.name}"
        yield Finding("drift", place, message, str(foreign))
        return
    if not is_ignored(cell):
        return
    if republished(post, cell, site) != post.at(cell.region):
        message = f"no build wrote these words into the output of cell {cell.name}"
        yield Finding("drift", place, message, "its alt text, caption or title")
    if published != fresh:
        forms = " → ".join(", ".join(kinds) or "nothing" for kinds in (published, fresh))
        yield Finding("drift", place, f"the output of cell {cell.name} has another form", forms)


def _foreign_values(post: Post) -> Iterator[Finding]:
    """Find values that show what they say, and are not escaped."""
    for value in post.values:
        if not is_written(post.at(value.span).strip(SPACES), markdown=value.markdown):
            message = f"value {value.expression}: no build wrote it so"
            yield Finding("drift", post.place(value.line), message)


def _kinds(post: Post, cell: Cell, region: str, site: Site) -> list[str]:
    """Return the kinds of blocks in a region; how often one is repeated may vary."""
    if region and not is_marked(cell, region):
        raise ForeignMarkupError(region.partition("\n")[2].partition("\n")[0][:80])
    stored = f"{MARK}\n" if Tag.STORED_OUTPUT in cell.options.tags else ""
    content = modern(content_of(cell, region).removeprefix(stored), post, site)
    outside = partial(outside_markdown, post=post, site=site)
    kinds = kinds_of(content, cell.options.caption or "", site.settings.image_hosts, outside)
    return [kind for kind, _ in groupby(k for k in kinds if not k.startswith("stderr"))]


def _foreign_downloads(state: PostState) -> Iterator[Finding]:
    post, root = state.post, state.site.root
    if state.record is None or state.text_changed:
        return  # a build will make them again
    try:
        made = make_downloads(post, state.site, state.name)
    except PostBuilderError as error:
        yield Finding("drift", error.place or post.place(1), error.message)
        return
    for path in sorted(state.record.downloads.keys() ^ made.keys()):
        problem = "does not name" if path in made else "names, and no build makes,"
        yield Finding("drift", post.place(1), f"the record {problem} {path}")
    for path, data in made.items():
        file = made_file(root, path)
        if not file.is_file():
            yield Finding("drift", post.place(1), f"{path} is missing")
        elif file.read_bytes() != data:
            message = f"{path} is not what a build makes of this post"
            yield Finding("drift", post.place(1), message)
