"""The house keeps its bounds: DESIGN, section 2."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

ENGINE = Path(__file__).resolve().parents[1]
SOURCE = ENGINE / "src" / "post_builder"
MODULES = sorted(SOURCE.rglob("*.py"))

MAX_MODULES = 9
MAX_LINES = 250
MAX_FUNCTION = 40


def test_dependence_goes_one_way(capsys: pytest.CaptureFixture[str]) -> None:
    """No folder imports one above it, and each module is in a layer: pyproject.toml has them."""
    status = lint_imports(str(ENGINE / "pyproject.toml"), no_cache=True)
    assert 0 == status, capsys.readouterr().out


def test_no_folder_has_too_many_modules() -> None:
    """One that has is several ideas."""
    counts = Counter(path.parent.relative_to(SOURCE).as_posix() for path in MODULES)
    assert {} == {folder: n for folder, n in counts.items() if n > MAX_MODULES}


def test_no_module_is_too_long() -> None:
    """A module fits a sitting."""
    lengths = {
        path.relative_to(SOURCE).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in MODULES
    }
    assert {} == {name: length for name, length in lengths.items() if length > MAX_LINES}


def test_no_function_is_too_long() -> None:
    """With its docstring, it fits a screen."""
    lengths = {
        f"{path.relative_to(SOURCE).as_posix()}:{node.lineno} {node.name}": _lines(node)
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {} == {name: length for name, length in lengths.items() if length > MAX_FUNCTION}


def test_values_are_structs() -> None:
    """A data class takes thirty times as long to make, whenever a command imports it."""
    imports = re.compile(r"^\s*(?:from|import) dataclasses\b", re.MULTILINE)
    found = [path for path in MODULES if imports.search(path.read_text(encoding="utf-8"))]
    assert [] == [path.relative_to(SOURCE).as_posix() for path in found]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1
