"""What a cell printed, read back from the page of the post that published it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from html import unescape
from pathlib import Path

from post_builder.errors import Place, PostError, SnippetError
from post_builder.files import read_text
from post_builder.document.post import Cell, Post, parse

_BLOCK = re.compile(
    r"""^<div[ ]class="output[ ].*?(?=\n\n)                    # no blank line stands in one
      |^<pre[ ]class="output[ ]stdout">\n?(?P<text>.*?)</pre>$  # browsers drop a first line end
    """,
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""An output that may hold any markup, or one that is what a cell printed."""

_TAG = re.compile(r"<[^>]*>")
"""Markup of colours; a `<` that was printed is an entity."""


def printed(path: str, name: str, root: Path) -> list[tuple[str, Place]]:
    """Give the lines that a cell of a post printed to stdout, each with its place on the page.

    Args:
        path: of the post, relative to the site's root.
        name: of the cell.
        root: the site.

    Raises:
        SnippetError: where there is no such post, cell or output.
    """
    post = _post(path, root)
    cell = _cell(post, name)
    lines = list(_stdout(post, cell))
    if not lines:
        place = post.place(cell.line)
        if all(other.region.start == other.region.end for other in post.cells):
            raise SnippetError(f"{path} has not been built yet", place, "build that post first")
        hint = "the cell must print to stdout, and its post must have been built since it does"
        raise SnippetError(f"cell {name} of {path} has no printed output", place, hint)
    return lines


def _post(path: str, root: Path) -> Post:
    if not (root / path).is_file():
        there = [p.relative_to(root).as_posix() for p in sorted(root.joinpath("_posts").rglob("*"))]
        near = get_close_matches(path, there, 1)
        hint = f"did you mean {near[0]}?" if near else "paths are relative to the site's root"
        raise SnippetError(f"there is no post {path}", hint=hint)
    try:
        post = parse(read_text(root / path, path), path)
    except PostError as error:
        raise SnippetError(error.message, error.place, error.hint) from error
    if post is None:
        raise SnippetError(f"{path} names no kernel, so nothing runs in it", Place(path, 1))
    return post


def _cell(post: Post, name: str) -> Cell:
    cells = {cell.name: cell for cell in post.cells}
    if name not in cells:
        near = get_close_matches(name, cells, 1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise SnippetError(f"there is no cell {name} in it", Place(post.path), hint)
    return cells[name]


def _stdout(post: Post, cell: Cell) -> Iterator[tuple[str, Place]]:
    region, first = _bare_region(post, cell), post.line_of(cell.region.start)
    for match in _BLOCK.finditer(region):
        if match["text"] is not None:
            number = first + region.count("\n", 0, match.start("text"))
            for line, text in enumerate(match["text"].split("\n"), number):
                yield unescape(_TAG.sub("", text)), post.place(line)


def _bare_region(post: Post, cell: Cell) -> str:
    """Give a region without the prefix of the cell's list or quote, and with plain line ends."""
    blank = cell.prefix.rstrip(" \t")
    text = re.sub(r"\r\n?", "\n", post.text[cell.region.start : cell.region.end])
    return "\n".join(
        line.removeprefix(cell.prefix if line.startswith(cell.prefix) else blank)
        for line in text.split("\n")
    )
