"""Python code in blocks: indenting it, and what it binds."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Sequence

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


def bound_names(code: str) -> set[str]:
    """Return the names that code binds at its top level."""
    tables = _tables(code)
    symbols = tables[0].get_symbols() if tables else []
    return {symbol.get_name() for symbol in symbols if symbol.is_assigned() or symbol.is_imported()}


def used_names(code: str) -> set[str]:
    """Return the names that code reads and has not bound before."""
    tree = parsed(code)
    return _used(tree.body, set()) if tree else set()


def _used(statements: Sequence[ast.stmt], bound: set[str]) -> set[str]:
    """Return the names that statements read without having bound them; add those they bind."""
    used = set[str]()
    in_the_end = bound.union(*(bound_names(ast.unparse(s)) for s in statements))
    for statement in statements:
        heads, targets, bodies = _parts(statement)
        # a function reads names when it is called: its own, and those of functions below it
        is_function = isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        known = in_the_end if is_function else bound
        used |= set[str]().union(*(_read_names(ast.unparse(head)) for head in heads)) - known
        inner = bound | {name for target in targets for name in bound_names(f"{target} = 0")}
        for body in bodies:
            used |= _used(body, set(inner))
        bound |= bound_names(ast.unparse(statement))
    return used


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
