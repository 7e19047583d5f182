"""Writing an output region again, from what is there, after options of the page changed."""

from __future__ import annotations

from dataclasses import replace

from post_builder.document import figure_tag
from post_builder.document.post import Cell, Post
from post_builder.rendering.figures import captioned, refuse_unsuitable
from post_builder.rendering.regions import at_its_place, in_markers, parts_of


def republished(post: Post, cell: Cell) -> str:
    """Return the output region of a cell as its options are now; nothing runs.

    Args:
        post: as it is on disk.
        cell: of the post; its region is as a build wrote it.

    Raises:
        RenderError: for a figure that has lost its alt text.
    """
