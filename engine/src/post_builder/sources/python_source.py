"""Finding symbols and regions in the Python files of a site, without importing them."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

from post_builder.errors import SnippetError, similar
from post_builder.place import Place
from post_builder.sources.reference import Reference
from post_builder.sources.snippet import MARKER, Snippet, SourceFile, is_marker


def python_snippet(wanted: Reference, root: Path) -> Snippet:
    """Cut out a symbol or a region.

    Args:
        wanted: a reference of kind `symbol` or `region`.
        root: the site; modules are looked up in its `src/`, then in the site itself.

    Raises:
        SnippetError: if nothing, or more than one thing, has that name.
    """
    file = _read(_module_file(wanted.home, root), root)
    if wanted.kind == "region":
        _module_body(file)  # a region of a broken file is refused, too
        return file.cut(_region_lines(file, wanted.name))
    return file.cut(_symbol_lines(file, wanted.name))


def _module_file(module: str, root: Path) -> Path:
    parts = module.split(".")
    for base in (root / "src", root):
        for path in (
            base.joinpath(*parts).with_suffix(".py"),
            base.joinpath(*parts, "__init__.py"),
        ):
            if path.is_file():
                return path
    hint = f"looked for {'/'.join(parts)}.py in src/ and at the site's root"
    raise SnippetError(f"there is no module {module}", hint=hint)


def _read(path: Path, root: Path) -> SourceFile:
    """Read the lines of a file; only what ends a line for Python ends a line here."""
    name = path.relative_to(root).as_posix()
    try:
        with path.open("rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
        text = path.read_text(encoding=encoding)
    except (UnicodeDecodeError, SyntaxError) as error:
        raise SnippetError(f"cannot be read as text: {error}", Place(name)) from error
    return SourceFile(name, tuple(text.removesuffix("\n").split("\n")))


def _region_lines(file: SourceFile, name: str) -> range:
    """Return the line numbers between `# region NAME` and its `# endregion`."""
    starts = []
    for number, line in enumerate(file.lines, 1):
        marker = MARKER.fullmatch(line)
        if marker and not marker["end"] and marker["name"] == name:
            starts.append(number)
    if len(starts) != 1:
        problem = f"region {name} is defined twice" if starts else f"there is no `# region {name}`"
        raise SnippetError(problem, Place(file.name, starts[-1] if starts else None))
    depth = 1
    for number in range(starts[0] + 1, len(file.lines) + 1):
        marker = MARKER.fullmatch(file.lines[number - 1])
        if marker:
            depth += -1 if marker["end"] else 1
        if depth == 0:
            return range(starts[0] + 1, number)
    raise SnippetError(f"region {name} has no # endregion", Place(file.name, starts[0]))


def _module_body(file: SourceFile) -> list[ast.stmt]:
    try:
        return _parse("\n".join(file.lines)).body
    except (SyntaxError, ValueError) as error:
        place = Place(file.name, getattr(error, "lineno", None))
        raise SnippetError(f"not valid Python: {error}", place) from error


@lru_cache(maxsize=64)  # a post may take many symbols from one module
def _parse(source: str) -> ast.Module:
    return ast.parse(source)


def _symbol_lines(file: SourceFile, name: str) -> range:
    """Return the line numbers of a symbol, with its decorators and the comment above it."""
    body = _module_body(file)
    node: ast.stmt | None = None
    for part in name.split("."):
        node = _definition(file, body, name, part)
        body = getattr(node, "body", [])
    assert node is not None and node.end_lineno is not None  # noqa: S101, PT018  # split yields a part
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return range(_with_leading_comment(file.lines, start), node.end_lineno + 1)


def _definition(file: SourceFile, body: list[ast.stmt], name: str, part: str) -> ast.stmt:
    """Find the one statement of a scope that defines a part of a qualified name."""
    found = [(bound, stmt) for stmt in _statements(body) for bound in _bound_names(stmt)]
    nodes = [stmt for bound, stmt in found if bound == part]
    if not nodes:
        near = similar(part, [bound for bound, _ in found], 1)
        hint = f"did you mean {near[0]}?" if near else ""
        raise SnippetError(f"there is no {name} in it", Place(file.name), hint)
    if len(nodes) > 1:
        numbers = " and ".join(str(stmt.lineno) for stmt in nodes)
        message = f"{name} is defined more than once, on lines {numbers}"
        place = Place(file.name, nodes[-1].lineno)
        raise SnippetError(message, place, "mark it as a region instead")
    return nodes[0]


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, including those under `if`, `try` and `with`."""
    for stmt in body:
        yield stmt
        if isinstance(stmt, ast.If | ast.Try | ast.With):
            for part in ("body", "orelse", "finalbody"):
                yield from _statements(getattr(stmt, part, []))
            for handler in getattr(stmt, "handlers", []):
                yield from _statements(handler.body)


def _bound_names(stmt: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement defines."""
    if isinstance(stmt, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield stmt.name
    targets = stmt.targets if isinstance(stmt, ast.Assign) else [getattr(stmt, "target", None)]
    if isinstance(stmt, ast.Assign | ast.AnnAssign):
        for node in (node for target in targets for node in ast.walk(target or stmt)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                yield node.id


def _with_leading_comment(lines: tuple[str, ...], start: int) -> int:
    """Move a start up over the comment lines directly above it, at the same indentation."""
    indent = re.match(r"\s*", lines[start - 1])
    comment = f"{indent.group() if indent else ''}#"
    while start > 1 and lines[start - 2].startswith(comment) and not is_marker(lines[start - 2]):
        start -= 1
    return start
