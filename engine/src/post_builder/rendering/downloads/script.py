"""A notebook as a script that runs under plain Python, where nothing of Jupyter is at hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

import jupytext
from nbformat import NotebookNode
from nbformat.v4 import new_notebook

from post_builder.document.options import Tag
from post_builder.document.post import Post
from post_builder.errors import RenderError
from post_builder.rendering.downloads.nodes import code_cell
from post_builder.rendering.downloads.python.blocks_of_code import (
    bound_names,
    compiles,
    parsed,
    used_names,
)
from post_builder.rendering.downloads.python.figure_state import with_new_figures
from post_builder.rendering.downloads.python.magics import helpers
from post_builder.rendering.downloads.python.plain_python import (
    LOOP,
    in_comments,
    plain_python,
    raising,
)

_ALWAYS_COMMENTS = "active-ipynb"
"""Jupytext's tag of cells that are comments in a script."""

_LEFT_OUT = "Only Jupyter can run this cell"

_HISTORY = re.compile(r"_{1,3}|_\d+|_i{1,3}|_i\d+|_[io]h|In|Out")
"""The names of earlier inputs and results, which only Jupyter keeps."""

_DISPLAY = '''def display(*objects, **options):
    """Print what Jupyter would show."""
    for item in objects:
        print(item)'''


def make_script(post: Post, notebook: NotebookNode) -> str:
    """Write a notebook as a script, in Jupytext's percent format.

    Args:
        post: that the notebook was made of, for errors.
        notebook: whose Python code is translated to what plain Python runs.

    Raises:
        RenderError: if the script does not compile: a bug in post-builder.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    plain = dict(zip((cell.id for cell in code), _plain_cells(code), strict=True))
    futures, plain_cells = _without_futures(plain)
    cells = [plain_cells.get(cell.id, cell) for cell in notebook.cells]
    first = "\n".join([*futures, *_preamble(plain_cells.values())])
    if first:
        cells = [code_cell(first, "script", {}), *cells]
    options = {
        "notebook_metadata_filter": "-all",
        "cell_metadata_filter": "tags",
        "comment_magics": False,  # there are none any more
    }
    metadata = {**notebook.metadata, "jupytext": options}
    script: str = jupytext.writes(new_notebook(cells=cells, metadata=metadata), fmt="py:percent")
    if not compiles(script):
        hint = "this is a bug in post-builder; please report it"
        raise RenderError("internal error: the script does not compile", post.place(1), hint)
    return script


def _plain_cells(cells: Sequence[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield each code cell as a script has it."""
    sources = [plain_python(cell.source) or "" for cell in cells]
    bound = set[str]()
    for index, cell in enumerate(with_new_figures(cells)):
        tags = set(cell.metadata.get("tags", ()))
        if tags & {Tag.SKIP_EXECUTION, Tag.STORED_OUTPUT}:
            yield _as_comment(cell)
            continue
        plain = plain_python(cell.source)
        history = [name for name in used_names(plain or "") - bound if _HISTORY.fullmatch(name)]
        bound |= bound_names(plain or "")
        if Tag.RAISES_EXCEPTION in tags:
            later = used_names(*sources[index + 1 :])
            plain = raising(plain) if plain and bound_names(plain) & later else None
            yield _as_comment(cell) if plain is None else _with_source(cell, plain)
        elif plain is None or history:
            reason = f", which uses {', '.join(sorted(history))}" if history else ""
            text = f"{_LEFT_OUT}{reason}:\n{cell.source}"
            yield _with_source(cell, in_comments(text))
        else:
            yield _with_source(cell, plain)


def _as_comment(cell: NotebookNode) -> NotebookNode:
    tags = [*sorted(cell.metadata.get("tags", ())), _ALWAYS_COMMENTS]
    return code_cell(cell.source, cell.id, {"tags": tags})


def _with_source(cell: NotebookNode, source: str) -> NotebookNode:
    return code_cell(source, cell.id, cell.metadata)


def _without_futures(
    cells: dict[str, NotebookNode],
) -> tuple[list[str], dict[str, NotebookNode]]:
    """Take the imports from `__future__` out of cells: a script has them at its start."""
    found: dict[str, None] = {}
    changed = {}
    for name, cell in cells.items():
        changed[name] = cell
        active = _ALWAYS_COMMENTS not in cell.metadata.get("tags", ())
        tree = parsed(cell.source) if active and "__future__" in cell.source else None
        nodes = [node for node in (tree.body if tree else []) if _is_future(node)]
        if nodes:
            lines = cell.source.split("\n")
            for node in reversed(nodes):
                found[ast.unparse(node)] = None
                lines[node.lineno - 1 : node.end_lineno] = [
                    "# at the start of this script:",
                    *(f"# {line}" for line in lines[node.lineno - 1 : node.end_lineno]),
                ]
            changed[name] = _with_source(cell, "\n".join(lines))
    return list(found), changed


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _preamble(cells: Iterable[NotebookNode]) -> Iterator[str]:
    """Yield what cells use and Jupyter, or the translation, has without an import."""
    active = [c.source for c in cells if _ALWAYS_COMMENTS not in c.metadata.get("tags", ())]
    used = used_names(*active)
    modules = {name for name in helpers("\n".join(active)) if name in used}
    if LOOP in used:
        modules.add("asyncio")
    yield from (f"import {name}" for name in sorted(modules))
    if LOOP in used:
        yield f"\n{LOOP} = asyncio.new_event_loop()"
    if "display" in used:
        yield f"\n{_DISPLAY}"
