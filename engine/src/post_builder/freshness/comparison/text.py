"""Whether two outputs say the same: words exactly, numbers within a tolerance."""

from __future__ import annotations

import math
import re
from html import unescape

_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+(?:,\d{3})*(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")
_TOKEN = re.compile(rf"{_NUMBER.pattern}|\w+|[^\w\s]")


def same_text(published: str, fresh: str, tolerance: float) -> bool:
    """Return whether two texts are the same token by token; white space does not count.

    Args:
        published: HTML-escaped or plain.
        fresh: HTML-escaped or plain.
        tolerance: how much numbers may differ, relative or absolute.
    """
    before, now = (_TOKEN.findall(unescape(text)) for text in (published, fresh))
    return len(before) == len(now) and all(
        _same_token(a, b, tolerance) for a, b in zip(before, now, strict=True)
    )


def _same_token(before: str, now: str, tolerance: float) -> bool:
    if before == now:
        return True
    if not (_NUMBER.fullmatch(before) and _NUMBER.fullmatch(now)):
        return False
    a, b = (float(token.replace(",", "")) for token in (before, now))
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance)
