"""Which names and paths a build record can have: those that a build gives, and no others."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from post_builder.site import PLAIN_NAME, Site

_FILE = re.compile(r"[^/\\\x00-\x1f.][^/\\\x00-\x1f]*")
"""The name of a file that is neither hidden nor in another folder."""

_SUFFIX = re.compile(r"\.\w+")
"""What follows the name of a post in that of one of its downloads."""

_MAX_PATH, _MAX_PART = 3000, 255
"""Bytes of a path and of a name in it; Linux takes 4,096 with the folder of the site, and 255."""


def is_name(name: str) -> bool:
    """Return whether a post can have a name; `..` would lead from its folder to another one."""
    return PLAIN_NAME.fullmatch(name) is not None


def strange_paths(
    site: Site,
    name: str,
    post: str,
    made: tuple[Iterable[str], Iterable[str], Iterable[str]],
    depends: Iterable[str],
) -> list[str]:
    """Return the paths in a record that no build of its post writes there.

    Args:
        site: that the record belongs to.
        name: of the record.
        post: path of its post.
        made: paths of its figures, products and downloads.
        depends: paths of the files that the post read or declares.
    """
    figures, products, downloads = made
    kinds = (
        (f"{site.figures(name)}/", _FILE, figures),
        (f"{site.settings.products_folder}/", _FILE, products),
        (site.download(name, ""), _SUFFIX, downloads),
    )
    strange = [
        p for a, b, ps in kinds for p in ps if not (p.startswith(a) and b.fullmatch(p, len(a)))
    ]
    paths = itertools.chain((post,), depends, *made)
    strange += [path for path in paths if not _is_relative(path)]
    return strange + [post] * (PurePosixPath(post).parts[:1] in {(), ("..",)})


def _is_relative(path: str) -> bool:
    """Return whether a path is below the site, or below a folder above it: git may hold it.

    One that is too long for the system is not: it would be an error wherever it is asked for.
    """
    parts = PurePosixPath(path).parts
    below = itertools.dropwhile(lambda part: part == "..", parts)
    if {"..", "/", "//"}.intersection(below) or "\0" in path or Path(path).drive:
        return False
    return len(path.encode()) <= _MAX_PATH and all(len(p.encode()) <= _MAX_PART for p in parts)
