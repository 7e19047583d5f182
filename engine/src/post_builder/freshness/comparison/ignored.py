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

_DURATION = r"(?:[0-9.]{1,20}(?:e[+-][0-9][0-9])? ?(?:ns|[µμu]s|ms|s|min|h)\b ?){1,3}"  # two mu
_RATE = r"(?:[0-9.]{1,12}|\?)[kMGTPEZY]?(?: ?([^\W\d]{0,30})/s|s/([^\W\d]{1,30}))"
_TWO = "[0-9][0-9]"
_CLOCK = rf"{_TWO}:{_TWO}"
_NOW = (
    rf"(?:[A-Z][a-z]{{2}}, {_TWO} [A-Z][a-z]{{2}} {_TWO}{_TWO}"
    rf"|{_TWO}{_TWO}-{_TWO}-{_TWO} {_CLOCK}|{_CLOCK}:{_TWO})"
)
_TIMES = re.compile(
    rf"(?:^|(?<=\">))(?:CPU times: (?:(?:user|sys|total):? {_DURATION}(?:, )?){{1,3}}"
    rf"|Wall time: {_DURATION})"
    rf"|(?<![0-9.]){_DURATION}± {_DURATION}(?=per loop)"
    rf"|[0-9][0-9,]{{0,20}} loops? each"
    rf"|\b(?:Date|Time):(?:\s|</?t[dh]>){{4,60}}{_NOW}"
    rf"|\bin [0-9.]{{1,20}}s(?: \([0-9:]{{1,20}}\))?(?= =|\n\n(?:OK|FAILED))"
    rf"|(?<=\[)[0-9][0-9:]{{0,12}}<(?:[0-9][0-9:]{{0,12}}|\?)(?:, {{0,9}}{_RATE})?(?=[],])"
    r"|\bin [0-9.]{1,20}s \([0-9.]{1,20}/s\)"
    rf"|(?<=% Completed \| ) {{0,5}}{_DURATION}"
    r"|(?:\b[0-9]{1,6}s )?\b[0-9]{1,6}[mµu]?s/(?:step|epoch|batch)\b"
    r"|(?<=overhead of testing was )[0-9.]{1,20}(?= seconds)"
    rf"|\b(?:total time=|elapsed: ) {{0,9}}{_DURATION}"
    r"|'(?:train|eval)_(?:runtime|samples_per_second|steps_per_second)': [0-9.]{1,20}",
    re.MULTILINE,
)
"""What `%time`, `%timeit`, unittest, pytest, bars (tqdm, alive-progress, dask, Keras), LightGBM,
scikit-learn, joblib and transformers measure, and when statsmodels made its summary. What of it is
in groups, the unit of a rate, counts."""

_ENTITY = re.compile(r"(&(?:\#\d{1,7}|\#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});)")
_PROSE = frozenset(punctuation) - frozenset(".,%+/:;=()-")
_HTML = frozenset("<>{}\"'&")
_MARKUP = {"value": _PROSE, "region": _HTML, "page": _HTML}
"""What browsers, Liquid or kramdown take for markup unless it is escaped; quotes end attributes."""

_MARK, _MASK = "\ufdd0", "\ufdd1"
"""Behind a character that is markup, and not a text that shows it; in place of what never counts.
No output contains them."""


def comparable(text: str, patterns: Sequence[str] = (), kind: Kind = "page") -> str:
    """Return a text in which what never counts is the same in every run.

    Args:
        text: escaped for HTML, except the result of a session.
        patterns: regular expressions of what else does not count; they see what readers see.
        kind: where the text is.
    """
    for own in (_MARK, _MASK):
        text = text.replace(own, own * 3)
    plain = _Marked.of(_without_ids(text, kind), kind)
    plain = plain.replaced(_TIMES, lambda found: _MASK + "".join(filter(None, found.groups())))
    for pattern in patterns:
        plain = plain.replaced(re.compile(pattern), lambda _: _MASK)
    return str(plain)


def _without_ids(text: str, kind: Kind) -> str:
    """Number the random ids, but for those in text that a cell printed and in addresses."""
    if kind not in _IDS:
        return text
    names: dict[str, str] = {}

    def numbered(found: re.Match[str]) -> str:
        return found["address"] or names.setdefault(found.group(), f"{_MASK}{len(names)}")

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
        markup = _MARKUP[kind]
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
