"""How much the numbers of a cell may drift: as the cell says, else its post, else the site."""

from __future__ import annotations

from post_builder.document.post import Cell, Post
from post_builder.errors import PostError
from post_builder.freshness.comparison.text import Tolerances
from post_builder.place import Place
from post_builder.settings import Settings
from post_builder.yaml_reader import line_of, not_negative

_KEYS = ("tolerance", "absolute_tolerance")
"""Keys of front matter, under the names of the settings."""


def refuse_unfit_tolerances(post: Post) -> None:
    """Refuse a tolerance in front matter that is not a number.

    Raises:
        PostError: with its line.
    """
    for key in _KEYS:
        value = post.front_matter.get(key, 0)
        if not_negative(value) is None:
            message = f"{key} must be a number that is not negative, not {value!r}"
            raise PostError(message, _place(post, key))


def cell_tolerances(post: Post, cell: Cell, settings: Settings) -> Tolerances:
    """Return the tolerances of a cell, whose post has none that is unfit."""
    own = {"tolerance": cell.options.tolerance}
    own["absolute_tolerance"] = cell.options.absolute_tolerance
    numbers = []
    for key in _KEYS:
        given = own[key] if own[key] is not None else not_negative(post.front_matter.get(key))
        numbers.append(getattr(settings, key) if given is None else given)
    return Tolerances(*numbers)


def _place(post: Post, key: str) -> Place:
    """Find the line of a key in the front matter of a post."""
    lines = post.text[: post.content].rstrip().splitlines()[1:-1]
    return post.place(line_of("\n".join(["", *lines]), key) or 1)
