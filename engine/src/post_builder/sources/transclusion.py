"""Fill cells that take their text from elsewhere, and guard text that was edited by hand."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from post_builder.errors import Place, SnippetError
from post_builder.files import digest
from post_builder.document.liquid import first_liquid_line, liquid_problem
from post_builder.document.post import Cell, Post, Span, prefixed
from post_builder.sources.snippets import Reference, Snippet, find_snippet, parse_reference


def transclude(post: Post, root: Path, known: Mapping[str, str]) -> Post:
    """Give each transcluded cell its source; the post's text is not changed yet.

    Args:
        post: as parsed.
        root: the site, in which modules and other posts are looked up.
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


def posts_taken_from(post: Post) -> dict[str, int]:
    """Name the posts whose output stands in a post's cells, and the line of the first such cell."""
    found: dict[str, int] = {}
    for cell, reference in _references(post):
        if reference.kind == "output":
            found.setdefault(reference.home, cell.line)
    return found


def texts_taken(post: Post, root: Path) -> tuple[str, ...]:
    """Give the output of other posts that a post's cells take, as far as it is there."""
    texts = []
    for cell, reference in _references(post):
        if reference.kind == "output":
            with suppress(SnippetError):
                texts.append(find_snippet(cell.options.source or "", root).code)
    return tuple(texts)


def _references(post: Post) -> Iterator[tuple[Cell, Reference]]:
    """Yield the transcluded cells whose `data-source` can be read."""
    for cell in post.cells:
        if cell.options.source:
            with suppress(SnippetError):
                yield cell, parse_reference(cell.options.source)


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
    is_output = parse_reference(cell.options.source or "").kind == "output"
    where = f"in the code that prints {source}" if is_output else f"at {source}"
    raise SnippetError(
        f"cell {cell.name} was edited by hand, but its text comes from {cell.options.source}",
        place,
        f"make the change {where}; or empty the cell to have the source put back",
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
