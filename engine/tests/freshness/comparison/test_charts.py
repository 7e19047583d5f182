"""Interactive charts are compared by value."""

from __future__ import annotations

import base64
import json
import math
from array import array

import pytest

from post_builder.freshness.comparison.charts import chart_drift
from post_builder.freshness.comparison.made import made_drift
from post_builder.freshness.comparison.text import Tolerances

TOLERANCES = Tolerances(1e-6, 1e-12)


def chart(values: object) -> bytes:
    """Return a chart as JSON."""
    return json.dumps({"data": [{"x": values, "name": "a"}]}).encode()


def numbers(values: list[float], kind: str = "d") -> dict[str, str]:
    """Return an array as Plotly writes it."""
    data = base64.b64encode(array(kind, values).tobytes()).decode()
    return {"dtype": {"d": "f8", "f": "f4"}[kind], "bdata": data}


@pytest.mark.parametrize(
    ("before", "now", "drift"),
    [
        ([1, 2], [1, 2], ""),
        ([0.1], [0.1 + 1e-9], ""),
        ([0.1], [0.2], "chart.data[0].x[0]: 0.1 → 0.2"),
        ([1], [2], "chart.data[0].x[0]: 1 → 2"),
        ([1000000], [1000001], "chart.data[0].x[0]: 1000000 → 1000001"),
        (["a"], ["b"], "chart.data[0].x[0]: 'a' → 'b'"),
        ([1], [1, 2], "chart.data[0].x: 1 → 2 values"),
        ([1], {"a": 1}, "chart.data[0].x: [1] → {'a': 1}"),
        (None, 1, "chart.data[0].x: None → 1"),
        (numbers([0.5, 1.5]), numbers([0.5, 1.5 + 1e-9]), ""),
        (numbers([0.5, 1.5]), numbers([0.5, 2.5]), "chart.data[0].x[1]: 1.5 → 2.5"),
        (numbers([0.5], "f"), numbers([0.5]), ""),
        ({"dtype": "x", "bdata": "AA=="}, {"dtype": "x", "bdata": "AA=="}, ""),
        ({"title": None}, {}, "chart.data[0].x.title: None → 'nothing'"),
        ([True], [1], "chart.data[0].x[0]: True → 1"),
        ([math.nan, 0.5], [math.nan, 0.5 + 1e-9], ""),
    ],
)
def test_charts_differ_where_their_values_do(before: object, now: object, drift: str) -> None:
    """Whole numbers and words exactly, other numbers within the tolerance, arrays by content."""
    assert drift == chart_drift(chart(before), chart(now), TOLERANCES)


def test_the_order_of_keys_does_not_count() -> None:
    """A key that is there in one of them does."""
    one, two = b'{"a": 1, "b": 2}', b'{"b": 2, "a": 1}'
    assert chart_drift(one, two, TOLERANCES) == ""
    assert chart_drift(one, b'{"a": 1}', TOLERANCES) == "chart.b: 2 → 'nothing'"


def test_what_is_no_chart_cannot_be_read() -> None:
    """It is a difference, and not an internal error."""
    assert chart_drift(b"{", b"{}", TOLERANCES).startswith("cannot be read: ")


@pytest.mark.parametrize(
    ("path", "before", "now", "drift"),
    [
        ("a.json", b"[1]", b"[2]", "chart[0]: 1 → 2"),
        ("a.html", b"<b>0.1</b>", b"<b>0.1000000001</b>", ""),
        ("a.html", b"<b>a</b>", b"<b>c</b>", "its content differs"),
        (
            "a.html",
            b"<i id='_anim_imgb47de16c1486428aa8bd2bd961174382'>",
            b"<i id='_anim_imgc004a5c41fed4c7aa4f209c566f68127'>",
            "",
        ),
        ("a.mp3", b"ab", b"abc", "2 → 3 bytes, with another content"),
        ("a.mp3", b"ab", b"ab", ""),
        ("a.png", b"no image", b"other", "cannot be decoded"),
    ],
)
def test_files_are_compared_by_what_they_are(
    path: str, before: bytes, now: bytes, drift: str
) -> None:
    """Their extension says it."""
    found = made_drift(path, before, now, TOLERANCES)
    assert found.startswith(drift) if drift else found == ""
