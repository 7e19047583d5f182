"""What can go wrong, one class an outcome: each says where, what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, as errors name it."""

    path: str
    """Relative to the site's root, with forward slashes."""
    line: int | None = None
    """Counted from 1; None where the file as a whole is meant."""
    source: str = ""
    """The text of that line."""

    def __str__(self) -> str:
        """Give `path:line`, which editors and terminals turn into a link."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


@dataclass
class PostBuilderError(Exception):
    """Something that the author can mend; the base of every error raised on purpose."""

    message: str
    place: Place | None = None
    hint: str = ""
    """What to do about it."""
    trail: tuple[Place, ...] = field(default=())
    """Further lines that belong to the error, such as the package's behind a transcluded cell."""
    detail: str = ""
    """What was printed, a traceback, a difference: as many lines as it takes."""

    def __str__(self) -> str:
        """Give the whole error as the terminal shows it."""
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


class PostError(PostBuilderError):
    """A post's text is not what the post format asks for."""


class SnippetError(PostBuilderError):
    """A transclusion finds no source, or its text was edited by hand."""


class ExecutionError(PostBuilderError):
    """A cell or a value raised, ran out of time, or lost its kernel."""


class RenderError(PostBuilderError):
    """An output cannot be published as it is."""


class ConflictError(PostBuilderError):
    """A post's code changed on disk while the post ran."""
