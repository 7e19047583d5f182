"""Rendering a run: the output region of each cell, the text of each value, the figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from post_builder.document.code.sessions import Example, session_text
from post_builder.document.figure_names import FigureNames
from post_builder.document.options import Tag
from post_builder.document.post import END, START, Cell, Edit, Post
from post_builder.execution.run import CellRun, Run
from post_builder.rendering.blocks import blocks, merge_streams
from post_builder.rendering.figures import Figure, find_figures, refuse_unsuitable
from post_builder.rendering.sessions import is_result, with_results
from post_builder.rendering.terminal_text import without_controls
from post_builder.rendering.text_outputs import TextCleaner
from post_builder.site import Site

_SPECIAL = re.compile(r"[^\w .,%+/:;=()-]|_|\.{2,}|-{2,}| (?= )|^ | $")
"""What Markdown might interpret as markup, or its typography rewrite."""

_LIST_MARKER = re.compile(r"^ *(?:[-*_^](?=[-*_^ ]*$)|(?:[-*+]|\d+\.)(?= ))", re.MULTILINE)
"""What starts a line that kramdown takes for a rule or a list item, even within an element."""


@dataclass(frozen=True, slots=True)
class RenderedCell:
    """What a cell publishes."""

    region: str
    """Its output region with markers and line prefixes; empty if it shows nothing."""
    figures: tuple[Figure, ...] = ()
    values: tuple[str, ...] = ()
    """Text of each value after the cell, escaped as it is in the post."""
    session: tuple[Example, ...] = ()
    """For a session, its inputs with their new results."""


def render(post: Post, run: Run, site: Site, slug: str) -> tuple[RenderedCell, ...]:
    """Render the cells of a run.

    Args:
        post: as it is now; its prose may have changed since the run began.
        run: what its cells gave.
        site: that it belongs to.
        slug: names the folder of its figures.

    Raises:
        RenderError: for a figure without alt text, or one that Liquid would not see.
    """
    clean = TextCleaner(site, run.names)
    names = FigureNames(site.figures(slug), [cell.name for cell in post.cells])
    return tuple(
        _render_cell(post, cell, ran, clean, names)
        for cell, ran in zip(post.cells, run.cells, strict=True)
    )


def _render_cell(
    post: Post, cell: Cell, run: CellRun, clean: TextCleaner, names: FigureNames
) -> RenderedCell:
    session = with_results(post, cell, run, clean) if cell.session else ()
    if session:  # what is not a figure is in its block
        run = replace(run, outputs=tuple(o for o in run.outputs if not is_result(o)))
    removed = Tag.REMOVE_OUTPUT in cell.options.tags
    outputs = () if removed else tuple(merge_streams(run.outputs))
    figures = tuple(find_figures(cell, outputs, names))
    if figures:
        refuse_unsuitable(post, cell)
    region = _region(cell, tuple(blocks(cell, outputs, figures, clean)))
    return RenderedCell(region, figures, tuple(map(escape_value, run.values)), session)


def region_edits(post: Post, rendered: Sequence[RenderedCell]) -> list[Edit]:
    """Return how the text of a post changes to hold its outputs and values."""
    edits = [
        (cell.region, _at_its_place(post.text, cell, new.region))
        for cell, new in zip(post.cells, rendered, strict=True)
    ]
    edits += [
        (cell.body, cell.with_prefix(session_text(new.session).removesuffix("\n")) + cell.newline)
        for cell, new in zip(post.cells, rendered, strict=True)
        if new.session
    ]
    texts = [text for cell in rendered for text in cell.values]
    edits += [(value.span, text) for value, text in zip(post.values, texts, strict=True)]
    return [(span, text) for span, text in edits if post.at(span) != text]


def _at_its_place(text: str, cell: Cell, region: str) -> str:
    """End a region as its place requires: a text without a final newline stays without."""
    if not region:
        return ""
    if cell.region.end == len(text) and not text.endswith(("\n", "\r")):
        return cell.newline + region
    return region + cell.newline


def escape_value(text: str) -> str:
    """Escape a value so that kramdown shows exactly that text within a paragraph."""
    plain = without_controls(text)
    return _SPECIAL.sub(lambda found: "".join(f"&#{ord(c)};" for c in found.group()), plain)


def _region(cell: Cell, parts: Sequence[str]) -> str:
    """Put markers around the blocks of a cell, and its prefix before each line."""
    if not parts:
        return ""
    if Tag.HIDE_OUTPUT in cell.options.tags:
        opening = '<details class="output-fold"><summary>Output</summary>'
        parts = [opening, *parts, "</details>"]
    text = "\n".join([START, *map(_terminated, parts), END])
    in_list = "  " in cell.prefix.expandtabs()
    return cell.with_prefix(_LIST_MARKER.sub(_as_entity, text) if in_list else text)


def _as_entity(marker: re.Match[str]) -> str:
    return f"{marker[0][:-1]}&#{ord(marker[0][-1])};"


def _terminated(block: str) -> str:
    """Put a blank line after a `<div>`: CommonMark takes what follows directly for HTML as well."""
    return block if block.startswith(("<pre", "{%")) else f"{block}\n"
