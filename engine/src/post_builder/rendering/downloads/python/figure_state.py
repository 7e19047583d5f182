"""Figures in scripts: a notebook starts each cell without open figures, a script does not."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace

from post_builder.rendering.downloads.cells import NotebookCell
from post_builder.rendering.downloads.python.blocks_of_code import parsed

_PYPLOT = "matplotlib.pyplot"

_EXPLICIT = frozenset({"figure", "subplots", "subplot_mosaic"})
"""Functions of pyplot that start a figure."""

_SETTINGS = frozenset({"rcdefaults", "rc", "ion", "ioff", "show", "close", "switch_backend"})
"""Functions that do not draw."""

_METHODS = frozenset({"plot", "hist", "boxplot"})
"""Methods of data frames that draw into the current figure."""


class _Drawing(Struct, frozen=True):
    """What code has to do with figures."""

    names: tuple[str, ...] = ()
    """Those under which it imports pyplot."""
    methods: tuple[tuple[str, str], ...] = ()
    """What it calls of something, in order: the name of that, if it has one, and the method."""

    def calls(self, names: Collection[str]) -> Iterator[str]:
        """Yield the functions of pyplot, by some names, and methods of data frames, in order."""
        for owner, method in self.methods:
            if owner in names:
                yield method
            elif method in _METHODS and not owner.startswith("ax"):
                yield f".{method}"


def with_new_figures(cells: Sequence[NotebookCell]) -> Iterator[NotebookCell]:
    """Close the figures of earlier cells before code that would draw into them."""
    names: set[str] = set()
    drawn = False
    for cell in cells:
        drawing = _drawing(cell.source)
        if names and drawn and _continues(list(drawing.calls(names))):
            source = f'{min(names)}.close("all")  # as a notebook does between cells\n{cell.source}'
            yield replace(cell, source=source)
        else:
            yield cell
        names |= set(drawing.names)
        drawn = drawn or bool(set(drawing.calls(names)) - _SETTINGS)


@lru_cache(maxsize=1024)  # of `watch`: most cells are as in the build before
def _drawing(code: str) -> _Drawing:
    tree = parsed(code)
    return _Drawing(tuple(_pyplot_names(tree)), tuple(_methods(tree))) if tree else _Drawing()


def _pyplot_names(tree: ast.Module) -> Iterator[str]:
    """Yield the names under which code imports pyplot."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (a.asname for a in node.names if a.name == _PYPLOT and a.asname)
        elif isinstance(node, ast.ImportFrom) and node.module == "matplotlib":
            yield from (a.asname or a.name for a in node.names if a.name == "pyplot")


def _methods(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield the methods that code calls and the names of their objects, in order."""
    found = (node.func for node in ast.walk(tree) if isinstance(node, ast.Call))
    methods = [function for function in found if isinstance(function, ast.Attribute)]
    for function in sorted(methods, key=lambda node: (node.lineno, node.col_offset)):
        owner = function.value
        yield owner.id if isinstance(owner, ast.Name) else "", function.attr


def _continues(calls: Sequence[str]) -> bool:
    """Return whether code draws into the current figure before it starts one of its own."""
    drawing = [name for name in calls if name not in _SETTINGS]
    return bool(drawing) and drawing[0] not in _EXPLICIT
