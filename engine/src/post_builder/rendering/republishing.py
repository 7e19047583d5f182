"""Writing an output region again from what is there, after options of the page changed."""

from __future__ import annotations

import re

from post_builder.document import figure_tag
from post_builder.document.options import Tag
from post_builder.document.post import END, START, Cell, Post
from post_builder.rendering.figures import refuse_unsuitable
from post_builder.rendering.regions import FOLD, FOLD_END, at_its_place


def republished(post: Post, cell: Cell) -> str:
    """Return the output region of a cell with its options as they are now; nothing runs.

    Args:
        post: as it is on disk.
        cell: of the post; its region is as a build wrote it.

    Raises:
        RenderError: for a figure that has lost its alternative text.
    """
    content = _content(cell, post.at(cell.region))
    if not content:
        return post.at(cell.region)
    tags = list(figure_tag.TAG.finditer(content))
    if tags:
        refuse_unsuitable(post, cell)
    for number, match in reversed(list(enumerate(tags, 1))):
        tag = _described(cell, match, number, len(tags))
        content = f"{content[: match.start()]}{tag}{content[match.end() :]}"
    if Tag.HIDE_OUTPUT in cell.options.tags:
        content = f"{FOLD}\n\n{content}\n{FOLD_END}\n"
    return at_its_place(post.text, cell, cell.with_prefix(f"{START}\n{content}\n{END}"))


def _content(cell: Cell, region: str) -> str:
    """Return what is between the markers, without a fold."""
    text = cell.without_prefix(region).strip("\n")
    content = text.removeprefix(f"{START}\n").removesuffix(f"\n{END}")
    if content.startswith(FOLD):
        content = content.removeprefix(f"{FOLD}\n\n").removesuffix(f"\n{FOLD_END}\n")
    return content


def _described(cell: Cell, match: re.Match[str], number: int, count: int) -> figure_tag.FigureTag:
    alt, caption = cell.options.alt or "", cell.options.caption or ""
    tag = figure_tag.parse_figure_tag(match)
    return figure_tag.described(tag, alt, caption, number, count)
