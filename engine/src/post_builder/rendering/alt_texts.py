"""The alternative texts of figures, without which readers who do not see them get nothing."""

from __future__ import annotations

from collections.abc import Sequence

from post_builder.document.post import Cell, Post
from post_builder.errors import RenderError


def has_alt(cell: Cell) -> bool:
    """Return whether a cell says what its figures show."""
    return bool((cell.options.alt or "").strip())


def refuse_silent(post: Post, cells: Sequence[Cell]) -> None:
    """Refuse the figures of cells without alt text; there is at least one.

    Raises:
        RenderError: with the line of the first, and the lines of the others as its detail.
    """
    first, *others = cells
    message = f"the figure of cell {first.name} has no alt text"
    detail = "\n".join(
        f"{post.place(cell.line)}: nor has the figure of cell {cell.name}" for cell in others
    )
    hint = 'add data-alt="what the figure shows" to the options below the cell'
    raise RenderError(message, post.place(first.line), hint, detail=detail)
