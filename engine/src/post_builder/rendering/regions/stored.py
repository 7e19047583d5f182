"""Outputs that stay in a post because their cells cannot run again: a GPU, private data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from msgspec import Struct

from post_builder.document.figure_tag import figure_tags
from post_builder.document.options import Tag
from post_builder.document.post import START, Cell, Post
from post_builder.errors import RenderError
from post_builder.rendering.figures.files import Figure
from post_builder.rendering.regions.marked import MARK
from post_builder.rendering.regions.older import modern, outside_markdown
from post_builder.site import Site


class StoredOutput(Struct, frozen=True):
    """The output of a cell that does not run again."""

    region: str
    """As it is in the post, with its mark."""
    figures: tuple[Figure, ...]
    """Those that it shows, as they are on disk."""


def stored_outputs(post: Post, site: Site, slug: str) -> dict[str, StoredOutput]:
    """Return the stored outputs of a post by the names of their cells.

    Raises:
        RenderError: if a cell has none.
    """
    cells = (cell for cell in post.cells if Tag.STORED_OUTPUT in cell.options.tags)
    return {cell.name: _stored(post, cell, site, slug) for cell in cells}


def _stored(post: Post, cell: Cell, site: Site, slug: str) -> StoredOutput:
    published = cell.without_prefix(post.at(cell.region)).strip("\n")
    text = outside_markdown(modern(published, post, site), post, site)
    if not text:
        message = f"cell {cell.name} is marked .{Tag.STORED_OUTPUT} and has no output"
        hint = "build it once without the mark, where it can run"
        raise RenderError(message, post.place(cell.line), hint)
    if MARK not in text:
        text = text.replace(START, f"{START}\n{MARK}", 1)
    return StoredOutput(cell.with_prefix(text), tuple(_figures(text, cell, site, slug)))


def _figures(text: str, cell: Cell, site: Site, slug: str) -> Iterator[Figure]:
    sizes = {tag.image_path.lstrip("/"): tag for _, tag in figure_tags(text)}
    own = re.compile(rf"{re.escape(site.figures(slug))}/[^\s\"'/]+")
    for path in dict.fromkeys(own.findall(text)):
        file, tag = site.root / path, sizes.get(path)
        if file.is_file():
            size = (tag.width, tag.height) if tag else ()
            yield Figure(cell.name, path, file.read_bytes(), *size)
