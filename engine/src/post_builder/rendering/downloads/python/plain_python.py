"""The code of a notebook's cell as plain Python, which has no magics and no running event loop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec import Struct

from post_builder.rendering.downloads.python.blocks_of_code import (
    awaits,
    bound_names,
    compiles,
    indent,
    parsed,
)
from post_builder.rendering.downloads.python.magics import Magic, in_plain_python

if TYPE_CHECKING:
    from IPython.core.inputtransformer2 import TransformerManager

LOOP = "event_loop"
"""The name of the event loop in scripts."""

_CALLS = {
    "run_line_magic": "line",
    "run_cell_magic": "cell",
    "system": "system",
    "getoutput": "getoutput",
}


class _Replacement(Struct, frozen=True):
    """A statement that plain Python cannot run, and what takes its place."""

    first: int
    """Its first line, counted from 1."""
    last: int
    text: str


@lru_cache(maxsize=1024)  # of `watch`: most cells are as in the build before
def plain_python(source: str) -> str | None:
    """Translate the code of a cell; None if plain Python has nothing to run in its place.

    Magics, shell commands and `await` outside functions are translated. A magic without a
    counterpart becomes a comment.
    """
    code = _without_magics(source)
    if code is not None and awaits(code):
        code = _in_a_coroutine(code)
    return code if code is not None and compiles(code) else None


def in_comments(text: str) -> str:
    """Write some text as comments."""
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def raising(code: str) -> str | None:
    """Wrap code that must raise, so that the script goes on; None if that cannot be done."""
    inner = indent(code)
    if inner is None:
        return None
    lines = [
        "try:",
        inner,
        "except Exception as error:",
        '    print(f"{type(error).__name__}: {error}")',
    ]
    wrapped = "\n".join(lines)
    return wrapped if compiles(wrapped) else None


def _without_magics(source: str) -> str | None:
    """Replace what only IPython understands."""
    code = as_ipython_reads(source)
    if code is None or (tree := parsed(code)) is None:
        return None
    if "get_ipython" not in code:
        return code
    lines = code.split("\n")
    for found in sorted(_replacements(tree, lines), key=lambda found: -found.first):
        lines[found.first - 1 : found.last] = found.text.split("\n")
    return "\n".join(lines)


def as_ipython_reads(source: str) -> str | None:
    """Return code in which magics are calls of `get_ipython()`; None if it is not Python."""
    if parsed(source) is not None and not source.lstrip().startswith("%%"):
        return source  # IPython would drop blank lines and prompts
    try:
        code: str = _transformer().transform_cell(source)
    except SyntaxError:
        return None
    return code.rstrip("\n")


@lru_cache(maxsize=1)
def _transformer() -> TransformerManager:
    from IPython.core.inputtransformer2 import TransformerManager  # noqa: PLC0415  # slow to import

    return TransformerManager()  # type: ignore[no-untyped-call]


def _replacements(tree: ast.Module, lines: list[str]) -> Iterator[_Replacement]:
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            for statement in getattr(node, field, None) or []:
                if isinstance(statement, ast.Expr | ast.Assign) and _mentions_ipython(statement):
                    yield _replacement(statement, lines, nested=node is not tree)


def _mentions_ipython(statement: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Name) and node.id == "get_ipython" for node in ast.walk(statement)
    )


def _replacement(statement: ast.stmt, lines: list[str], *, nested: bool) -> _Replacement:
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    written = "\n".join(lines[first - 1 : last])
    magic = _magic(statement)
    plain = _translated(statement, magic)
    if plain is None:
        left_out = f"{_target(statement)}{magic}" if magic else written.strip()
        plain = in_comments(left_out) + ("\npass" if nested else "")
    space = re.match(r"\s*", written)
    prefix = space.group() if space else ""
    return _Replacement(first, last, "\n".join(f"{prefix}{line}" for line in plain.split("\n")))


def _magic(statement: ast.stmt) -> Magic | None:
    """Return the magic that a statement is, alone or as the value of an assignment."""
    call = getattr(statement, "value", None)
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
        return None
    owner = call.func.value
    known = call.func.attr in _CALLS and isinstance(owner, ast.Call)
    if not known or not isinstance(owner.func, ast.Name) or owner.func.id != "get_ipython":  # type: ignore[attr-defined]
        return None
    words = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
    if len(words) != len(call.args) or not all(isinstance(word, str) for word in words):
        return None
    if call.func.attr in {"system", "getoutput"}:
        return Magic(_CALLS[call.func.attr], "", *words[:1])  # type: ignore[arg-type]
    return Magic(_CALLS[call.func.attr], *words)  # type: ignore[arg-type]


def _translated(statement: ast.stmt, magic: Magic | None) -> str | None:
    plain = in_plain_python(magic) if magic else None
    if plain is None or magic is None:
        return None
    if isinstance(statement, ast.Assign):
        plain = f"{_target(statement)}{plain}" if magic.kind == "getoutput" else None
    elif magic.kind == "cell":
        plain = _without_magics(plain)
    return plain if plain is not None and parsed(plain) is not None else None


def _target(statement: ast.stmt) -> str:
    """Return `x = ` of an assignment; nothing for another statement."""
    if not isinstance(statement, ast.Assign):
        return ""
    return f"{' = '.join(map(ast.unparse, statement.targets))} = "


def _in_a_coroutine(code: str) -> str | None:
    """Await in a function, which may bind the script's names."""
    inner = indent(code)
    if inner is None:
        return None
    names = ", ".join(sorted(bound_names(code)))
    scope = [f"    global {names}"] if names else []
    lines = ["async def cell():", *scope, inner, f"{LOOP}.run_until_complete(cell())"]
    return "\n".join(lines)
