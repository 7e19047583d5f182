"""Files of figures that a rerun does not compare, or that only look like those it made."""

from __future__ import annotations

import re
from collections.abc import Iterator

from post_builder.document.figure_names import FigureNames
from post_builder.document.figure_tag import figure_tags
from post_builder.document.post import Cell
from post_builder.freshness.comparison.forms import form_drift
from post_builder.freshness.comparison.made import IMAGES
from post_builder.freshness.comparison.tolerances import cell_tolerances
from post_builder.pipeline.ignored_outputs import is_ignored
from post_builder.pipeline.prepare import PostState
from post_builder.rendering.figures.charts import is_written
from post_builder.rendering.figures.images import publishable
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.site import made_file
from post_builder.ui.findings import Finding

_SHOWN = re.compile(r"(?:data-src|<iframe src)=\"\{\{ '/([^'{}]*)' \| relative_url \}\}\"")
"""The address of a chart, or of a page in a frame."""

_LIBRARY = r"data-chart=\"(\w+)\" data-src=\"\{{\{{ '/{}' "


def foreign_addresses(state: PostState, cell: Cell) -> Iterator[Finding]:
    """Find what an ignored output shows that is not a figure of its cell."""
    post, region = state.post, state.post.at(cell.region)
    own = _own(state, cell)
    shown = [tag.image_path.lstrip("/") for _, tag in figure_tags(region)]
    for path in [*shown, *_SHOWN.findall(region)]:
        if path not in own:
            place = post.place(post.line_showing(path, cell.region.start))
            message = f"no build wrote this figure into the output of cell {cell.name}"
            yield Finding("drift", place, message, f"/{path}")


def foreign_figures(state: PostState, cell: Cell, new: RenderedCell) -> Iterator[Finding]:
    """Find files of figures that no build left, or that only look like those of a run.

    Args:
        state: the post as it is published.
        cell: of the post.
        new: what a run of it gave.
    """
    post, root = state.post, state.site.root
    fresh = {figure.path: figure.data for figure in new.figures}
    tolerances = cell_tolerances(post, cell, state.site.settings)
    others = _own(state, cell) if is_ignored(cell) else set[str]()
    for path in [*fresh, *sorted(others - fresh.keys())]:
        file = made_file(root, path)
        if not file.is_file():
            continue
        data = file.read_bytes()
        place = post.place(post.line_showing(path, cell.region.start))
        if not _is_publishable(path, data, post.at(cell.region)):
            yield Finding("drift", place, f"{path} holds what no build leaves in a figure")
        elif not (is_ignored(cell) or state.reasons or file.suffix not in IMAGES) and (
            problem := form_drift(data, fresh[path], tolerances)
        ):
            yield Finding("drift", place, f"{path}: {problem}")


def _own(state: PostState, cell: Cell) -> set[str]:
    """Return the figures that the record names and that may be those of a cell."""
    post = state.post
    names = FigureNames(state.site.figures(state.name), [cell.name for cell in post.cells])
    paths = state.record.figures if state.record else ()
    parts = {path: path.rpartition("/") for path in paths}
    return {
        path
        for path, (folder, _, file) in parts.items()
        if folder == names.folder and names.may_give(cell.name, file.rpartition(".")[0])
    }


def _is_publishable(path: str, data: bytes, region: str) -> bool:
    if not path.endswith(".json"):
        return publishable(path, data)
    library = re.search(_LIBRARY.format(re.escape(path)), region)
    return library is None or is_written(library[1], data)
