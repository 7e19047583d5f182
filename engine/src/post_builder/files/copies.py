"""Names of copies: when each was made, and of what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from post_builder.files.plain import is_plain

_STAMP = "%Y%m%dT%H%M%S.%fZ"

_MAX_ENDING = 200
"""Bytes; file names have at most 255, and a copy's starts with when and of what it was made."""

_TICK = dt.timedelta(microseconds=1)
"""What tells two copies apart."""


def stamped(time: dt.datetime, ending: str) -> str:
    """Return the name of a copy; names sort by time."""
    return f"{time.strftime(_STAMP)}-{ending}"


def time_of(copy: Path) -> dt.datetime | None:
    """Return when a copy was made; None for any other file."""
    stamp, _, ending = copy.name.partition("Z-")
    try:
        time = dt.datetime.fromisoformat(stamp).replace(tzinfo=dt.UTC)
    except ValueError:
        return None
    return time if ending and time.strftime(_STAMP) == f"{stamp}Z" else None


def copies_in(folder: Path) -> list[Path]:
    """Return the copies in a folder, the oldest first; whatever else is in it is the author's."""
    return sorted(path for path in folder.glob("*") if time_of(path) and is_plain(path))


def later_than(copies: Sequence[Path]) -> dt.datetime:
    """Return the time now, or one after all copies if the clock was set back since."""
    now = dt.datetime.now(dt.UTC)
    return max([now, *(time + _TICK for copy in copies[-1:] if (time := time_of(copy)))])


def ending_of(file: str) -> str:
    """Return as much of the end of a file's name as the name of a copy has room for."""
    return file.encode("utf-8", "surrogateescape")[-_MAX_ENDING:].decode("utf-8", "ignore")
