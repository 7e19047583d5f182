"""What was written to stderr: warnings, log lines, progress bars, or anything else."""

from __future__ import annotations

import re
from typing import Literal

Kind = Literal["warning", "log", "progress", ""]

_WARNING = re.compile(r"\b\w{0,80}Warning: |\bwarn(?:ing)?:", re.IGNORECASE)

_LEVEL = re.compile(r"\b(?:DEBUG|INFO|NOTICE|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
"""The level of a line of a log; it comes near its start."""

_PROGRESS = re.compile(r"\d{1,3} ?%|\b(?:it|B|s)/(?:s|it)\b|[━█▏▎▍▌▋▊▉]{2}|\b\d+/\d+\b|\[…\]")

_NEAR_THE_START = 60
"""Characters in front of the level of a log line: a time, a process, a module."""


def stderr_kind(text: str) -> Kind:
    """Return what a text on stderr is, for its heading; empty if it is none of the known kinds.

    One warning makes the whole text a warning; a log and a progress bar consist of nothing else.
    """
    lines = [line for line in text.split("\n") if line.strip()]
    if any(_WARNING.search(line) and not _is_log(line) for line in lines):
        return "warning"
    if lines and _is_log(lines[0]):
        return "log"
    if lines and all(_PROGRESS.search(line) for line in lines):
        return "progress"
    return ""


def _is_log(line: str) -> bool:
    return bool(_LEVEL.search(line[:_NEAR_THE_START]))
