"""Scripts in the percent format: a line `# %%` starts a cell, and prose is comments.

Jupytext reads this format, and the tests compare what is written here with what Jupytext writes.
It does not write it in a build: importing it takes 0.3 seconds of processor time, more than all
else that a change of prose needs (measured with 1.19; `benchmarks/words.py` measures the whole).
https://jupytext.readthedocs.io/en/latest/formats-scripts.html#the-percent-format
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterable, Sequence

from post_builder.rendering.downloads.cells import NotebookCell
from post_builder.rendering.downloads.python.blocks_of_code import parsed

INACTIVE = "active-ipynb"
"""Jupytext's tag of code that is comments in a script."""

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def percent_script(cells: Sequence[NotebookCell]) -> str:
    """Return cells as a script, with as many empty lines between them as PEP 8 asks for.

    Args:
        cells: whose active code is plain Python.
    """
    parts: list[str] = []
    below: ast.stmt | None = None
    for cell in reversed(cells):
        code = _statements(cell)
        parts.append("\n" * _empty_lines(cell, code, below))
        parts.append("".join(f"{line}\n" for line in _lines(cell)))
        below = code[0] if code else below
    return "".join(reversed(parts))


def is_active(cell: NotebookCell) -> bool:
    """Return whether a script runs a cell."""
    return cell.is_code and INACTIVE not in cell.tags


def _lines(cell: NotebookCell) -> Iterable[str]:
    """Yield the lines of a cell; what is not code of the script has no line that Python runs."""
    yield _marker(cell)
    if not is_active(cell):
        yield from (f"# {line}" if line else "#" for line in f"{cell.source}\n".splitlines())
    elif cell.source:
        yield cell.source


def _marker(cell: NotebookCell) -> str:
    if not cell.is_code:
        return "# %% [markdown]"
    return f"# %% tags={json.dumps(cell.tags)}" if cell.tags else "# %%"


def _statements(cell: NotebookCell) -> Sequence[ast.stmt]:
    tree = parsed(cell.source) if is_active(cell) else None
    return tree.body if tree else ()


def _empty_lines(cell: NotebookCell, code: Sequence[ast.stmt], below: ast.stmt | None) -> int:
    """Return how many empty lines are between a cell and the next: two around a definition.

    Args:
        cell: the one above.
        code: its statements.
        below: the first statement of those that follow, whatever comments are before it.
    """
    if not code or below is None:
        return 1
    if isinstance(code[-1], _DEFINITIONS):
        return 2
    last = cell.source.rpartition("\n")[2]
    is_comment = last.startswith("#") or not last.strip()
    return 2 if isinstance(below, _DEFINITIONS) and not is_comment else 1
