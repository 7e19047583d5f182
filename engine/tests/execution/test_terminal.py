"""Text that other programs and C code write to the terminal, and where it arrives."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from post_builder.execution.run import CellRun, Run

pytestmark = pytest.mark.slow

Runner = Callable[[str], Run]

MIXED = """```python
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None)
print("a"); os.system("echo b"); print("c")
libc.printf(b"d\\n"); print("e")
subprocess.run(["echo", "f"]); print("g", end="")
os.write(1, "ü".encode()[:1]); os.write(1, "ü".encode()[1:] + b"\\n")
_ = os.system("echo h; echo i >&2")
libc.printf(b"j");
```
"""

SHOWN = """```python
import os
_ = os.system("echo before")
display(1)
_ = os.system("echo between")
2
```
"""


def _stream(cell: CellRun, name: str) -> str:
    streams = [output for output in cell.outputs if output.get("name") == name]
    return "".join(output["text"] for output in streams)


def test_text_from_outside_python_arrives_in_order(run: Runner) -> None:
    """Between what Python printed before and after it; the last of it in its cell as well."""
    (cell,) = run(MIXED).cells
    assert "a\nb\nc\nd\ne\nf\ngü\nh\nj" == _stream(cell, "stdout")
    assert "i\n" == _stream(cell, "stderr")


def test_text_from_outside_python_stays_before_what_is_shown_next(run: Runner) -> None:
    """A figure, a value or the result of a cell does not overtake it."""
    (cell,) = run(SHOWN).cells
    kinds = [output.get("text") or output["data"]["text/plain"] for output in cell.outputs]
    assert ["before\n", "1", "between\n", "2"] == kinds


def test_text_from_outside_python_arrives_with_its_cell(run: Runner) -> None:
    """Never with the next one, however many there are and however much they write."""
    cells = [
        f'```python\n_ = os.system("seq {n}000 {n}999; echo {n} >&2")\n```\n' for n in range(1, 31)
    ]
    _, *ran = run("\n".join(["```python\nimport os\n```\n", *cells])).cells
    for n, cell in enumerate(ran, 1):
        lines = list(map(int, _stream(cell, "stdout").split()))
        assert (n * 1000, n * 1000 + 999, 1000) == (lines[0], lines[-1], len(lines))
        assert all(b - a == 1 for a, b in pairwise(lines))
        assert f"{n}\n" == _stream(cell, "stderr")


def test_streams_look_as_they_do_without_the_engine(run: Runner) -> None:
    """Forked processes write to them too, and a class is that of ipykernel."""
    body = (
        "```python\nimport sys, multiprocessing\nprint(type(sys.stdout))\n"
        'child = multiprocessing.get_context("fork").Process(target=print, args=("child",))\n'
        "child.start(); child.join(); print(child.exitcode)\n```\n"
    )
    (cell,) = run(body).cells
    lines = _stream(cell, "stdout").split("\n")
    assert "<class 'ipykernel.iostream.OutStream'>" == lines[0]
    assert ["", "0", "child"] == sorted(lines[1:])


HALVES = """```python
import sys
print("a\\udcffb")
print("c\\ud800d", file=sys.stderr)
print("é")
```
"""


def test_halves_of_characters_are_written_as_by_a_script(run: Runner) -> None:
    """A byte of a file's name that is not UTF-8 on stdout, and its number on stderr."""
    (cell,) = run(HALVES).cells
    assert "a\N{REPLACEMENT CHARACTER}b\né\n" == _stream(cell, "stdout")
    assert "c\\ud800d\n" == _stream(cell, "stderr")
