"""What a cell printed, read back from the page of the post that published it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Cell, Post
from post_builder.errors import PostError, SnippetError, similar
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.snippet import Snippet

_BLOCK = re.compile(
    r"""^<div[^>]*[ ]class="output[ ]stdout[ ]highlighter-rouge"><div[ ]class="highlight">
            <pre[ ]class="highlight">\n?(?P<text>.*?)</pre></div></div>$
      |^<div[^>]*[ ]class="output[ ].*?(?=\n\n)
      |^<pre[ ]class="output[ ]stdout">\n?(?P<older>.*?)</pre>$
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""What a cell printed, of which browsers drop a first newline; an output that may hold any markup,
and no blank line; and what a cell printed, as older builds wrote it."""

_TAG = re.compile(r"<[^>]*>")
"""Markup of colours; a `<` that was printed is an entity."""


def published_output(site: Site, path: str, name: str) -> Snippet:
    """Return what a cell of a post printed to stdout, as the post publishes it.

    Args:
        site: with the post.
        path: of the post, relative to the site's root.
        name: of the cell.

    Raises:
        SnippetError: if there is no such post, cell or output.
    """
    post = _post(site, path)
    cell = _cell(post, name)
    lines = list(_stdout(post, cell))
    if lines:
        code = "".join(f"{text}\n" for text, _ in lines)
        return Snippet(code, tuple(place for _, place in lines))
    place = post.place(cell.line)
    if all(other.region.start == other.region.end for other in post.cells):
        raise SnippetError(f"{path} has not been built yet", place, "build that post first")
    hint = "the cell must print to stdout, and its post must have been built since it does"
    raise SnippetError(f"cell {name} of {path} has no printed output", place, hint)


def _post(site: Site, path: str) -> Post:
    if not (site.root / path).is_file():
        near = similar(path, map(site.relative, site.posts()), 1)
        hint = f"did you mean {near[0]}?" if near else "paths are relative to the site's root"
        raise SnippetError(f"there is no post {path}", hint=hint)
    try:
        post = read_post(site, site.root / path)
    except PostError as error:
        raise SnippetError(error.message, error.place, error.hint) from error
    if post is None:
        raise SnippetError(f"{path} does not name a kernel, so it never runs", Place(path, 1))
    return post


def _cell(post: Post, name: str) -> Cell:
    cells = {cell.name: cell for cell in post.cells}
    if name not in cells:
        near = similar(name, cells, 1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise SnippetError(f"there is no cell {name} in it", Place(post.path), hint)
    return cells[name]


def _stdout(post: Post, cell: Cell) -> Iterator[tuple[str, Place]]:
    region, first = cell.without_prefix(post.at(cell.region)), post.line_of(cell.region.start)
    for match in _BLOCK.finditer(region):
        kind = "older" if match["text"] is None else "text"
        if match[kind] is not None:
            number = first + region.count("\n", 0, match.start(kind))
            for line, text in enumerate(match[kind].split("\n"), number):
                for part in unescape(_TAG.sub("", text)).split("\n"):  # after an empty line
                    yield part, post.place(line)
