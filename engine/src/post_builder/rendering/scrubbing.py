"""Removing from outputs what belongs to the machine: its paths, addresses, processes, times."""

from __future__ import annotations

import os
import re
from pathlib import Path

_WORD = re.compile(r"[^\s\"'(<]+")
"""What may be a path in an output."""

_INSTALLED = re.compile(r"\A.*/(?:(?:site|dist)-packages|lib/python3\.\d+)/")
_CELL_FILE = re.compile(r"\A.*/ipykernel_\d+/\d+\.py")
_TEMPORARY = re.compile(
    r"(?:/var/folders/[^/]+/[^/]+/T|/tmp)/tmp\w{8}"
)  # a pattern, not a path we use

_VARYING = (
    (re.compile(r"\b(pid|process)([ =:]+)\d+", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?"), "…"),
    (re.compile(r"\[\d\d:\d\d<[^\]]*\]"), "[…]"),
    (re.compile(r"\b\d+(?:\.\d+)?( ?)(ns|µs|us|ms|s|sec|secs|seconds?|min|minutes?)\b"), r"…\1\2"),
)
"""What libraries write to stderr that differs from run to run, and its replacement."""


def scrub(text: str, root: Path) -> str:
    """Remove the paths and memory addresses of this machine from an output.

    Args:
        text: the output.
        root: of the site; paths in it become relative.
    """
    site = re.escape(str(root))
    text = re.sub(rf"{site}/(?=[\w.])", "", text)
    text = re.sub(rf"{site}(?![\w-])", ".", text)
    text = _WORD.sub(lambda word: _without_folders(word.group()), text)
    home = os.path.expanduser("~")  # noqa: PTH111  # Path.home() fails where there is none
    if len(home) > 1:
        text = re.sub(rf"(?<![\w.]){re.escape(home)}(?![\w-])", "~", text)
    return re.sub(r"\bat 0x[0-9a-fA-F]{6,}", "at 0x…", text)


def scrub_log(text: str) -> str:
    """Remove process numbers, times and durations from what was written to stderr."""
    for pattern, replacement in _VARYING:
        text = pattern.sub(replacement, text)
    return text


def _without_folders(path: str) -> str:
    """Remove from a path the folders of packages, of cells' files and of temporary files."""
    if "/" not in path:
        return path
    path = _CELL_FILE.sub("<cell>", _INSTALLED.sub("", path))
    return _TEMPORARY.sub("/tmp/…", path)  # noqa: S108  # what readers see
