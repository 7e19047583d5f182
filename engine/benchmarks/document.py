"""Putting what was measured into a document, with when and on what."""

from __future__ import annotations

import datetime as dt
import os
import platform
from importlib.metadata import version
from pathlib import Path


def put(path: Path, mark: str, text: str) -> None:
    """Replace what is between two comments of a document.

    Args:
        path: of the document.
        mark: what the first comment is; the second one has a slash before it.
        text: the new content, Markdown.

    Raises:
        ValueError: if the comments are not there.
    """
    begin, end = f"<!-- {mark} -->\n", f"<!-- /{mark} -->"
    document = path.read_text(encoding="utf-8")
    before, rest = document.split(begin)
    after = rest.split(end)[1]
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def machine(*packages: str) -> str:
    """Say when, on what and with which versions it was measured."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    today = dt.datetime.now(dt.UTC).date()
    load = os.getloadavg()[0]
    return (
        f"{today}; {os.cpu_count()} cores of {platform.machine()} {platform.system()}, "
        f"load {load:.0f} at the end; Python {platform.python_version()}, {versions}"
    )
