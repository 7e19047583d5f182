"""The text of a post that is being adopted, and the options of its cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct, field

from post_builder.document.parsing.parser import inspect
from post_builder.document.post import Cell, Edit, Post, Span, splice
from post_builder.errors import PostError, together
from post_builder.site import Site

_OPTIONS = re.compile(r"[ \t>]*\{:(?![:/])")


class Draft(Struct):
    r"""The text of a post on its way, with `\n` as line ending."""

    site: Site
    path: Path
    name: str
    text: str
    _notes: list[tuple[int, str]] = field(default_factory=list)
    """Offset in the text, and what there is to say."""

    def read(self) -> tuple[Post, Sequence[PostError]]:
        """Return the post as it is now, and what is wrong with it."""
        post, problems = inspect(self.text, self.name, self.site.inherited(self.path))
        if post is None:
            raise together(problems)
        return post, problems

    def note(self, offset: int, text: str) -> None:
        """Note something about a line."""
        self._notes.append((offset, text))

    def edit(self, edits: Sequence[Edit]) -> None:
        """Change the text; notes stay with their lines."""
        moved = [
            (
                offset
                + sum(
                    len(new) - span.end + span.start for span, new in edits if span.end <= offset
                ),
                text,
            )
            for offset, text in self._notes
        ]
        self.text, self._notes = splice(self.text, edits), moved

    def notes(self) -> Iterator[str]:
        """Yield the notes, and the problems that are left, in the order of lines."""
        _, problems = self.read()
        lines = [(self.text.count("\n", 0, offset) + 1, text) for offset, text in self._notes]
        lines += [(e.place.line or 1 if e.place else 1, e.message) for e in problems]
        return (f"{self.name}:{line}: {text}" for line, text in sorted(lines))


def options_edit(post: Post, cell: Cell, options: Iterable[str]) -> Iterator[Edit]:
    """Add options to a cell, in a list of their own or in the one that it has."""
    words = " ".join(options)
    if not words:
        return
    end = post.text.find("\n", cell.body.end)
    end = len(post.text) if end < 0 else end + 1
    if _OPTIONS.match(post.text, end):
        last = post.text.find("\n", end)
        last = post.text.rindex("}", end, len(post.text) if last < 0 else last)
        yield Span(last, last), f"{'' if post.text[last - 1].isspace() else ' '}{words}"
    else:
        above = "" if post.text[:end].endswith("\n") else "\n"
        yield Span(end, end), f"{above}{cell.prefix}{{: {words}}}\n"
