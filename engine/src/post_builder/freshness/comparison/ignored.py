"""What never counts when outputs are compared: random ids, measured times, a site's patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

_HEX = "[0-9a-f]"
_UUID = rf"{_HEX}{{8}}[-_](?:{_HEX}{{4}}[-_]){{3}}{_HEX}{{12}}"
_IDS = re.compile(
    rf"(?:(?<![0-9a-z])(?:{_UUID}|T_{_HEX}{{5}})|(?<![0-9a-f]){_HEX}{{32}})(?![0-9a-z])"
)
"""UUIDs, as Bokeh, xarray, Plotly and itables write them, the names of Altair and of matplotlib's
animations, and those of pandas' Styler."""

_TEXT = re.compile(r"(<pre class=\"(?:output|highlight)[^>]*>.*?</pre>)", re.DOTALL)
"""Text that a cell printed, in which an id is what the author wanted to show."""

_DURATION = r"(?:[\d.]{1,20} ?(?:ns|[µμu]s|ms|s|min|h)\b ?){1,3}"  # two Unicode letters are mu
_NOW = r"(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d)"
_TIMES = re.compile(
    rf"(?:^|(?<=\">))(?:CPU times|Wall time): [^\n]*"
    rf"|(?<![\d.]){_DURATION}± {_DURATION}(?=per loop)"
    rf"|\d[\d,]{{0,20}} loops? each"
    rf"|\b(?:Date|Time):(?:\s|</?t[dh]>){{4,60}}{_NOW}"
    rf"|\bin [\d.]{{1,20}}s(?: \([\d:]{{1,20}}\))?(?= =|\n\n(?:OK|FAILED))"
    r"|\[\d[\d:]{0,12}<[^\]\[\n]{0,200}\]|\bin [\d.]{1,20}s \([\d.]{1,20}/s\)"
    rf"|(?<=% Completed \| ) {{0,5}}{_DURATION}"
    r"|(?:\b\d{1,6}s )?\b\d{1,6}[mµu]?s/(?:step|epoch|batch)\b"
    r"|(?<=overhead of testing was )[\d.]{1,20}(?= seconds)"
    rf"|\b(?:total time=|elapsed: ) {{0,9}}{_DURATION}"
    r"|'(?:train|eval)_(?:runtime|samples_per_second|steps_per_second)': [\d.]{1,20}",
    re.MULTILINE,
)
"""What `%time`, `%timeit`, unittest, pytest, bars (tqdm, alive-progress, dask, Keras), LightGBM,
scikit-learn, joblib and transformers measure, and when statsmodels made its summary."""


def comparable(text: str, patterns: Sequence[str] = ()) -> str:
    """Return a text in which what never counts is the same in every run.

    Args:
        text: an output region, or a value; HTML-escaped or plain.
        patterns: regular expressions of what else does not count.
    """
    names: dict[str, str] = {}
    pieces = _TEXT.split(text)
    for index in range(0, len(pieces), 2):  # the others are text that a cell printed
        pieces[index] = _IDS.sub(
            lambda found: names.setdefault(found.group(), f"id-{len(names)}"), pieces[index]
        )
    plain = _TIMES.sub("…", unescape("".join(pieces)))
    for pattern in patterns:
        plain = re.sub(pattern, "…", plain)
    return plain
