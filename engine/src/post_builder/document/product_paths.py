"""Products: the files that a cell declares in `data-products`, and writes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_PATH = re.compile(r"(?:[A-Za-z0-9][\w-]*/)+[A-Za-z0-9][\w.-]{0,99}", re.ASCII)
"""A path that every file system takes, and under which Jekyll publishes a file as it is."""

_PAGES = frozenset(
    {
        *(".css", ".htm", ".html", ".js", ".markdown", ".md", ".mjs"),
        *(".sass", ".scss", ".svg", ".xhtml", ".xml"),
    }
)
"""Extensions of files that Jekyll converts, or that a browser would run scripts of."""


def product_paths(written: str) -> tuple[str, ...]:
    """Read the value of `data-products`: paths with white space between them.

    Raises:
        ValueError: if one is not the path of a plain data file, or is there twice.
    """
    paths = tuple(written.split())
    if not paths:
        raise ValueError("names no file")
    for path in paths:
        if not _PATH.fullmatch(path):
            wanted = "a path from the root of the site: folders and a name in plain letters"
            raise ValueError(f"{path!r} is not {wanted}")
        if PurePosixPath(path).suffix.lower() in _PAGES:
            raise ValueError(f"{path!r} would be a page, a style or a script, and not data")
    if len({path.casefold() for path in paths}) < len(paths):
        raise ValueError("names a file twice")
    return paths
