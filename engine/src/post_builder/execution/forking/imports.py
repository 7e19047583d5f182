"""What a post imports of the libraries that templates may import for it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

PRELOADED = frozenset({"matplotlib", "numpy"})
"""Libraries that may be imported before a post does.

Each is here because a test compares what a post can see afterwards with a kernel of its own: what
is imported, names in modules, filters of warnings, the environment. Posts import all others
themselves.
"""

_NOT_PYTHON = re.compile(r"^[ \t]*[%!?].*$", re.MULTILINE)
"""Lines that are commands of IPython."""

Statement = tuple[str, tuple[str, ...]]
"""The name of a module, and the names that are imported from it."""


def imports_of(cells: Iterable[str]) -> tuple[Statement, ...]:
    """Return the imports of preloaded libraries in some code, each once and in order."""
    found = (statement for code in cells for statement in _statements(code))
    wanted = (item for item in found if item[0].partition(".")[0] in PRELOADED)
    return tuple(dict.fromkeys(wanted))


@lru_cache(maxsize=1024)  # of `watch`: most cells are as in the build before
def _statements(code: str) -> tuple[Statement, ...]:
    try:
        tree = ast.parse(_NOT_PYTHON.sub("", code))
    except (SyntaxError, ValueError):
        return ()  # the cell will say so
    return tuple(statement for node in ast.walk(tree) for statement in _of_node(node))


def _of_node(node: ast.AST) -> Iterator[Statement]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.name, ()
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.module, tuple(alias.name for alias in node.names if alias.name != "*")
