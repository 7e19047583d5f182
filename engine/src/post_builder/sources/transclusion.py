"""Filling cells that take their text from elsewhere, and protecting edits made by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress

from msgspec import Struct

from post_builder.document.liquid import first_liquid_line, liquid_problem
from post_builder.document.options import Options
from post_builder.document.post import Cell, Edit, Post
from post_builder.errors import SnippetError, together
from post_builder.files import digest
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.find import find_snippet
from post_builder.sources.reference import Reference, parse_reference
from post_builder.sources.snippet import Snippet


class PreparedCell(Struct, frozen=True):
    """A cell with its code as it will run."""

    cell: Cell
    """As it is in the post."""
    code: str
    """Its lines end in `\\n`."""
    origin: tuple[Place, ...] = ()
    """For a transcluded cell, where each line of its code comes from."""

    @property
    def name(self) -> str:
        """The name of the cell."""
        return self.cell.name

    @property
    def options(self) -> Options:
        """The options of the cell."""
        return self.cell.options


class PreparedPost(Struct, frozen=True):
    """A post whose cells all have their code, ready to run."""

    post: Post
    """As it is on disk."""
    cells: tuple[PreparedCell, ...]

    def edits(self) -> list[Edit]:
        """Return how the text on disk changes to hold the code of transcluded cells."""
        return [
            (prepared.cell.body, _body(prepared))
            for prepared in self.cells
            if prepared.options.source and prepared.cell.code != prepared.code
        ]


def transclude(post: Post, site: Site, built: Mapping[str, str]) -> PreparedPost:
    """Look up the text of transcluded cells; nothing is written.

    Args:
        post: as parsed.
        site: in which modules and other posts are looked up.
        built: by cell, the digest of the text that the last build wrote there.

    Raises:
        SnippetError: if a source is not found, cannot be in a post, or would replace text that
            somebody edited.
    """
    cells, problems = [], []
    for cell in post.cells:
        try:
            cells.append(_prepared(post, cell, site, built.get(cell.name)))
        except SnippetError as error:
            problems.append(error)
    if problems:
        raise together(problems)
    return PreparedPost(post, tuple(cells))


def _prepared(post: Post, cell: Cell, site: Site, built: str | None) -> PreparedCell:
    if cell.options.source:
        return _filled(post, cell, site, built)
    return PreparedCell(cell, cell.code)


def posts_used(post: Post) -> dict[str, int]:
    """Return the posts whose output is the text of cells, with the line of the first such cell."""
    found: dict[str, int] = {}
    for cell, reference in _references(post):
        if reference.kind == "output":
            found.setdefault(reference.home, cell.line)
    return found


def texts_used(post: Post, site: Site) -> tuple[str, ...]:
    """Return the output of other posts that cells take, as far as it can be found."""
    texts = []
    for cell, reference in _references(post):
        if reference.kind == "output":
            with suppress(SnippetError):
                texts.append(find_snippet(cell.options.source or "", site).code)
    return tuple(texts)


def _references(post: Post) -> Iterator[tuple[Cell, Reference]]:
    """Yield the transcluded cells whose `data-source` can be read."""
    for cell in post.cells:
        if cell.options.source:
            with suppress(SnippetError):
                yield cell, parse_reference(cell.options.source)


def _body(prepared: PreparedCell) -> str:
    cell = prepared.cell
    return cell.with_prefix(prepared.code.removesuffix("\n")) + cell.newline


def _filled(post: Post, cell: Cell, site: Site, built: str | None) -> PreparedCell:
    place = post.place(cell.line)
    reference = cell.options.source or ""
    try:
        snippet = find_snippet(reference, site)
    except SnippetError as error:
        trail = (error.place,) if error.place else ()
        message = f"cell {cell.name}, data-source={reference!r}: {error.message}"
        raise SnippetError(message, place, error.hint, trail) from error
    if not snippet.code:
        raise SnippetError(f"cell {cell.name}: {reference} is empty", place)
    _refuse_hand_edit(cell, snippet, built, place)
    _refuse_unsuitable(cell, snippet, place)
    return PreparedCell(cell, snippet.code, snippet.places)


def _refuse_hand_edit(cell: Cell, snippet: Snippet, built: str | None, place: Place) -> None:
    """Refuse text that is neither empty, nor the source, nor what the last build wrote."""
    if not cell.code.strip() or cell.code == snippet.code or digest(cell.code) == built:
        return
    source = snippet.places[0]
    from difflib import unified_diff  # noqa: PLC0415  # for an error

    difference = unified_diff(
        snippet.code.split("\n"), cell.code.split("\n"), source.path, place.path, lineterm=""
    )
    is_output = parse_reference(cell.options.source or "").kind == "output"
    where = f"in the code that prints {source}" if is_output else f"at {source}"
    raise SnippetError(
        f"cell {cell.name} was edited by hand, but its text comes from {cell.options.source}",
        place,
        f"make the change {where}; or empty the cell to restore the source",
        detail="\n".join(difference),
    )


def _refuse_unsuitable(cell: Cell, snippet: Snippet, place: Place) -> None:
    """Refuse text that Liquid would change, or that would close the code block."""
    line = first_liquid_line(snippet.code, in_raw=cell.in_raw)
    if line is not None:
        message, hint = liquid_problem(cell.name)
        raise SnippetError(message, place, hint, (snippet.places[line - 1],))
    for text, source in zip(snippet.code.split("\n"), snippet.places, strict=False):
        if text.lstrip().startswith(cell.fence):
            hint = f"open and close the cell with a longer fence than {cell.fence}"
            message = f"cell {cell.name}: a line of its source would close the code block"
            raise SnippetError(message, place, hint, (source,))
