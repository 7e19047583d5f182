"""What can go wrong, one class per outcome: each error says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

from post_builder.place import Place


class PostBuilderError(Exception):
    """Something the author can fix; the base of every error raised on purpose."""

    def __init__(  # noqa: PLR0913, PLR0917  # what can be said about an error
        self,
        message: str,
        place: Place | None = None,
        hint: str = "",
        trail: tuple[Place, ...] = (),
        detail: str = "",
        others: tuple[PostBuilderError, ...] = (),
    ) -> None:
        """Take what is known; all of it travels between processes, as `args` do."""
        super().__init__(message, place, hint, trail, detail, others)
        self.message = message
        self.place = place
        self.hint = hint
        """What to do about it."""
        self.trail = trail
        """Further lines that belong to the error, such as the source of a transcluded cell."""
        self.detail = detail
        """Printed output, a traceback or a diff: as many lines as needed."""
        self.others = others
        """Further errors that were found at the same time."""

    def replaced(self, **changes: Any) -> Self:  # noqa: ANN401  # as `__init__`
        """Return the error with other values for some of what is known about it."""
        names = ("message", "place", "hint", "trail", "detail", "others")
        return type(self)(**{name: getattr(self, name) for name in names} | changes)

    def each(self) -> tuple[PostBuilderError, ...]:
        """Return this error and the others, each one alone."""
        return (self.replaced(others=()), *self.others) if self.others else (self,)

    def __str__(self) -> str:
        """Return the whole error as the terminal shows it, with the others below it."""
        return "\n\n".join(error.alone() for error in self.each())

    def alone(self) -> str:
        """Return this error without the others."""
        lines = [f"{self.place}: {self.message}" if self.place else self.message]
        if self.place and self.place.source:
            lines.append(f"    {self.place.source.strip()}")
        for place in self.trail:
            lines.append(f"{place}: from here")
            if place.source:
                lines.append(f"    {place.source.strip()}")
        if self.detail:
            lines.append(self.detail.rstrip("\n"))
        if self.hint:
            lines.append(f"help: {self.hint}")
        return "\n".join(lines)


class SiteError(PostBuilderError):
    """The site or its settings cannot be used (exit status 2)."""


class FileError(PostBuilderError):
    """A file of the site cannot be read, written or removed."""

    @classmethod
    def of(cls, error: OSError, what: str, path: str) -> FileError:
        """Say why something was not possible, in the system's words or in the engine's."""
        hint = "look at its permissions and at the free space of the disk" if error.errno else ""
        return cls(f"{what}: {error.strerror or error}", Place(path), hint)


class PostError(PostBuilderError):
    """The text of a post does not follow the post format."""


class SnippetError(PostBuilderError):
    """The source of a transcluded cell was not found, or the cell was edited by hand."""


class ExecutionError(PostBuilderError):
    """A cell or value raised, took too long, or lost its kernel."""


class RaisedError(ExecutionError):
    """A cell or value raised; its kernel is alive, and could run further cells."""


class RenderError(PostBuilderError):
    """An output cannot be published as it is."""


class ConflictError(PostBuilderError):
    """The code of a post, or a file it reads, changed while the post ran."""


class RecordError(PostBuilderError):
    """A build record exists but cannot be read."""


class ClusterError(PostBuilderError):
    """The cluster that runs posts cannot be reached, lost a post, or does not fit the author's."""


def similar(word: str, known: Iterable[str], count: int = 1, similarity: float = 0.6) -> list[str]:
    """Return the known words that may be meant by one, the most similar first, for a hint.

    Args:
        word: that was written.
        known: words.
        count: how many are returned at most.
        similarity: that a word must have, from 0 to 1, as `difflib` measures it.
    """
    from difflib import get_close_matches  # noqa: PLC0415  # most words are spelled right

    return get_close_matches(word, list(known), count, similarity)


def together(errors: Sequence[PostBuilderError]) -> PostBuilderError:
    """Return one error for all that was found at the same time; the first comes first."""
    flat = [error for group in errors for error in group.each()]
    return flat[0].replaced(others=tuple(flat[1:])) if flat[1:] else flat[0]
