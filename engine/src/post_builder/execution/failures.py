"""Errors of cells and values, with the lines of the post and of transcluded sources."""

from __future__ import annotations

import re
import signal
from collections.abc import Sequence

from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

from post_builder.document.post import Post
from post_builder.errors import ExecutionError, RaisedError
from post_builder.sources.transclusion import PreparedCell

_IN_CELL = re.compile(r"Cell In\[(\d+)\], line (\d+)")
"""How IPython names the line of a cell in a traceback."""

_IN_FILE = re.compile(r" \(\d+\.py, line \d+\)$")
"""How it ends a syntax error."""

_RAISED = re.compile(r"^[A-Za-z_][\w.]*: .*", re.MULTILINE)
"""The line of a traceback that says what was raised."""

Executed = Sequence[tuple[PreparedCell, NotebookNode]]
"""The cells that have run so far, the failing one last, with their notebook cells."""


def cell_failure(
    post: Post,
    cells: Executed,
    what: str,
    hint: str = "",
    *,
    kind: type[ExecutionError] = ExecutionError,
) -> ExecutionError:
    """Return an error that names the last cell as a whole."""
    cell, node = cells[-1]
    place = post.place(cell.cell.line)
    message = f"cell {cell.name} {what}"
    return kind(message, place, hint, cell.origin[:1], _printed(node))


def cell_exception(post: Post, cells: Executed, error: CellExecutionError) -> RaisedError:
    """Return an error that names the line of the last cell that raised."""
    from rich.text import Text  # noqa: PLC0415  # only failures need it

    cell, node = cells[-1]
    # IPython reports some errors, such as unknown magics, on stderr only
    errors = [output for output in node.outputs if output["output_type"] == "error"]
    traceback = Text.from_ansi("\n".join(errors[-1]["traceback"] if errors else [])).plain
    frames = _frames(traceback, cells)
    own = next((line for owner, line in reversed(frames) if owner is cell), 1)
    trail = [owner.origin[line - 1] for owner, line in frames if 0 < line <= len(owner.origin)]
    in_post = own <= post.at(cell.cell.body).count(cell.cell.newline)
    place = post.place(cell.cell.line + (own if in_post else 0))
    message = f"cell {cell.name} raised {_reason(error, traceback)}"
    detail = "\n".join(filter(None, [_printed(node), traceback]))
    return RaisedError(message, place, trail=tuple(trail), detail=detail)


def death(status: int | None) -> str:
    """Return how a kernel ended, in words.

    Args:
        status: its exit status, or the negative number of a signal; None if it is unknown.
    """
    if status is None:
        return "the kernel died"
    if status >= 0:
        return f"the kernel ended with status {status}"
    named = {int(known): known.name for known in signal.Signals}
    return f"the kernel was ended by {named.get(-status, f'signal {-status}')}"


def cause(error: CellExecutionError) -> str:
    """Return the message of an exception, without the name of IPython's file for the cell."""
    return _IN_FILE.sub("", error.evalue)


def _reason(error: CellExecutionError, traceback: str) -> str:
    """Return the kind and the message of an exception.

    IPython loses both if the exception came from showing a result; the traceback has them.
    """
    if error.ename != type(None).__name__:
        return f"{error.ename}: {cause(error)}"
    named = _RAISED.findall(traceback)
    return str(named[-1]) if named else "an exception"


def _frames(traceback: str, cells: Executed) -> Sequence[tuple[PreparedCell, int]]:
    """Find the lines of cells in a traceback, outermost first."""
    by_number = {node.execution_count: cell for cell, node in cells}
    found = [(int(number), int(line)) for number, line in _IN_CELL.findall(traceback)]
    return [(by_number[number], line) for number, line in found if number in by_number]


def _printed(node: NotebookNode) -> str:
    """Return what a cell printed, as an error shows it."""
    streams = [o["text"] for o in node.outputs if o["output_type"] == "stream"]
    return "printed:\n" + "".join(streams).rstrip("\n") if streams else ""
