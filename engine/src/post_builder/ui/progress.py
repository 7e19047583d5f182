"""What people see while posts build: a live display on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from msgspec import Struct, field

from post_builder.document.post import Cell, Post
from post_builder.errors import PostBuilderError
from post_builder.ui.printing import show, visible

if TYPE_CHECKING:
    from rich.progress import Progress as Display
    from rich.progress import TaskID


class Progress(Protocol):
    """What a build reports while it runs."""

    def problems_found(self, errors: Sequence[PostBuilderError]) -> None:
        """All that is wrong with the text of posts, before the first of the others runs."""

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """A post starts to run, and why."""

    def cell_started(self, post: Post, cell: Cell, where: str = "") -> None:
        """One of its cells starts to run, on this machine or on a worker."""

    def post_ended(self, post: Post, result: str) -> None:
        """The post was built, or it failed."""


class Silent:
    """No output, for programs."""

    def problems_found(self, errors: Sequence[PostBuilderError]) -> None:
        """Do nothing."""

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Do nothing."""

    def cell_started(self, post: Post, cell: Cell, where: str = "") -> None:
        """Do nothing."""

    def post_ended(self, post: Post, result: str) -> None:
        """Do nothing."""


class Lines(Struct, frozen=True):
    """One line per event, for logs and pipes."""

    stream: TextIO

    def problems_found(self, errors: Sequence[PostBuilderError]) -> None:
        """Print them."""
        for error in errors:
            self._print(f"{error}\n")

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Print which post runs and why."""
        self._print(f"{post.path}: {'; '.join(reasons)}")

    def cell_started(self, post: Post, cell: Cell, where: str = "") -> None:
        """Print which cell runs."""
        number = f"[{post.cells.index(cell) + 1}/{len(post.cells)}]"
        self._print(f"{post.path}:{cell.line}: {number} {cell.name} {where}".rstrip())

    def post_ended(self, post: Post, result: str) -> None:
        """Print how it ended."""
        self._print(f"{post.path}: {result}")

    def _print(self, line: str) -> None:
        show(line, self.stream)


class Bars(Struct):
    """One progress bar per post, with the name of the running cell."""

    display: Display
    tasks: dict[str, TaskID] = field(default_factory=dict)

    def problems_found(self, errors: Sequence[PostBuilderError]) -> None:
        """Print them above the bars."""
        for error in errors:
            self.display.console.print(visible(f"{error}\n"), markup=False)

    def post_started(self, post: Post, reasons: list[str]) -> None:
        """Add a bar."""
        self.display.console.print(visible(f"{post.path}: {'; '.join(reasons)}"), markup=False)
        self.tasks[post.path] = self.display.add_task("", total=len(post.cells))

    def cell_started(self, post: Post, cell: Cell, where: str = "") -> None:
        """Advance the bar."""
        task = self.tasks[post.path]
        self.display.update(
            task, completed=post.cells.index(cell), description=f"{cell.name} {where}".rstrip()
        )

    def post_ended(self, post: Post, result: str) -> None:
        """Replace the bar by a line."""
        self.display.remove_task(self.tasks.pop(post.path))
        self.display.console.print(visible(f"{post.path}: {result}"), markup=False)


@contextmanager
def live(*, silent: bool) -> Iterator[Progress]:
    """Show progress on standard error in the form that suits it, or not at all."""
    if silent:
        yield Silent()
        return
    if not sys.stderr.isatty():
        yield Lines(sys.stderr)
        return
    # start-up time counts if nothing is stale
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Display  # noqa: PLC0415

    columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    text = TextColumn("{task.description}")
    with Display(*columns, text, console=Console(stderr=True)) as display:
        yield Bars(display)
