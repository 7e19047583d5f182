"""Figures in scripts: a notebook starts each cell without open figures, a script does not."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from post_builder.rendering.downloads.python.blocks_of_code import parsed

_PYPLOT = "matplotlib.pyplot"

_EXPLICIT = frozenset({"figure", "subplots", "subplot_mosaic"})
"""Functions of pyplot that start a figure."""

_SETTINGS = frozenset({"rcdefaults", "rc", "ion", "ioff", "show", "close", "switch_backend"})
"""Functions that do not draw."""

_METHODS = frozenset({"plot", "hist", "boxplot"})
"""Methods of data frames that draw into the current figure."""


def with_new_figures(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Close the figures of earlier cells before code that would draw into them."""
    names: set[str] = set()
    drawn = False
    for cell in cells:
        tree = parsed(cell.source)
        calls = list(_calls(tree, names)) if tree else []
        if names and drawn and _continues(calls):
            source = f'{min(names)}.close("all")  # as a notebook does between cells\n{cell.source}'
            yield new_code_cell(source, id=cell.id, metadata=cell.metadata)
        else:
            yield cell
        if tree:
            names |= set(_pyplot_names(tree))
            drawn = drawn or bool(set(_calls(tree, names)) - _SETTINGS)


def _pyplot_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names under which code imports pyplot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.asname for a in node.names if a.name == _PYPLOT and a.asname)
        elif isinstance(node, ast.ImportFrom) and node.module == "matplotlib":
            yield from (a.asname or a.name for a in node.names if a.name == "pyplot")


def _calls(tree: ast.Module, names: set[str]) -> Iterator[str]:
    """Yield the functions of pyplot, and the methods of data frames, that code calls, in order."""
    found = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    methods = [function for function in found if isinstance(function, ast.Attribute)]
    for function in sorted(methods, key=lambda node: (node.lineno, node.col_offset)):
        owner = function.value
        name = owner.id if isinstance(owner, ast.Name) else ""
        if name in names:
            yield function.attr
        elif function.attr in _METHODS and not name.startswith("ax"):
            yield f".{function.attr}"


def _continues(calls: Sequence[str]) -> bool:
    """Return whether code draws into the current figure before it starts one of its own."""
    drawing = [name for name in calls if name not in _SETTINGS]
    return bool(drawing) and drawing[0] not in _EXPLICIT
