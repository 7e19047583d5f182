"""The rules of the house (DESIGN, section 2; STYLE), kept by a machine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted(ROOT.joinpath("src").rglob("*.py"))
POSTS = sorted(ROOT.joinpath("_posts").rglob("*.md"))
LONGEST = 40
"""Lines that a function may have."""


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_there_is_a_house_to_look_at() -> None:
    """The tests below look at something."""
    assert {"mnist_post", "post_builder"} <= {path.parent.name for path in MODULES}
    assert POSTS


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_packages_never_import_each_other(path: Path) -> None:
    """The engine knows nothing of MNIST, the lecture nothing of the engine."""
    others = {"mnist_post": "post_builder", "post_builder": "mnist_post"}
    package = path.relative_to(ROOT / "src").parts[0]
    assert others.get(package) not in set(_imported(ast.parse(path.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("path", POSTS, ids=_name)
def test_posts_import_neither_package(path: Path) -> None:
    """A reader needs no package of ours."""
    found = re.findall(
        r"^\s*(?:from|import)\s+(\w+)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert not {"mnist_post", "post_builder"}.intersection(found)


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_functions_are_short_and_what_is_public_is_documented(path: Path) -> None:
    """No function is over 40 lines; each public module, class and function says what it is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    functions = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno >= LONGEST]
    assert [] == long
    classes = [n for n in tree.body if isinstance(n, ast.ClassDef) and not n.name.startswith("_")]
    members = [member for body in (tree.body, *(c.body for c in classes)) for member in body]
    public = [m for m in members if isinstance(m, kinds | ast.ClassDef)]
    bare = [n.name for n in public if not n.name.startswith("_") and not ast.get_docstring(n)]
    assert [] == bare
    assert ast.get_docstring(tree) or not tree.body
