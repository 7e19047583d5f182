"""A file that says how each post stands, for the page that is open beside the editor."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from post_builder.document.post import Cell, Post
from post_builder.errors import PostBuilderError
from post_builder.ui.outcomes import Outcome
from post_builder.ui.progress import Progress

NAME = "status.json"
"""The file, in the engine's own folder."""


class StatusFile(Struct):
    """Progress that is shown as before, and written into a file as well.

    The file has an object by the path of each post: its `state` is `stale` from a save until it
    runs or is found fresh, `running` with the number of its `cell`, of how many (`of`), and its
    `name`, `failed` with a `message`, or `fresh`.
    """

    path: Path
    shown: Progress
    posts: dict[str, dict[str, object]] = field(default_factory=dict)

    def problems_found(self, errors: Sequence[PostBuilderError]) -> None:
        """Show them."""
        self.shown.problems_found(errors)

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """A post starts to run, with its kernel first."""
        self.shown.post_started(post, reasons)
        self._set(post.path, "running", cell=0, of=len(post.cells), name="")

    def cell_started(self, post: Post, cell: Cell, where: str = "") -> None:
        """One of its cells starts to run."""
        self.shown.cell_started(post, cell, where)
        number = post.cells.index(cell) + 1
        self._set(post.path, "running", cell=number, of=len(post.cells), name=cell.name)

    def post_ended(self, post: Post, result: str) -> None:
        """The post was built, or it failed: the outcome, which comes last, says why."""
        self.shown.post_ended(post, result)
        self._set(post.path, "failed" if result == "failed" else "fresh", message="")

    def saved(self, posts: Iterable[str]) -> None:
        """Somebody saved posts, and nobody has looked yet whether they must run."""
        for post in posts:
            self._set(post, "stale")

    def ended(self, outcomes: Iterable[Outcome]) -> None:
        """A build is over."""
        for outcome in outcomes:
            if outcome.error:
                self._set(outcome.post, "failed", message=_in_short(outcome.error))
            else:
                self._set(outcome.post, "fresh")

    def close(self) -> None:
        """Nobody watches any more, so nobody knows."""
        with suppress(OSError):
            self._refuse_link()
            self.path.unlink(missing_ok=True)

    def _set(self, post: str, state: str, **more: object) -> None:
        new = {"state": state, **more}
        if self.posts.get(post) != new:
            self.posts[post] = new
            self._write()

    def _write(self) -> None:
        """Replace the file at once; that it cannot be written is no reason to stop building."""
        with suppress(OSError):
            self._refuse_link()
            self.path.parent.mkdir(exist_ok=True)
            new = self.path.with_name(f".{NAME}.tmp")
            new.unlink(missing_ok=True)  # left by a watch that was killed, or a link
            with new.open("x", encoding="utf-8") as file:
                json.dump(self.posts, file)
            new.replace(self.path)

    def _refuse_link(self) -> None:
        folder = self.path.parent
        if folder.resolve() != folder:
            raise OSError(f"a symbolic link leads to {folder}")


def _in_short(error: PostBuilderError) -> str:
    line = error.place.line if error.place else None
    return f"{error.message}, line {line}" if line else error.message
