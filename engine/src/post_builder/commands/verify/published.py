"""What a rerun cannot compare by value, and still no hand may have changed."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import groupby

from post_builder.document.figure_names import FigureNames
from post_builder.document.figure_tag import described, figure_tags
from post_builder.document.post import Cell, Post
from post_builder.errors import PostBuilderError
from post_builder.freshness.comparison.forms import form_drift
from post_builder.freshness.comparison.made import IMAGES
from post_builder.freshness.comparison.tolerances import cell_tolerances
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.prepare import PostState
from post_builder.rendering.downloads import make_downloads
from post_builder.rendering.figures.images import publishable
from post_builder.rendering.markup.published import ForeignMarkupError, kinds_of
from post_builder.rendering.regions.marked import MARK, content_of
from post_builder.rendering.regions.older import modern
from post_builder.rendering.regions.rendered import RenderedCell
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
            yield from _foreign_tags(state, cell)
        yield from _foreign_figures(state, cell, new)
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
    if published != fresh and is_ignored(cell):
        forms = " → ".join(", ".join(kinds) or "nothing" for kinds in (published, fresh))
        yield Finding("drift", place, f"the output of cell {cell.name} has another form", forms)


def _foreign_tags(state: PostState, cell: Cell) -> Iterator[Finding]:
    """Find figures in an output that are not the cell's, or are described in other words."""
    post = state.post
    names = FigureNames(state.site.figures(state.name), [cell.name for cell in post.cells])
    tags = [tag for _, tag in figure_tags(post.at(cell.region))]
    for number, tag in enumerate(tags, 1):
        own = described(
            tag, cell.options.alt or tag.alt, cell.options.caption or "", number, len(tags)
        )
        folder, _, file = tag.image_path.lstrip("/").rpartition("/")
        is_own = folder == names.folder and names.may_give(cell.name, file.rpartition(".")[0])
        if not is_own or html.unescape(own.alt) != tag.alt:
            place = post.place(post.line_showing(tag.image_path, cell.region.start))
            message = f"no build wrote this figure into the output of cell {cell.name}"
            yield Finding("drift", place, message, f"{tag.image_path}: {tag.alt}")


def _kinds(post: Post, cell: Cell, region: str, site: Site) -> list[str]:
    """Return the kinds of blocks in a region; how often one is repeated may vary."""
    content = modern(content_of(cell, region).removeprefix(f"{MARK}\n"), post, site)
    caption = cell.options.caption or ""
    kinds = kinds_of(content, caption, site.settings.image_hosts)
    return [kind for kind, _ in groupby(k for k in kinds if not k.startswith("stderr"))]


def _foreign_figures(state: PostState, cell: Cell, new: RenderedCell) -> Iterator[Finding]:
    post, root = state.post, state.site.root
    paths = {figure.path: figure.data for figure in new.figures}
    tolerances = cell_tolerances(post, cell, state.site.settings)
    for path, fresh in paths.items():
        file = made_file(root, path)
        if not file.is_file():
            continue
        data = file.read_bytes()
        place = post.place(post.line_showing(path, cell.region.start))
        if not publishable(path, data):
            yield Finding("drift", place, f"{path} holds what no build leaves in a figure")
        elif not (is_ignored(cell) or state.reasons or file.suffix not in IMAGES) and (
            problem := form_drift(data, fresh, tolerances)
        ):
            yield Finding("drift", place, f"{path}: {problem}")


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
