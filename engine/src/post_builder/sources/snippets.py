"""What a cell's `data-source` names: a piece of the site's Python files, or of another post."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Literal

from post_builder.errors import Place, SnippetError
from post_builder.sources.published_output import printed

_Kind = Literal["symbol", "region", "output"]
_GRAMMAR: dict[_Kind, re.Pattern[str]] = {
    "output": re.compile(
        r"(?P<home>(?:[^/#.][^/#]*/)+[^/#.][^/#]*|[^/#.][^/#]*\.(?:md|markdown))\#(?P<name>[\w:-]+)"
    ),
    "symbol": re.compile(r"(?P<home>\w+(?:\.\w+)*):(?P<name>\w+(?:\.\w+)*)"),
    "region": re.compile(r"(?P<home>\w+(?:\.\w+)*)\#(?P<name>[\w-]+)"),
}
"""`path/to/post.md#cell`, `module:Qualified.name` and `module#region`; the first that fits counts,
so that what has a slash or ends as a post does is no module."""

_MARKER = re.compile(r"\s*#\s*(?P<end>end)?region\b[ \t]*(?P<name>.*?)\s*")
"""A line that opens or closes a region, as editors fold them; they allow titles of many words."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of a file, ready to stand in a post."""

    code: str
    """Dedented; its lines end in `\\n`."""
    places: tuple[Place, ...]
    """Where each line of the code comes from."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The text of a `data-source`, read."""

    kind: _Kind
    home: str
    """A module; for an output the path of a post, relative to the site's root."""
    name: str
    """Of the symbol, the region, or the cell that printed the output."""


def parse_reference(text: str) -> Reference:
    """Read what stands in a cell's `data-source`.

    Raises:
        SnippetError: where it is none of the three forms.
    """
    for kind, form in _GRAMMAR.items():
        if match := form.fullmatch(text):
            return Reference(kind, match["home"], match["name"])
    hint = "write module:Qualified.name, module#region, or path/to/post.md#cell"
    raise SnippetError(f"cannot read data-source {text!r}", hint=hint)


def find_snippet(reference: str, root: Path) -> Snippet:
    """Cut out what a reference names, without importing or running anything.

    Args:
        reference: the text of a cell's `data-source`.
        root: the site; modules are looked up in its `src/`, then in itself.

    Raises:
        SnippetError: where nothing, or more than one thing, bears that name.
    """
    wanted = parse_reference(reference)
    if wanted.kind == "output":
        lines = printed(wanted.home, wanted.name, root)
        return Snippet("".join(f"{text}\n" for text, _ in lines), tuple(at for _, at in lines))
    return _python_snippet(wanted, root)


def _python_snippet(wanted: Reference, root: Path) -> Snippet:
    path = _module_file(wanted.home, root)
    shown = path.relative_to(root).as_posix()
    lines = _lines(path, shown)
    body = _statements_of(lines, shown)
    if wanted.kind == "region":
        numbers = _region_lines(lines, wanted.name, shown)
    else:
        numbers = _symbol_lines(lines, body, wanted.name, shown)
    return _snippet(lines, numbers, shown)


def _lines(path: Path, shown: str) -> list[str]:
    """Read a file's lines; only what Python takes for a line's end is one."""
    try:
        with path.open("rb") as file:
            encoding, _ = tokenize.detect_encoding(file.readline)
        text = path.read_text(encoding=encoding)
    except (UnicodeDecodeError, SyntaxError) as error:
        raise SnippetError(f"cannot be read as text: {error}", Place(shown)) from error
    return text.removesuffix("\n").split("\n")


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


def _region_lines(lines: list[str], name: str, shown: str) -> range:
    """Give the numbers of the lines between `# region NAME` and its `# endregion`."""
    starts = []
    for number, line in enumerate(lines, 1):
        marker = _MARKER.fullmatch(line)
        if marker and not marker["end"] and marker["name"] == name:
            starts.append(number)
    if len(starts) != 1:
        message = f"there is no `# region {name}`" if not starts else f"region {name} stands twice"
        raise SnippetError(message, Place(shown, starts[-1] if starts else None))
    depth = 1
    for number in range(starts[0] + 1, len(lines) + 1):
        marker = _MARKER.fullmatch(lines[number - 1])
        if marker:
            depth += -1 if marker["end"] else 1
        if depth == 0:
            return range(starts[0] + 1, number)
    raise SnippetError(f"region {name} has no # endregion", Place(shown, starts[0]))


