"""A notebook as a script that runs under plain Python, where nothing of Jupyter is at hand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from post_builder.document.options import UNRUN_TAGS, Tag
from post_builder.document.post import Post
from post_builder.errors import RenderError
from post_builder.rendering.downloads.cells import Notebook, NotebookCell
from post_builder.rendering.downloads.percent import INACTIVE, is_active, percent_script
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

_LEFT_OUT = "Only Jupyter can run this cell"

_HISTORY = re.compile(r"_{1,3}|_\d+|_i{1,3}|_i\d+|_[io]h|In|Out")
"""The names of earlier inputs and results, which only Jupyter keeps."""

_DISPLAY = '''def display(*objects, **options):
    """Print what Jupyter would show."""
    for item in objects:
        print(item)'''


def make_script(post: Post, notebook: Notebook) -> str:
    """Write a notebook as a script, in the percent format.

    Args:
        post: that the notebook was made of, for errors.
        notebook: whose Python code is translated to what plain Python runs.

    Raises:
        RenderError: if the script does not compile: a bug in post-builder.
    """
    code = [cell for cell in notebook.cells if cell.is_code]
    plain = {cell.name: cell for cell in _plain_cells(code)}
    futures, plain_cells = _without_futures(plain)
    cells = [plain_cells.get(cell.name, cell) for cell in notebook.cells]
    first = "\n".join([*futures, *_preamble(plain_cells.values())])
    if first:
        cells = [NotebookCell("script", first), *cells]
    script = percent_script(cells)
    if not compiles(script):
        hint = "this is a bug in post-builder; please report it"
        raise RenderError("internal error: the script does not compile", post.place(1), hint)
    return script


def _plain_cells(cells: Sequence[NotebookCell]) -> Iterator[NotebookCell]:
    """Yield each code cell as a script has it."""
    sources = [plain_python(cell.source) or "" for cell in cells]
    bound = set[str]()
    for index, cell in enumerate(with_new_figures(cells)):
        if UNRUN_TAGS.intersection(cell.tags):
            yield _as_comment(cell)
            continue
        plain = plain_python(cell.source)
        history = [name for name in used_names(plain or "") - bound if _HISTORY.fullmatch(name)]
        bound |= bound_names(plain or "")
        if Tag.RAISES_EXCEPTION in cell.tags:
            later = used_names(*sources[index + 1 :])
            plain = raising(plain) if plain and bound_names(plain) & later else None
            yield _as_comment(cell) if plain is None else replace(cell, source=plain)
        elif plain is None or history:
            reason = f", which uses {', '.join(sorted(history))}" if history else ""
            text = f"{_LEFT_OUT}{reason}:\n{cell.source}"
            yield replace(cell, source=in_comments(text))
        else:
            yield replace(cell, source=plain)


def _as_comment(cell: NotebookCell) -> NotebookCell:
    return replace(cell, tags=(*cell.tags, INACTIVE))


def _without_futures(
    cells: dict[str, NotebookCell],
) -> tuple[list[str], dict[str, NotebookCell]]:
    """Take the imports from `__future__` out of cells: a script has them at its start."""
    found: dict[str, None] = {}
    changed = {}
    for name, cell in cells.items():
        changed[name] = cell
        tree = parsed(cell.source) if is_active(cell) and "__future__" in cell.source else None
        nodes = [node for node in (tree.body if tree else []) if _is_future(node)]
        if nodes:
            lines = cell.source.split("\n")
            for node in reversed(nodes):
                found[ast.unparse(node)] = None
                lines[node.lineno - 1 : node.end_lineno] = [
                    "# at the start of this script:",
                    *(f"# {line}" for line in lines[node.lineno - 1 : node.end_lineno]),
                ]
            changed[name] = replace(cell, source="\n".join(lines))
    return list(found), changed


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _preamble(cells: Iterable[NotebookCell]) -> Iterator[str]:
    """Yield what cells use and Jupyter, or the translation, has without an import."""
    active = [cell.source for cell in cells if is_active(cell)]
    used = used_names(*active)
    modules = {name for name in helpers("\n".join(active)) if name in used}
    if LOOP in used:
        modules.add("asyncio")
    yield from (f"import {name}" for name in sorted(modules))
    if LOOP in used:
        yield f"\n{LOOP} = asyncio.new_event_loop()"
    if "display" in used:
        yield f"\n{_DISPLAY}"
