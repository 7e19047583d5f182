"""Python code in blocks: indenting it, and what it binds."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Sequence
from functools import lru_cache

from msgspec import Struct

_INDENT = "    "


def parsed(code: str) -> ast.Module | None:
    """Parse code, which may await at its top level; None if it is not Python."""
    try:
        return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def compiles(code: str) -> bool:
    """Return whether plain Python accepts some code."""
    try:
        compile(code, "<cell>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def indent(code: str) -> str | None:
    """Indent code, except the inner lines of strings; None if it is not Python."""
    tree = parsed(code)
    if tree is None:
        return None
    strings = (ast.Constant, ast.JoinedStr)
    inner = {
        number
        for node in ast.walk(tree)
        if isinstance(node, strings) and node.end_lineno is not None
        for number in range(node.lineno + 1, node.end_lineno + 1)
    }
    return "\n".join(
        f"{_INDENT}{line}" if line and number not in inner else line
        for number, line in enumerate(code.split("\n"), 1)
    )


class _Statement(Struct, frozen=True):
    """What a statement at the top level of some code, or in a block there, does with names."""

    read: frozenset[str]
    """Those that it reads first."""
    targets: frozenset[str]
    """Those that it then binds for its blocks."""
    blocks: tuple[tuple[_Statement, ...], ...]
    bound: frozenset[str]
    """All that are bound after it."""
    is_function: bool


def bound_names(code: str) -> frozenset[str]:
    """Return the names that code binds at its top level."""
    tables = _tables(code)
    symbols = tables[0].get_symbols() if tables else []
    return frozenset(s.get_name() for s in symbols if s.is_assigned() or s.is_imported())


def used_names(*codes: str) -> set[str]:
    """Return the names that code reads and has not bound before.

    Args:
        codes: one after another; what is not Python reads nothing.
    """
    return _used([statement for code in codes for statement in _statements(code)], set())


def _used(statements: Sequence[_Statement], bound: set[str]) -> set[str]:
    """Return the names that statements read without having bound them; add those they bind."""
    used = set[str]()
    in_the_end = bound.union(*(statement.bound for statement in statements))
    for statement in statements:
        # a function reads names when it is called: its own, and those of functions below it
        used |= statement.read - (in_the_end if statement.is_function else bound)
        inner = bound | statement.targets
        for block in statement.blocks:
            used |= _used(block, set(inner))
        bound |= statement.bound
    return used


@lru_cache(maxsize=1024)  # of `watch`: most cells are as in the build before
def _statements(code: str) -> tuple[_Statement, ...]:
    tree = parsed(code)
    return tuple(map(_statement, tree.body)) if tree else ()


def _statement(node: ast.stmt) -> _Statement:
    heads, targets, bodies = _parts(node)
    none = frozenset[str]()
    return _Statement(
        none.union(*(_read_names(ast.unparse(head)) for head in heads)),
        none.union(*(bound_names(f"{target} = 0") for target in targets)),
        tuple(tuple(map(_statement, body)) for body in bodies),
        bound_names(ast.unparse(node)),
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef),
    )


def _parts(statement: ast.stmt) -> tuple[list[ast.AST], list[str], list[list[ast.stmt]]]:
    """Return what a statement reads first, the targets it then binds, and its blocks."""
    if isinstance(statement, ast.For | ast.AsyncFor):
        return [statement.iter], [ast.unparse(statement.target)], [statement.body, statement.orelse]
    if isinstance(statement, ast.With | ast.AsyncWith):
        contexts: list[ast.AST] = [item.context_expr for item in statement.items]
        targets = [ast.unparse(i.optional_vars) for i in statement.items if i.optional_vars]
        return contexts, targets, [statement.body]
    if isinstance(statement, ast.If | ast.While):
        return [statement.test], [], [statement.body, statement.orelse]
    return [statement], [], []


def _read_names(code: str) -> set[str]:
    """Return the names that code reads from the top level, in functions as well."""
    return {
        symbol.get_name()
        for table in _tables(code)
        for symbol in table.get_symbols()
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
    }


def _tables(code: str) -> list[symtable.SymbolTable]:
    """Return the symbol table of the top level, then those of functions and classes."""
    try:
        tables = [symtable.symtable(code, "<cell>", "exec")]
    except (SyntaxError, ValueError, RecursionError):
        return []
    for table in tables:
        tables += table.get_children()
    return tables


def awaits(code: str) -> bool:
    """Return whether code awaits outside any function, which plain Python does not allow."""
    return not compiles(code) and _compiles_with_await(code)


def _compiles_with_await(code: str) -> bool:
    try:
        compile(code, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
