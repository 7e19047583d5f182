"""Fill cells that take their text from the package, and guard text that was edited by hand."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from post_builder.errors import Place, SnippetError
from post_builder.files import digest
from post_builder.liquid import first_liquid_line, liquid_problem
from post_builder.post import Cell, Post, Span, prefixed
from post_builder.snippets import Snippet, find_snippet


def transclude(post: Post, root: Path, known: Mapping[str, str]) -> Post:
    """Give each transcluded cell its source; the post's text is not changed yet.

    Args:
        post: as parsed.
        root: the site, in which modules are looked up.
        known: by cell, the digest of the text that the last build put there.

    Raises:
        SnippetError: where a source is not found, cannot stand in a post, or would replace text
            that somebody edited.
    """
    cells = tuple(
        _filled(post, cell, root, known.get(cell.name)) if cell.options.source else cell
        for cell in post.cells
    )
    return replace(post, cells=cells)


def transclusion_edits(before: Post, after: Post) -> list[tuple[Span, str]]:
    """Say how the text of a post changes for the source of its transcluded cells to stand in it."""
    return [
        (new.body, _body(new))
        for old, new in zip(before.cells, after.cells, strict=True)
        if new.options.source and old.code != new.code
    ]


def _body(cell: Cell) -> str:
    return prefixed(cell, cell.code.removesuffix("\n")) + cell.newline


def _filled(post: Post, cell: Cell, root: Path, known: str | None) -> Cell:
    place = post.place(cell.line)
    reference = cell.options.source or ""
    try:
        snippet = find_snippet(reference, root)
    except SnippetError as error:
        trail = (error.place,) if error.place else ()
        message = f"cell {cell.name}, data-source={reference!r}: {error.message}"
        raise SnippetError(message, place, error.hint, trail) from error
    _refuse_hand_edit(cell, snippet, known, place)
    _refuse_unfit(cell, snippet, place)
    return replace(cell, code=snippet.code, origin=snippet.places)


def _refuse_hand_edit(cell: Cell, snippet: Snippet, known: str | None, place: Place) -> None:
    """Text that is neither empty, nor the source, nor what the last build wrote, is somebody's."""
    if not cell.code.strip() or cell.code == snippet.code or digest(cell.code) == known:
        return
    source = snippet.places[0]
    difference = difflib.unified_diff(
        snippet.code.split("\n"), cell.code.split("\n"), source.path, place.path, lineterm=""
    )
    raise SnippetError(
        f"cell {cell.name} was edited by hand, but its text comes from {cell.options.source}",
        place,
        f"make the change at {source}; or empty the cell to have the source put back",
        detail="\n".join(difference),
    )


def _refuse_unfit(cell: Cell, snippet: Snippet, place: Place) -> None:
    if not snippet.code:
        raise SnippetError(f"cell {cell.name}: {cell.options.source} is empty", place)
    line = first_liquid_line(snippet.code, in_raw=cell.in_raw)
    if line is not None:
        message, hint = liquid_problem(cell.name)
        raise SnippetError(message, place, hint, (snippet.places[line - 1],))
    for text, source in zip(snippet.code.split("\n"), snippet.places, strict=False):
        if text.lstrip().startswith(cell.fence):
            hint = f"open and close the cell with a longer fence than {cell.fence}"
            message = f"cell {cell.name}: a line of its source would close the code block"
            raise SnippetError(message, place, hint, (source,))
