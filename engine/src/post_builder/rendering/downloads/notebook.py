"""A post as a notebook: its prose in plain Markdown, its code with the tags of its options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from post_builder.document.options import Tag
from post_builder.document.post import Cell, Edit, Post, Span, splice
from post_builder.rendering.downloads.liquid import liquid_edits
from post_builder.rendering.downloads.nodes import code_cell, markdown_cell
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


def make_notebook(
    post: Post, site: Site, figures: Mapping[str, bytes] | None = None
) -> NotebookNode:
    """Make the notebook of a post.

    Args:
        post: as built.
        site: images in prose get addresses under its URL.
        figures: None for a notebook without outputs, else the content of figures that are not on
            disk yet, by their path.
    """
    title = post.front_matter.get("title")
    cells = [markdown_cell(f"# {title}", "title")] if title else []
    metadata = {"kernelspec": _kernelspec(post), "language_info": {"name": post.language}}
    notebook: NotebookNode = new_notebook(
        cells=[*cells, *_cells(post, site, figures)], metadata=metadata
    )
    return notebook


def _kernelspec(post: Post) -> dict[str, str]:
    given = {"display_name": post.kernel, "language": post.language, "name": post.kernel}
    return given | dict(post.kernelspec)


def _cells(post: Post, site: Site, figures: Mapping[str, bytes] | None) -> Iterator[NotebookNode]:
    prose = list(_prose(post, site))
    definitions = link_definitions(prose)
    for number, text in enumerate(prose, 1):
        if markdown := _BLANK.sub("", with_definitions(text, definitions)).rstrip():
            yield markdown_cell(markdown, f"prose-{number}")
        if number <= len(post.cells):
            cell = post.cells[number - 1]
            node = _code(cell)
            if figures is not None:
                node.outputs = published_outputs(post, cell, site, figures)
                _number(node, number)
            yield node


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


def _number(node: NotebookNode, number: int) -> None:
    """Number a cell as if it had run in the notebook."""
    node.execution_count = number
    for output in node.outputs:
        if output.output_type == "execute_result":
            output.execution_count = number


def _code(cell: Cell) -> NotebookNode:
    given = {*map(str, cell.options.tags)}
    tags = sorted(given | ({Tag.SKIP_EXECUTION} if Tag.STORED_OUTPUT in given else set()))
    metadata = {"tags": tags} if tags else {}
    return code_cell(cell.code.rstrip("\n"), cell.notebook_id, metadata)