def _statements_of(lines: list[str], shown: str) -> list[ast.stmt]:
    try:
        return _parsed("\n".join(lines)).body
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        raise SnippetError(f"not valid Python: {error}", Place(shown, line)) from error


@lru_cache(maxsize=64)
def _parsed(source: str) -> ast.Module:
    """Parse a module once, though a post takes many symbols from it."""
    return ast.parse(source)


def _symbol_lines(lines: list[str], body: list[ast.stmt], name: str, shown: str) -> range:
    """Give the numbers of a symbol's lines, its decorators and leading comment included."""
    node: ast.stmt | None = None
    for part in name.split("."):
        found = [(bound, stmt) for stmt in _statements(body) for bound in _bound_names(stmt)]
        nodes = [stmt for bound, stmt in found if bound == part]
        if not nodes:
            near = get_close_matches(part, [bound for bound, _ in found], 1)
            hint = f"did you mean {near[0]}?" if near else ""
            raise SnippetError(f"there is no {name} in it", Place(shown), hint)
        if len(nodes) > 1:
            numbers = " and ".join(str(stmt.lineno) for stmt in nodes)
            message = f"{name} is defined more than once, on lines {numbers}"
            raise SnippetError(
                message, Place(shown, nodes[-1].lineno), "mark it as a region instead"
            )
        node = nodes[0]
        body = getattr(node, "body", [])
    assert node is not None and node.end_lineno is not None  # noqa: S101, PT018  # name has a part
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    return range(_with_leading_comment(lines, start), node.end_lineno + 1)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a scope, those under `if`, `try` and `with` included."""
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


def _with_leading_comment(lines: list[str], start: int) -> int:
    """Move a start up over the comment lines that touch it, at the same indentation."""
    indent = re.match(r"\s*", lines[start - 1])
    comment = f"{indent.group() if indent else ''}#"
    while start > 1 and lines[start - 2].startswith(comment) and not _is_marker(lines[start - 2]):
        start -= 1
    return start


def _is_marker(line: str) -> bool:
    """Tell a region's marker from a comment such as `# region of interest`, which readers keep."""
    marker = _MARKER.fullmatch(line)
    return marker is not None and " " not in marker["name"]


def _snippet(lines: list[str], numbers: Iterable[int], shown: str) -> Snippet:
    """Dedent some lines; region markers in them, and blank lines around them, are left out."""
    kept = [number for number in numbers if not _is_marker(lines[number - 1])]
    while kept and not lines[kept[0] - 1].strip():
        kept.pop(0)
    while kept and not lines[kept[-1] - 1].strip():
        kept.pop()
    indented = bool(kept) and lines[kept[0] - 1][:1].isspace()
    frozen = _string_lines(lines) if indented else set()
    code = [number for number in kept if number not in frozen and lines[number - 1].strip()]
    indents = (len(lines[n - 1]) - len(lines[n - 1].lstrip()) for n in code)
    width = min(indents, default=0)
    texts = [lines[n - 1] if n in frozen else _dedent(lines[n - 1], width) for n in kept]
    places = tuple(Place(shown, n, lines[n - 1]) for n in kept)
    return Snippet("".join(f"{text}\n" for text in texts), places)


def _dedent(line: str, width: int) -> str:
    """Take up to `width` blanks off a line's start."""
    return line[min(width, len(line) - len(line.lstrip())) :]


def _string_lines(lines: list[str]) -> set[int]:
    """Find the lines that begin inside a string whose text dedenting would change.

    A docstring's indentation means nothing, so its lines move with the code.
    """
    inside: set[int] = set()
    line_start = True
    for token in tokenize.generate_tokens(io.StringIO("\n".join([*lines, ""])).readline):
        is_string = token.type in {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
        if is_string and not line_start:
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        if token.type not in {tokenize.COMMENT, tokenize.NL}:
            line_start = token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    return inside
