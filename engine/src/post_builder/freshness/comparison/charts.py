"""Whether two charts show the same: their descriptions value by value."""

from __future__ import annotations

import base64
import json
import math
from array import array
from collections.abc import Iterator

from post_builder.freshness.comparison.text import Tolerances

_TYPES = {
    "i1": "b",
    "u1": "B",
    "i2": "h",
    "u2": "H",
    "i4": "i",
    "u4": "I",
    "i8": "q",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
}
"""Types of arrays that Plotly writes as Base64, and Python's names for them."""

_MISSING = "nothing"
"""In place of a value that is not there: null is one, with which Vega leaves out a title."""


def chart_drift(published: bytes, fresh: bytes, tolerances: Tolerances) -> str:
    """Return where two charts differ first; an empty string if they show the same.

    Args:
        published: a chart as JSON.
        fresh: another.
        tolerances: how much numbers that are not whole may differ.
    """
    if published == fresh:
        return ""
    try:
        before, now = json.loads(published), json.loads(fresh)
        return next(_differences(before, now, tolerances, "chart"), "")
    except (ValueError, RecursionError) as error:
        return f"cannot be read: {error}"


def _differences(before: object, now: object, tolerances: Tolerances, path: str) -> Iterator[str]:
    before, now = _values(before), _values(now)
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            pair = before.get(key, _MISSING), now.get(key, _MISSING)
            yield from _differences(*pair, tolerances, f"{path}.{key}")
    elif isinstance(before, list) and isinstance(now, list):
        if len(before) != len(now):
            yield f"{path}: {len(before)} → {len(now)} values"
        for index, (a, b) in enumerate(zip(before, now, strict=False)):
            yield from _differences(a, b, tolerances, f"{path}[{index}]")
    elif (type(before), before) != (type(now), now) and not _close(before, now, tolerances):
        yield f"{path}: {before!r} → {now!r}"


def _close(before: object, now: object, tolerances: Tolerances) -> bool:
    if not (isinstance(before, float) and isinstance(now, float)):
        return False
    if math.isnan(before) and math.isnan(now):
        return True
    return math.isclose(before, now, rel_tol=tolerances.relative, abs_tol=tolerances.absolute)


def _values(value: object) -> object:
    """Return the numbers of an array that is written as Base64; anything else as it is."""
    if not isinstance(value, dict) or not {"dtype", "bdata"} <= value.keys():
        return value
    kind = _TYPES.get(str(value["dtype"]))
    data = base64.b64decode(value["bdata"])
    if kind is None or len(data) % array(kind).itemsize:
        return value
    return [*array(kind, data), value.get("shape")]
