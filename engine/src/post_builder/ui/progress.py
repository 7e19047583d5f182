"""What a person sees while posts build: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID

    from post_builder.document.post import Cell, Post


class Progress(Protocol):
    """What a build tells of its way."""

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """A post starts to run, and why."""

    def cell_started(self, post: Post, cell: Cell) -> None:
        """One of its cells starts to run."""

    def post_ended(self, post: Post, result: str) -> None:
        """The post is built, or has failed."""


class Silent:
    """For machines."""

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Say nothing."""

    def cell_started(self, post: Post, cell: Cell) -> None:
        """Say nothing."""

    def post_ended(self, post: Post, result: str) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Lines:
    """A line an event, for logs and pipes."""

    stream: TextIO

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Say which post runs and why."""
        self._say(f"{post.path}: {'; '.join(reasons)}")

    def cell_started(self, post: Post, cell: Cell) -> None:
        """Say which cell runs."""
        self._say(f"{post.path}:{cell.line}: {_number(post, cell)} {cell.name}")

    def post_ended(self, post: Post, result: str) -> None:
        """Say how it ended."""
        self._say(f"{post.path}: {result}")

    def _say(self, line: str) -> None:
        print(line, file=self.stream, flush=True)


@dataclass(slots=True)
class Bars:
    """A bar a post, with the name of the cell that runs."""

    display: Display
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Add a bar."""
        self.display.console.print(f"{post.path}: {'; '.join(reasons)}", markup=False)
        self.tasks[post.path] = self.display.add_task("", total=len(post.cells))

    def cell_started(self, post: Post, cell: Cell) -> None:
        """Move the bar on."""
        task = self.tasks[post.path]
        self.display.update(task, completed=post.cells.index(cell), description=cell.name)

    def post_ended(self, post: Post, result: str) -> None:
        """Take the bar away and leave a line."""
        self.display.remove_task(self.tasks.pop(post.path))
        self.display.console.print(f"{post.path}: {result}", markup=False)


def _number(post: Post, cell: Cell) -> str:
    return f"[{post.cells.index(cell) + 1}/{len(post.cells)}]"


@contextmanager
def live(*, silent: bool) -> Iterator[Progress]:
    """Show progress on standard error, as fits what that is; or not at all."""
    if silent:
        yield Silent()
        return
    if not sys.stderr.isatty():
        yield Lines(sys.stderr)
        return
    from rich.console import Console  # noqa: PLC0415  # start-up counts where nothing is stale
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Display  # noqa: PLC0415

    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    text = TextColumn("{task.description}")
    with Display(*columns, text, console=Console(stderr=True)) as display:
        yield Bars(display)
