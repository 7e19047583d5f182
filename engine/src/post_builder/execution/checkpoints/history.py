"""What happens between the cells of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from post_builder.execution.observations import Observations, read_log
from post_builder.execution.run import CellRun
from post_builder.sources.transclusion import PreparedCell

Executed = list[tuple[PreparedCell, NotebookNode]]
"""What has run so far, with the outputs as they come."""


class History:
    """A run from the first cell on, of which nothing is kept."""

    def __init__(self, log: Path) -> None:
        """Take the file in which the kernel notes what it reads."""
        self.log = log

    def restore(self, executed: Executed) -> list[CellRun]:
        """Return the cells that need not run, and add them to what has run."""
        del executed
        return []

    async def between(self, cells: Sequence[CellRun], executed: Executed) -> None:
        """Take note of the cells that have run before the next one does."""

    @property
    def remark(self) -> str:
        """What the author should know of it."""
        return ""

    def observations(self) -> Observations:
        """Return what the whole post read, wrote and listed."""
        return read_log(self.log)
