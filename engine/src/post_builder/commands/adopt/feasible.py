"""Cells that cannot run, as far as that can be seen without running them."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from post_builder.document.options import Tag
from post_builder.document.post import Cell
from post_builder.rendering.downloads.python.blocks_of_code import bound_names, parsed, used_names
from post_builder.rendering.downloads.python.plain_python import as_ipython_reads

_KNOWN = frozenset(dir(builtins)) | {
    *("display", "get_ipython", "In", "Out", "exit", "quit", "__name__", "__doc__", "_", "__"),
}
_NOT_RUN = {Tag.SKIP_EXECUTION, Tag.STORED_OUTPUT}


def why_not(cells: Sequence[Cell], root: Path) -> Iterator[str]:
    """Yield for each cell why it cannot run, or nothing.

    Args:
        cells: of a Python post, in their order.
        root: of the site, whose modules can be imported.
    """
    bound = set(_KNOWN)
    complete = True
    for cell in cells:
        reason = _reason(cell, bound, root, complete=complete)
        yield reason
        if not reason:
            code = as_ipython_reads(cell.code) or ""
            bound |= bound_names(code)
            complete = complete and not re.search(
                r"\bimport \*|%run|%pylab|\bexec\(|globals\(\)", code
            )


def _reason(cell: Cell, bound: set[str], root: Path, *, complete: bool) -> str:
    tags = cell.options.tags
    if tags & _NOT_RUN or Tag.RAISES_EXCEPTION in tags:
        return ""
    code = as_ipython_reads(cell.code)
    tree = parsed(code) if code is not None else None
    if code is None or tree is None:
        return "it is not valid Python 3" if cell.code.strip() else ""
    if missing := sorted(_missing_modules(tree, root)):
        return f"{', '.join(missing)} is not installed"
    if complete and (unknown := sorted(used_names(code) - bound)):
        return f"{', '.join(unknown)} is not defined above"
    if any(_is_call(node, "input") for node in ast.walk(tree)):
        return "it asks the reader for input"
    return ""


def _is_call(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name


def _missing_modules(tree: ast.Module, root: Path) -> Iterator[str]:
    """Yield the packages that code imports at its top level and that are not there."""
    for node in tree.body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        for package in {name.partition(".")[0] for name in names}:
            if not _is_local(package, root) and find_spec(package) is None:
                yield package


def _is_local(package: str, root: Path) -> bool:
    homes = (root, root / "src")
    return any((home / package).is_dir() or (home / f"{package}.py").is_file() for home in homes)
