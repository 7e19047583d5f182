"""What never counts when outputs are compared: random ids, measured times, a site's patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape

_HEX = "[0-9a-f]"
_UUID = rf"{_HEX}{{8}}[-_](?:{_HEX}{{4}}[-_]){{3}}{_HEX}{{12}}"
_IDS = re.compile(rf"(?<![0-9a-z])(?:{_UUID}|{_HEX}{{32}}|T_{_HEX}{{5}})(?![0-9a-z])")
"""UUIDs, as Bokeh, xarray and itables write them, Altair's names, and those of pandas' Styler."""

_TEXT = re.compile(r"(<pre class=\"(?:output|highlight)[^>]*>.*?</pre>)", re.DOTALL)
"""Text that a cell printed, in which an id is what the author wanted to show."""

_DURATION = r"(?:[\d.]{1,20} ?(?:ns|µs|us|ms|s|min|h)\b ?){1,3}"
_TIMES = re.compile(
    rf"(?:^|(?<=\">))(?:CPU times|Wall time): [^\n]*"
    rf"|(?<![\d.]){_DURATION}± {_DURATION}(?=per loop)"
    rf"|\d[\d,]{{0,20}} loops? each"
    rf"|\bin [\d.]{{1,20}}s(?: \([\d:]{{1,20}}\))?(?= =|\n\n(?:OK|FAILED))",
    re.MULTILINE,
)
"""What `%time`, `%timeit`, unittest and pytest measure."""


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
