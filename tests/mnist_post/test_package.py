"""What holds for the package as a whole."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "mnist_post"
MODULES = sorted(PACKAGE.glob("*.py"))


def functions(path: Path) -> list[ast.FunctionDef]:
    """Return all functions and methods of a file."""
    return [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_everything_public_is_documented(path: Path) -> None:
    """Modules, classes and functions have docstrings."""
    tree = ast.parse(path.read_text())
    documented = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    assert [] == [node.name for node in documented if not ast.get_docstring(node)]
    assert ast.get_docstring(tree)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_functions_are_short(path: Path) -> None:
    """No function is longer than 40 lines, most are under 20."""
    lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(path)}
    assert {} == {name: length for name, length in lengths.items() if length > 40}


def test_the_package_is_small() -> None:
    """A module fits a sitting."""
    assert [] == [path.name for path in MODULES if len(path.read_text().splitlines()) > 200]


OUTDATED = [r"\.cuda\(", r"\bVariable\b", r"\.next\(\)", r"v2\.ToTensor", r"transforms\.ToTensor"]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
@pytest.mark.parametrize("pattern", OUTDATED)
def test_no_outdated_api(path: Path, pattern: str) -> None:
    """Calls that tie code to one make of card, or to yesterday's PyTorch, do not occur."""
    assert not re.search(pattern, path.read_text())


def test_imports_need_no_accelerator() -> None:
    """Importing all modules on a machine without a card neither fails nor warns."""
    names = ", ".join(f"mnist_post.{path.stem}" for path in MODULES if path.stem != "__init__")
    code = f"import sys; sys.path.insert(0, {str(PACKAGE.parent)!r}); import {names}"
    hidden = {"CUDA_VISIBLE_DEVICES": "", "MPLBACKEND": "Agg"}
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, env=hidden)
