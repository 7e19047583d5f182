"""No text makes the search for a secret take more than time in proportion to its length."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from re import _constants as codes  # type: ignore[attr-defined]  # reads what `re` compiles
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

import pytest

from post_builder.rendering.text.secret_patterns import PATTERNS
from post_builder.rendering.text.secrets import find_secret

SIZE = 20_000
"""Characters of the smaller of two texts."""

LARGER = 4
"""How many times as long the larger one is."""

RATIO = 9.0
"""How much longer it may take: 4 times by proportion, 16 times if time grew by the square."""

UNMEASURABLE = 0.02
"""Seconds below which the clock says little."""

ENDS = ("", "_", " ", "=", "!")
"""What comes last: some character cannot follow the beginning of any secret."""


def _example(items: Iterable[tuple[Any, Any]]) -> str:
    """Return a text that a parsed pattern matches, as short as it may be but for empty parts."""
    return "".join(_piece(code, value) for code, value in items)


def _piece(code: Any, value: Any) -> str:  # of the parser
    if code is codes.LITERAL:
        return chr(value)
    if code is codes.IN:
        return _member(value)
    if code in {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}:
        low, high, items = value
        return _example(items) * int(max(low, min(1, high)))
    parts = {codes.SUBPATTERN: lambda: value[-1], codes.BRANCH: lambda: value[1][0]}
    return _example(parts[code]()) if code in parts else ""  # the others have no length


def _member(items: Iterable[tuple[Any, Any]]) -> str:
    """Return a character of a class: a letter where there is one, as in most beginnings."""
    code, value = next(iter(items))
    if code is codes.NEGATE:
        return "a"
    if code is codes.CATEGORY:
        return {codes.CATEGORY_DIGIT: "1", codes.CATEGORY_SPACE: " "}.get(value, "a")
    return chr(value[0] if code is codes.RANGE else value)


def _beginnings(name: str) -> Iterator[str]:
    """Yield the beginnings of what a pattern matches, one for each of its parts."""
    pattern = PATTERNS[name]
    items = list(parser.parse(pattern.pattern, pattern.flags))
    if len(items) == 1 and items[0][0] is codes.BRANCH:
        alternatives = [list(one) for one in items[0][1][1]]
    else:
        alternatives = [items]
    for parts in alternatives:
        found = (_example(parts[:end]) for end in range(1, len(parts) + 1))
        yield from dict.fromkeys(text for text in found if text)


def _seconds(name: str, text: str) -> float:
    """Search a text; return the time of the processor that the quickest of three runs took."""
    taken = []
    for _ in range(3):
        begin = time.process_time()
        for _ in PATTERNS[name].finditer(text):
            pass
        taken.append(time.process_time() - begin)
        if taken[-1] < UNMEASURABLE:
            break
    return min(taken)


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", PATTERNS)
def test_a_search_takes_linear_time(name: str) -> None:
    """With each beginning of the secret, again and again, and an end that it cannot have."""
    for piece in _beginnings(name):
        for end in ENDS:
            small, large = (
                _seconds(name, piece * (size // len(piece)) + end) for size in (SIZE, LARGER * SIZE)
            )
            assert large < RATIO * max(small, UNMEASURABLE), (piece, end, small, large)


@pytest.mark.parametrize("name", PATTERNS)
def test_beginnings_lead_to_what_the_pattern_matches(name: str) -> None:
    """Else the texts that take no time would say nothing."""
    assert len(set(_beginnings(name))) >= 1
    assert all(len(piece) <= 400 for piece in _beginnings(name))


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece", ["\\", "\\n", "%", "%2", "\\x1b[", "\\u00", "&#", "eyJ", "EAAC", "eyJ-"]
)
def test_escapes_take_linear_time(piece: str) -> None:
    """They are read before the search."""
    begin = time.process_time()
    find_secret(piece * (500_000 // len(piece)) + "_")
    assert time.process_time() - begin < 10
