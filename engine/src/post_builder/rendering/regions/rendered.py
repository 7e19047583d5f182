"""The output regions and values that a run publishes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from post_builder.document.code.sessions import Example, session_text
from post_builder.document.figure_names import FigureNames
from post_builder.document.post import Cell, Edit, Post
from post_builder.execution.run import CellRun, Run
from post_builder.rendering.blocks import make_blocks
from post_builder.rendering.figures.files import Figure
from post_builder.rendering.notes import Note
from post_builder.rendering.outputs import OutputReader
from post_builder.rendering.publishable import refuse_unpublishable, refuse_unpublishable_products
from post_builder.rendering.regions.marked import at_its_place, marked
from post_builder.rendering.regions.older import outside_markdown
from post_builder.rendering.regions.stored import stored_outputs
from post_builder.rendering.values import escape_value, markdown_value
from post_builder.site import Site

_LIST_MARKER = re.compile(r"^ *(?:[-*_^](?=[-*_^ ]*$)|(?:[-*+]|\d+\.)(?= ))", re.MULTILINE)
"""What starts a line that kramdown takes for a rule or a list item, even within an element."""


class RenderedCell(Struct, frozen=True):
    """What a cell publishes."""

    region: str
    """Its output region with markers and line prefixes; empty if it shows nothing."""
    figures: tuple[Figure, ...] = ()
    values: tuple[str, ...] = ()
    """Text of each value after the cell, escaped as it is in the post."""
    session: tuple[Example, ...] = ()
    """For a session, its inputs with their new results."""
    notes: tuple[Note, ...] = ()
    """What of its outputs is not shown, or not as the code gave it."""


def render(post: Post, run: Run, site: Site, slug: str) -> tuple[RenderedCell, ...]:
    """Render the cells of a run.

    Args:
        post: as it is now; its prose may have changed since the run began.
        run: what its cells gave.
        site: that it belongs to.
        slug: names the folder of its figures.

    Raises:
        RenderError: for an image that is none, a figure without alt text or one that Liquid would
            not see, for a product that Jekyll would change, and for what looks like a secret.
    """
    reader = OutputReader.of(post, run, site)
    read = [reader.read(cell, ran) for cell, ran in zip(post.cells, run.cells, strict=True)]
    refuse_unpublishable(post, [outputs.forms for outputs in read], reader.allowed_secrets)
    refuse_unpublishable_products(post, run.cells, reader.allowed_secrets)
    names = FigureNames(site.figures(slug), [cell.name for cell in post.cells])
    stored = stored_outputs(post, site, slug)
    rendered = []
    for index, (cell, ran, outputs) in enumerate(zip(post.cells, run.cells, read, strict=True)):
        values = tuple(_values(post, index, ran, reader))
        if cell.name in stored:
            kept = stored[cell.name]
            rendered.append(RenderedCell(kept.region, kept.figures, values))
            continue
        blocks = tuple(make_blocks(cell, outputs.forms, names, include=site.includes_figures))
        figures = tuple(figure for block in blocks for figure in block.files)
        region = _region(cell, [outside_markdown(block.text, post, site) for block in blocks])
        new = RenderedCell(region, figures, values, outputs.session, outputs.notes)
        rendered.append(new)
    return tuple(rendered)


def _values(post: Post, index: int, run: CellRun, reader: OutputReader) -> Iterator[str]:
    places = (value for value in post.values if value.after == index)
    for value, text in zip(places, run.values, strict=True):
        clean = reader.value(value, text)
        yield markdown_value(clean) if value.markdown else escape_value(clean)


def notes_of(post: Post, rendered: Sequence[RenderedCell]) -> Iterator[Note]:
    """Yield the notes of cells, with the lines that they have in a post."""
    for cell, result in zip(post.cells, rendered, strict=True):
        for note in result.notes:
            yield replace(note, place=post.place(cell.line))


def region_edits(post: Post, rendered: Sequence[RenderedCell]) -> list[Edit]:
    """Return how the text of a post changes to hold its outputs and values."""
    edits = [
        (cell.region, at_its_place(post.text, cell, new.region))
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


def _region(cell: Cell, parts: Sequence[str]) -> str:
    """Put markers around the blocks of a cell, and its prefix before each line."""
    if not parts:
        return ""
    text = marked(cell, "\n".join(map(_terminated, parts)))
    in_list = "  " in cell.prefix.expandtabs()
    return cell.with_prefix(_LIST_MARKER.sub(_as_entity, text) if in_list else text)


def _as_entity(marker: re.Match[str]) -> str:
    return f"{marker[0][:-1]}&#{ord(marker[0][-1])};"


def _terminated(block: str) -> str:
    """Put a blank line after a block: CommonMark takes what follows directly for HTML as well."""
    return f"{block}\n"
