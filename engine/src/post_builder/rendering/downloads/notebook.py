"""A post as a notebook: its prose in plain Markdown, its code with the tags of its options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec.structs import replace

from post_builder.document.options import Tag
from post_builder.document.post import Cell, Edit, Post, Span, splice
from post_builder.rendering.downloads.cells import Notebook, NotebookCell
from post_builder.rendering.downloads.liquid import liquid_edits
from post_builder.rendering.downloads.outputs import published_outputs
from post_builder.rendering.downloads.prose import (
    link_definitions,
    plain_markdown,
    with_definitions,
)
from post_builder.rendering.downloads.values import value_edits
from post_builder.site import Site

_BLANK = re.compile(r"\A(?:[ \t]*\n)+")
"""Blank lines before a text; the spaces of indented code are not among them."""


def make_notebook(post: Post, site: Site, figures: Mapping[str, bytes] | None = None) -> Notebook:
    """Make the notebook of a post.

    Args:
        post: as built.
        site: images in prose get addresses under its URL.
        figures: None for a notebook without outputs, else the content of figures that are not on
            disk yet, by their path.
    """
    title = post.front_matter.get("title")
    heading = [NotebookCell("title", f"# {title}", is_code=False)] if title else []
    cells = (*heading, *_cells(post, site, figures))
    return Notebook(cells, _kernelspec(post), post.language)


def _kernelspec(post: Post) -> dict[str, Any]:
    given = {"display_name": post.kernel, "language": post.language, "name": post.kernel}
    return given | dict(post.kernelspec)


def _cells(post: Post, site: Site, figures: Mapping[str, bytes] | None) -> Iterator[NotebookCell]:
    prose = list(_prose(post, site))
    definitions = link_definitions(prose)
    for number, text in enumerate(prose, 1):
        if markdown := _BLANK.sub("", with_definitions(text, definitions)).rstrip():
            yield NotebookCell(f"prose-{number}", markdown, is_code=False)
        if number <= len(post.cells):
            cell = _code(post.cells[number - 1])
            yield cell if figures is None else _ran(cell, number, post, site, figures)


def _prose(post: Post, site: Site) -> Iterator[str]:
    """Yield the prose before each cell and after the last, as plain Markdown."""
    edits = liquid_edits(post, site)
    dropped = [span for span, text in edits if not text]
    edits += [edit for edit in value_edits(post) if not _within(edit[0], dropped)]
    position = post.content
    for cell in post.cells:
        yield _plain(post, Span(position, cell.block.start), edits, site)
        position = max(cell.block.end, cell.region.end)
    yield _plain(post, Span(position, len(post.text)), edits, site)


def _within(span: Span, others: list[Span]) -> bool:
    return any(other.start <= span.start and span.end <= other.end for other in others)


def _plain(post: Post, part: Span, edits: list[Edit], site: Site) -> str:
    """Return a part of a post as plain Markdown."""
    inside = [
        (Span(max(span.start, part.start) - part.start, min(span.end, part.end) - part.start), text)
        for span, text in edits
        if span.start < part.end and span.end > part.start
    ]
    return plain_markdown(splice(post.at(part), inside).replace("\r\n", "\n"), site.url)


def _code(cell: Cell) -> NotebookCell:
    given = {*map(str, cell.options.tags)}
    tags = sorted(given | ({Tag.SKIP_EXECUTION} if Tag.STORED_OUTPUT in given else set()))
    return NotebookCell(cell.notebook_id, cell.code.rstrip("\n"), tags=tuple(tags))


def _ran(
    cell: NotebookCell, number: int, post: Post, site: Site, figures: Mapping[str, bytes]
) -> NotebookCell:
    """Return a cell with its number and outputs, as if it had run in the notebook."""
    outputs = published_outputs(post, post.cells[number - 1], site, figures)
    numbered = (
        {**output, "execution_count": number} if "execution_count" in output else output
        for output in outputs
    )
    return replace(cell, number=number, outputs=tuple(numbered))
