"""The options of a cell: the kramdown attribute list on the line right under its fence."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches

TAGS = frozenset(
    {
        "hide-input",
        "hide-output",
        "remove-output",
        "raises-exception",
        "skip-execution",
        "nbval-ignore-output",
        "trusted-html",
    }
)
"""Classes with a meaning, under the names that Jupyter Book, MyST-NB and nbval gave them."""

ATTRIBUTES = frozenset(
    {"data-source", "data-alt", "data-caption", "data-timeout", "data-tolerance"}
)
"""Attributes with a meaning."""

_NEAR = 0.8
"""How alike a word and a known one must be to be taken for a slip of the pen."""

LINE = re.compile(r"\{:(?![:/])(?P<body>(?:\\\}|[^}])*)\}[ \t]*$")
"""An attribute list alone on its line; inside it kramdown wants `}` written as `\\}`."""

_WORD = re.compile(
    r"""\s+|\#(?P<id>[A-Za-z][\w:-]*)|\.(?P<cls>[^\s.\#]+)
      |(?P<key>\w[\w:-]*)=(?P<q>["'])(?P<value>(?:\\\}|\\(?P=q)|(?!(?P=q))[^}])*)(?P=q)
      |(?P<bare>[^\s.#]\S*)""",
    re.VERBOSE,
)


class OptionError(ValueError):
    """An attribute list that says something other than its author meant."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a cell's attribute list says."""

    name: str | None = None
    source: str | None = None
    """What a transcluded cell's text comes from, as `snippets` reads it."""
    alt: str | None = None
    caption: str | None = None
    timeout: float | None = None
    """Seconds."""
    tolerance: float | None = None
    tags: frozenset[str] = frozenset()
    """Those of `TAGS` that are set."""


def parse_options(body: str) -> Options:
    """Read what stands between `{:` and `}`.

    Raises:
        OptionError: for a near miss of a known option, or a value of the wrong kind.
    """
    name: str | None = None
    classes: list[str] = []
    attributes: dict[str, str] = {}
    position = 0
    while position < len(body):
        word = _WORD.match(body, position)
        if word is None:
            raise OptionError(f"kramdown cannot read {body[position:].strip()!r}")
        if position and word["key"] and not body[position - 1].isspace():
            raise OptionError(f"kramdown wants a blank before {word.group()}")
        position = word.end()
        if word["id"]:
            name = word["id"]
        elif word["cls"]:
            classes.append(word["cls"])
        elif word["key"]:
            attributes[word["key"]] = re.sub(rf"\\([}}{word['q']}])", r"\1", word["value"])
        elif word["bare"]:
            _refuse_bare(word["bare"])
    for class_ in classes:
        _refuse_near_miss(class_, TAGS, ".")
    for key in attributes:
        _refuse_near_miss(key, ATTRIBUTES, "")
    return Options(
        name=name,
        source=attributes.get("data-source"),
        alt=attributes.get("data-alt"),
        caption=attributes.get("data-caption"),
        timeout=_number(attributes, "data-timeout", "a number above 0"),
        tolerance=_number(attributes, "data-tolerance", "a number that is not negative"),
        tags=TAGS.intersection(classes),
    )


def _refuse_bare(word: str) -> None:
    """Kramdown takes a bare word for a reference to another list, and drops it silently."""
    if near := get_close_matches(word, sorted(TAGS), 1, _NEAR):
        raise OptionError(f"{word!r} has no effect without a dot: write .{near[0]}")
    if "=" in word:
        raise OptionError(f"{word!r} needs quotes around its value")


def _refuse_near_miss(word: str, known: frozenset[str], mark: str) -> None:
    if word in known:
        return
    if f"data-{word}" in known:
        raise OptionError(f"unknown option {word}: did you mean data-{word}?")
    if near := get_close_matches(word, sorted(known), 1, _NEAR):
        raise OptionError(f"unknown option {mark}{word}: did you mean {mark}{near[0]}?")


def _number(attributes: dict[str, str], key: str, wanted: str) -> float | None:
    if key not in attributes:
        return None
    try:
        number = float(attributes[key])
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf") or (number == 0 and "above" in wanted):
        raise OptionError(f"{key} must be {wanted}: {attributes[key]!r}")
    return number
