"""Whether two outputs say the same: words, integers, indentation exactly, other numbers nearly."""

from __future__ import annotations

import math
import re

from msgspec import Struct

_DIGITS = r"\d+(?:,\d{3})*"
_EXPONENT = r"[eE][-+]?\d+"
_WHOLE_FLOAT = r"\.(?=[\]),]|[ ]+[-+.\d])"
"""The point of a number such as `2.`, as arrays are printed; elsewhere it ends a sentence."""

_NUMBER = (
    rf"(?<![\w.])[-+]?(?:(?:{_DIGITS}(?:\.\d+|{_WHOLE_FLOAT})?|\.\d+)(?:{_EXPONENT})?)(?!\w|\.\w)"
)
_TOKEN = re.compile(rf"(?P<number>{_NUMBER})|\w+|[^\w\s]")

_INTEGER = re.compile(rf"[-+]?{_DIGITS}")


class Tolerances(Struct, frozen=True):
    """How much numbers that are not integers may drift; either is enough."""

    relative: float
    """As a part of the number."""
    absolute: float
    """Whatever the size of the number: rounding turns 0 into 1e-17."""


def same_text(published: str, fresh: str, tolerances: Tolerances) -> bool:
    """Return whether two texts are the same line by line and token by token.

    White space counts at the start of a line only: a number that drifts may move its neighbour.

    Args:
        published: plain, as `comparable` returns it.
        fresh: plain.
        tolerances: for numbers.
    """
    before, now = _lines(published), _lines(fresh)
    return len(before) == len(now) and all(
        _same_line(a, b, tolerances) for a, b in zip(before, now, strict=True)
    )


def _lines(text: str) -> list[str]:
    """Split a text into lines, without spaces at their ends or line ends around them all."""
    return [line.rstrip() for line in re.split(r"\r\n|\r|\n", text.strip("\r\n"))]


def _same_line(before: str, now: str, tolerances: Tolerances) -> bool:
    if before == now:
        return True
    if _indentation(before) != _indentation(now):
        return False
    pairs = _TOKEN.finditer(before), _TOKEN.finditer(now)
    tokens = [list(found) for found in pairs]
    return len(tokens[0]) == len(tokens[1]) and all(
        _same_token(a, b, tolerances) for a, b in zip(*tokens, strict=True)
    )


def _indentation(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _same_token(before: re.Match[str], now: re.Match[str], tolerances: Tolerances) -> bool:
    if before.group() == now.group():
        return True
    numbers = before["number"], now["number"]
    if not all(numbers) or any(map(_INTEGER.fullmatch, numbers)):
        return False
    a, b = (float(number.replace(",", "")) for number in numbers)
    return math.isclose(a, b, rel_tol=tolerances.relative, abs_tol=tolerances.absolute)
