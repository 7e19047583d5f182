"""Names for the cells of a post, taken from what they define."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import count

from post_builder.document.post import Cell
from post_builder.rendering.downloads.python.blocks_of_code import parsed
from post_builder.rendering.downloads.python.plain_python import as_ipython_reads

_SAY_NOTHING = frozenset({"print", "display", "show"})
"""Functions whose names do not tell one cell from another."""

_MAX = 40
"""Characters of a name that stay readable."""


def choose_names(cells: Iterable[Cell], taken: set[str]) -> Iterator[str]:
    """Yield a name for each cell that has none, and the name of each other.

    Args:
        cells: in their order.
        taken: ids of headings, which no cell may have.
    """
    cells = list(cells)
    used = taken | {cell.options.name for cell in cells if cell.options.name}
    for number, cell in enumerate(cells, 1):
        if cell.options.name:
            yield cell.options.name
            continue
        stem = _slug(_subject(cell.code)) or f"code-{number}"
        numbered = (f"{stem}-{n}" for n in count(2))
        name = stem if stem not in used else next(n for n in numbered if n not in used)
        used.add(name)
        yield name


def _slug(text: str) -> str:
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", text)
    slug = re.sub(r"[^a-z0-9]+", "-", words.lower()).strip("-")[:_MAX].strip("-")
    return slug if slug[:1].isalpha() else ""


def _subject(code: str) -> str:
    """Return the name of what code is about: what it defines, binds last, or calls."""
    tree = parsed(as_ipython_reads(code) or "")
    if tree is None or not tree.body:
        return ""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, definitions):
            return node.name
    if all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree.body):
        return "imports"
    for node in reversed(tree.body):
        if isinstance(node, ast.Assign) and isinstance(node.targets[-1], ast.Name):
            return node.targets[-1].id
    last = tree.body[-1]
    call = last.value if isinstance(last, ast.Expr) else None
    function = call.func if isinstance(call, ast.Call) else None
    name = getattr(function, "attr", "") or getattr(function, "id", "")
    return "" if name in _SAY_NOTHING else str(name)
