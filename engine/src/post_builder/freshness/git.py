"""What git knows about a site; nothing if it is not installed or the site is not a work tree."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import cache
from pathlib import Path

from post_builder.site import work_tree_of

_NONE_IGNORED = 1
"""The exit status of `git check-ignore` for paths of which none is ignored."""

_OF_HOOKS = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"}
"""Variables that git sets in hooks; a path would be taken for one of another folder."""


def ignored(paths: Collection[str], root: Path) -> set[str]:
    """Return those paths that git ignores.

    Args:
        paths: relative to the root; they may lead to folders above it.
        root: of the site.
    """
    if not paths or work_tree_of(root) is None:
        return set()
    status, listed = _run(root, "check-ignore", "-z", "--stdin", given="\0".join(paths))
    if status <= _NONE_IGNORED or len(paths) == 1:
        return set(filter(None, listed.split("\0")))
    ordered = sorted(paths)  # git refuses all where one is in a submodule or behind a link
    middle = len(ordered) // 2
    return ignored(ordered[:middle], root) | ignored(ordered[middle:], root)


def tracked(folder: Path) -> list[str]:
    """Return the paths of the files that git tracks in a folder, relative to it."""
    return sorted(set(filter(None, _git(folder, "ls-files", "-z").split("\0"))))


@cache
def head(root: Path) -> str:
    """Return the hash of the commit that is checked out; empty without one.

    Git is asked once; `head.cache_clear` forgets the answer.
    """
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def committed(path: str, root: Path) -> str | None:
    """Return the text of a file in the commit that is checked out; None if it is not in it."""
    text = _git(root, "show", f"HEAD:./{path}")
    return text or None


def _git(root: Path, *arguments: str) -> str:
    return _run(root, *arguments)[1] if work_tree_of(root) else ""


def _run(root: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    """Run git; return its exit status and what it prints, or nothing if it is not installed."""
    import subprocess  # noqa: PLC0415  # few builds ask git

    inherited = {name: text for name, text in os.environ.items() if name not in _OF_HOOKS}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            input=given.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            env=inherited,
        )
    except FileNotFoundError:
        return 0, ""
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape")
