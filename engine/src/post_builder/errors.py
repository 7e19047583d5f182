"""What can go wrong, one class per outcome: each error says where, what, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

from post_builder.place import Place


@dataclass
class PostBuilderError(Exception):
    """Something the author can fix; the base of every error raised on purpose."""

    message: str
    place: Place | None = None
    hint: str = ""
    """What to do about it."""
    trail: tuple[Place, ...] = ()
    """Further lines that belong to the error, such as the source of a transcluded cell."""
    detail: str = ""
    """Printed output, a traceback or a diff: as many lines as needed."""
    others: tuple[PostBuilderError, ...] = ()
    """Further errors that were found at the same time."""

    def __reduce__(self) -> tuple[type[PostBuilderError], tuple[object, ...]]:
        """Travel between processes whole: exceptions drop what was given by its keyword."""
        return type(self), tuple(getattr(self, each.name) for each in fields(self))

    def each(self) -> tuple[PostBuilderError, ...]:
        """Return this error and the others, each one alone."""
        return (replace(self, others=()), *self.others) if self.others else (self,)

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
        """Say in the system's words why something was not possible."""
        hint = "look at its permissions and at the free space of the disk"
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


def together(errors: Sequence[PostBuilderError]) -> PostBuilderError:
    """Return one error for all that was found at the same time; the first comes first."""
    flat = [error for group in errors for error in group.each()]
    return replace(flat[0], others=tuple(flat[1:])) if flat[1:] else flat[0]
