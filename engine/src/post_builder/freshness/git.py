"""What git knows about a site; nothing if it is not installed or the site is not a work tree."""

from __future__ import annotations

import subprocess
from collections.abc import Collection
from pathlib import Path


def ignored(paths: Collection[str], root: Path) -> set[str]:
    """Return those paths that git ignores."""
    if not paths:
        return set()
    listed = _git(root, "check-ignore", "-z", "--stdin", given="\0".join(paths))
    return set(filter(None, listed.split("\0")))


def head(root: Path) -> str:
    """Return the hash of the commit that is checked out; empty without one."""
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def committed(path: str, root: Path) -> str | None:
    """Return the text of a file in the commit that is checked out; None if it is not in it."""
    text = _git(root, "show", f"HEAD:./{path}")
    return text or None


def _git(root: Path, *arguments: str, given: str = "") -> str:
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=root,
            input=given.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError:
        return ""
    return done.stdout.decode("utf-8", "surrogateescape")
