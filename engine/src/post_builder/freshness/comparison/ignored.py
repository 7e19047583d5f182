"""What never counts when outputs are compared: random ids, measured times, a site's patterns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from html import unescape
from string import punctuation
from typing import Literal

from msgspec import Struct

Kind = Literal["page", "region", "value", "session"]
"""Where a text is: a file of HTML, an output region, a value in prose, the result of a session."""

_HEX = "[0-9a-f]"
_UUID = rf"{_HEX}{{8}}[-_](?:{_HEX}{{4}}[-_]){{3}}{_HEX}{{12}}"
_ADDRESS = r"\b(?:href|src)=\"(?!\#)[^\"]*\""
_IDS = {
    "page": re.compile(
        rf"(?P<address>{_ADDRESS})|(?:(?<![0-9a-z])(?:{_UUID}|T_{_HEX}{{5}})"
        rf"|(?<![0-9a-f]){_HEX}{{32}})(?![0-9a-z])"
    ),
    "region": re.compile(rf"(?P<address>{_ADDRESS})|(?<![0-9a-z]){_UUID}(?![0-9a-z])"),
}
"""In pages UUIDs, as Bokeh, xarray, Plotly and itables write them, the names of Altair and of
matplotlib's animations, and those of pandas' Styler. In regions nothing is named, and what is left
are UUIDs that readers see, such as those of Dask; what looks like a digest is one."""

_TEXT = re.compile(r"(<pre class=\"(?:output|highlight)[^>]*>.*?</pre>)", re.DOTALL)
"""Text that a cell printed, in which an id is what the author wanted to show."""

_DURATION = r"(?:[\d.]{1,20}(?:e[+-]\d\d)? ?(?:ns|[µμu]s|ms|s|min|h)\b ?){1,3}"  # two mu
_RATE = r"(?:[\d.]{1,12}|\?)[kMGTPEZY]?(?: ?([^\W\d]{0,30})/s|s/([^\W\d]{1,30}))"
_NOW = r"(?:[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4}|\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d)"
_TIMES = re.compile(
    rf"(?:^|(?<=\">))(?:CPU times: (?:(?:user|sys|total):? {_DURATION}(?:, )?){{1,3}}"
    rf"|Wall time: {_DURATION})"
    rf"|(?<![\d.]){_DURATION}± {_DURATION}(?=per loop)"
    rf"|\d[\d,]{{0,20}} loops? each"
    rf"|\b(?:Date|Time):(?:\s|</?t[dh]>){{4,60}}{_NOW}"
    rf"|\bin [\d.]{{1,20}}s(?: \([\d:]{{1,20}}\))?(?= =|\n\n(?:OK|FAILED))"
    rf"|(?<=\[)\d[\d:]{{0,12}}<(?:\d[\d:]{{0,12}}|\?)(?:, {{0,9}}{_RATE})?(?=[],])"
    r"|\bin [\d.]{1,20}s \([\d.]{1,20}/s\)"
    rf"|(?<=% Completed \| ) {{0,5}}{_DURATION}"
    r"|(?:\b\d{1,6}s )?\b\d{1,6}[mµu]?s/(?:step|epoch|batch)\b"
    r"|(?<=overhead of testing was )[\d.]{1,20}(?= seconds)"
    rf"|\b(?:total time=|elapsed: ) {{0,9}}{_DURATION}"
    r"|'(?:train|eval)_(?:runtime|samples_per_second|steps_per_second)': [\d.]{1,20}",
    re.MULTILINE,
)
"""What `%time`, `%timeit`, unittest, pytest, bars (tqdm, alive-progress, dask, Keras), LightGBM,
scikit-learn, joblib and transformers measure, and when statsmodels made its summary. What of it is
in groups, the unit of a rate, counts."""

_ENTITY = re.compile(r"(&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});)")
_MARKUP = {"value": frozenset(punctuation) - frozenset(".,%+/:;=()-")}
"""What browsers, Liquid or kramdown take for markup unless it is escaped; in HTML only brackets."""
_BRACKETS = frozenset("<>{}")

_MARK = "\ufdd0"
"""Behind a character that is markup, and not a text that shows it; no output contains it."""


def comparable(text: str, patterns: Sequence[str] = (), kind: Kind = "page") -> str:
    """Return a text in which what never counts is the same in every run.

    Args:
        text: escaped for HTML, except the result of a session.
        patterns: regular expressions of what else does not count; they see what readers see.
        kind: where the text is.
    """
    plain = _Marked.of(_without_ids(text, kind), kind)
    plain = plain.replaced(_TIMES, lambda found: "…" + "".join(filter(None, found.groups())))
    for pattern in patterns:
        plain = plain.replaced(re.compile(pattern), lambda _: "…")
    return str(plain)


def _without_ids(text: str, kind: Kind) -> str:
    """Number the random ids, but for those in text that a cell printed and in addresses."""
    if kind not in _IDS:
        return text
    names: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return found["address"] or names.setdefault(found.group(), f"id-{len(names)}")

    pieces = _TEXT.split(text)
    pieces[::2] = [_IDS[kind].sub(numbered, piece) for piece in pieces[::2]]
    return "".join(pieces)


class _Marked(Struct, frozen=True):
    """A text as readers see it, which knows what of it is markup."""

    text: str
    marks: bytes
    """A byte for each character: 1 where it is markup."""

    @classmethod
    def of(cls, text: str, kind: Kind) -> _Marked:
        if kind == "session":
            return cls(text, bytes(len(text)))
        markup = _MARKUP.get(kind, _BRACKETS)
        pieces = _ENTITY.split(text)
        marks = [bytes(char in markup for char in piece) for piece in pieces]
        pieces[1::2] = map(unescape, pieces[1::2])
        marks[1::2] = [bytes(len(piece)) for piece in pieces[1::2]]
        return cls("".join(pieces), b"".join(marks))

    def replaced(
        self, pattern: re.Pattern[str], replacement: Callable[[re.Match[str]], str]
    ) -> _Marked:
        """Return the text with something else for what a pattern matches."""
        texts, marks, position = [], [], 0
        for found in pattern.finditer(self.text):
            new = replacement(found)
            texts += [self.text[position : found.start()], new]
            marks += [self.marks[position : found.start()], bytes(len(new))]
            position = found.end()
        return _Marked(
            "".join([*texts, self.text[position:]]), b"".join([*marks, self.marks[position:]])
        )

    def __str__(self) -> str:
        """Return the text with a mark behind all markup."""
        if not any(self.marks):
            return self.text
        pairs = zip(self.text, self.marks, strict=True)
        return "".join(f"{char}{_MARK}" if mark else char for char, mark in pairs)
