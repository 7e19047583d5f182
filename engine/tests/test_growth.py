"""What is measured gets into documents whole, and into figures where it belongs."""

from __future__ import annotations

import itertools
import re
import runpy
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
put = runpy.run_path(str(BENCHMARKS / "document.py"))["put"]
draw = runpy.run_path(str(BENCHMARKS / "lines.py"))["draw"]


def test_only_what_is_between_the_marks_is_replaced(tmp_path: Path) -> None:
    """Twice the same text gives the same document."""
    path = tmp_path / "a.md"
    path.write_text(
        "# A\n\n<!-- x -->\nold\n<!-- /x -->\n\n<!-- y -->\nkept\n<!-- /y -->\n", "utf-8"
    )
    expected = "# A\n\n<!-- x -->\n\nnew\n\n<!-- /x -->\n\n<!-- y -->\nkept\n<!-- /y -->\n"
    for _ in range(2):
        put(path, "x", "new\n")
        assert expected == path.read_text("utf-8")


def test_a_mark_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    """A table must not get lost without a word, and the document stays."""
    path = tmp_path / "a.md"
    path.write_text("# A\n\n<!-- x -->\n<!-- /x -->\n", "utf-8")
    with pytest.raises(ValueError, match="unpack"):
        put(path, "z", "new\n")
    assert "# A\n\n<!-- x -->\n<!-- /x -->\n" == path.read_text("utf-8")


def test_ten_times_as_much_is_as_far_everywhere() -> None:
    """Both axes are logarithmic."""
    svg = draw("Seconds", "posts", {"a": [(1, 0.1), (10, 1), (100, 10)], "b": [(1, 1), (100, 10)]})
    points = re.findall(r'points="([^"]*)"', svg)[0].split()
    (x1, y1), (x2, y2), (x3, y3) = [tuple(map(float, point.split(","))) for point in points]
    assert x3 - x2 == pytest.approx(x2 - x1)
    assert y2 - y3 == pytest.approx(y1 - y2, abs=0.2)
    assert x3 > x2
    assert y3 < y2


def test_no_label_is_upon_another() -> None:
    """Lines that end at one height have labels below one another."""
    svg = draw("Seconds", "posts", {name: [(1, 1), (100, 10)] for name in ("one", "two", "three")})
    labels = [float(y) for y in re.findall(r'y="([\d.]+)" fill', svg)]
    assert [15, 15] == [after - before for before, after in itertools.pairwise(labels)]
