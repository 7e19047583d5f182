"""What happens between the cells of a run."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

from nbformat import NotebookNode

from post_builder.errors import ExecutionError
from post_builder.execution.observations import Observations, are_notes, parse_log
from post_builder.execution.run import CellRun
from post_builder.place import Place
from post_builder.sources.transclusion import PreparedCell

Executed = list[tuple[PreparedCell, NotebookNode]]
"""What has run so far, with the outputs as they come."""


class History:
    """A run from the first cell on, of which nothing is kept."""

    def __init__(self, log: Path, place: Place) -> None:
        """Take the file in which the kernel notes what it reads.

        Args:
            log: the file.
            place: that errors name.
        """
        self.log, self._place = log, place

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
        """Return what the whole post read, wrote and listed.

        Raises:
            ExecutionError: if that is not known.
        """
        return parse_log(self.notes())

    def notes(self) -> bytes:
        """Return what the kernel has noted so far.

        Raises:
            ExecutionError: if the file is gone, or had no room for all: the post would be taken for
                one that read nothing.
        """
        hint = "look at the free space for temporary files, and at what removes them; build again"
        try:
            mode = self.log.lstat().st_mode
            is_whole = bool(mode & stat.S_IWUSR)
            notes = self.log.read_bytes() if stat.S_ISREG(mode) else None  # a pipe never ends
        except OSError as error:
            message = f"what the post read is not known: {self.log} is gone ({error.strerror})"
            raise ExecutionError(message, self._place, hint) from error
        if notes is None or not are_notes(notes):
            message = f"what the post read is not known: a cell wrote to {self.log}"
            raise ExecutionError(message, self._place)
        if not is_whole:
            message = f"not all that the post read is known: there was no room for it in {self.log}"
            raise ExecutionError(message, self._place, hint)
        return notes
