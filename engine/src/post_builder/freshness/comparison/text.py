"""Whether two outputs say the same: words, integers, indentation exactly, other numbers nearly."""

from __future__ import annotations

import math
import re
from itertools import zip_longest

from msgspec import Struct

_DIGITS = "[0-9]+(?:,[0-9]{3})*"
_EXPONENT = "[eE][-+]?[0-9]+"
_WHOLE_FLOAT = r"\.(?=[\]),]|[ ]+[-+.0-9])"
"""The point of a number such as `2.`, as arrays are printed; elsewhere it ends a sentence."""

_NUMBER = (
    rf"(?<![\w.])[-+]?(?:(?:{_DIGITS}(?:\.[0-9]+|{_WHOLE_FLOAT})?|\.[0-9]+)(?:{_EXPONENT})?)"
    r"(?!\w|\.\w)"
)
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|\w+|[^\w\s]")

_INTEGER = re.compile(rf"[-+]?{_DIGITS}")
_SIGN = re.compile("[-+]?")
_LEADING = re.compile("(?P<zeros>0*+)(?:[1-9][0-9]*)?")
"""The integer part of a number, which may be padded to a width."""

_MOST_DIGITS = 40
"""Characters of a number; what code prints has fewer."""

_MOST_SPACES = 24
"""By how much a number that drifts may move its neighbour."""


class Tolerances(Struct, frozen=True):
    """How much numbers that are not integers may drift; either is enough."""

    relative: float
    """As a part of the number."""
    absolute: float
    """Whatever the size of the number: rounding turns 0 into 1e-17."""


def same_text(published: str, fresh: str, tolerances: Tolerances) -> bool:
    """Return whether two texts are the same line by line and token by token.

    A number that drifts may move its neighbours: between tokens spaces may be more or fewer, as
    many as a number has digits. At the start of a line white space counts exactly, and so does any
    other than spaces. Zeros at the end of a number count unless some number drifted, with which
    tables and arrays pad the others: 3.1 and 3.10 are different versions.

    Args:
        published: plain, as `comparable` returns it.
        fresh: plain.
        tolerances: for numbers.
    """
    before, now = _lines(published), _lines(fresh)
    if len(before) != len(now):
        return False
    changed: list[tuple[str, str]] = []
    for a, b in zip(before, now, strict=True):
        if a != b and not _same_line(a, b, tolerances, changed):
            return False
    padded = any(_is_padded(*pair) for pair in changed)
    return not padded or any(_value(a) != _value(b) for a, b in changed)


def _lines(text: str) -> list[str]:
    """Split a text into lines, without spaces at their ends or line ends around them all."""
    return [line.rstrip(" \t") for line in re.split(r"\r\n|\r|\n", text.strip("\r\n"))]


def _same_line(
    before: str, now: str, tolerances: Tolerances, changed: list[tuple[str, str]]
) -> bool:
    """Compare two lines, and take a note of numbers that differ."""
    position, by_number = (0, 0), False
    pairs = _TOKEN.finditer(before), _TOKEN.finditer(now)
    for a, b in zip_longest(*pairs):
        if a is None or b is None:
            return False
        gaps = before[position[0] : a.start()], now[position[1] : b.start()]
        position = a.end(), b.end()
        if a.start() == len(gaps[0]) and gaps[0] != gaps[1]:
            return False  # indentation
        if not _same_gap(*gaps, by_number=by_number or bool(a["number"])):
            return False
        by_number = bool(a["number"])
        if a.group() != b.group():
            if not _same_number(a, b, tolerances):
                return False
            changed.append((a.group(), b.group()))
    return before[position[0] :] == now[position[1] :]


def _same_gap(before: str, now: str, *, by_number: bool) -> bool:
    """Compare what is between two tokens; beside a number there may be a space or none."""
    if before == now:
        return True
    only_spaces = not before.strip(" ") and not now.strip(" ")
    fits = abs(len(before) - len(now)) <= _MOST_SPACES
    return only_spaces and fits and (by_number or bool(before and now))


def _same_number(before: re.Match[str], now: re.Match[str], tolerances: Tolerances) -> bool:
    numbers = before["number"], now["number"]
    if not all(numbers) or any(map(_INTEGER.fullmatch, numbers)):
        return False
    if max(map(len, numbers)) > _MOST_DIGITS or not _same_padding(*numbers):
        return False
    return math.isclose(
        *map(_value, numbers), rel_tol=tolerances.relative, abs_tol=tolerances.absolute
    )


def _same_padding(before: str, now: str) -> bool:
    """Return whether zeros before two numbers are those of a fixed width, or there are none."""
    parts = [_LEADING.match(_SIGN.sub("", number, count=1)) for number in (before, now)]
    wholes = [part.group() for part in parts if part]
    padded = any(len(part["zeros"]) > (part.group() == "0") for part in parts if part)
    return not padded or len(wholes[0]) == len(wholes[1])


def _is_padded(before: str, now: str) -> bool:
    """Return whether two numbers differ in nothing but zeros at their end."""
    shorter, longer = sorted((before, now), key=len)
    return "." in shorter and shorter != longer and longer.rstrip("0") == shorter.rstrip("0")


def _value(number: str) -> float:
    return float(number.replace(",", ""))
