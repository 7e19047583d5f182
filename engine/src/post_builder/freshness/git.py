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

_RUN_NOTHING = ("-c", "safe.bareRepository=explicit", "-c", "core.fsmonitor=false")
"""Options with which git takes only a `.git` for a repository, and asks no program for changes."""


def ignored(paths: Collection[str], root: Path) -> set[str]:
    """Return those paths that git ignores.

    Args:
        paths: relative to the root; they may lead to folders above it.
        root: of the site.
    """
    tree = work_tree_of(root)
    if not paths or tree is None:
        return set()
    by_name = {_in_tree(path, root, tree): path for path in paths}
    return {by_name[name] for name in _ignored(sorted(by_name), tree)}


def _ignored(names: list[str], tree: Path, *, is_refused: bool = False) -> set[str]:
    """Return those names in a work tree that git ignores.

    Git refuses all where one is in a submodule or behind a link; then each half is asked.
    """
    status, listed = _run(tree, "check-ignore", "-z", "--stdin", given="\0".join(names))
    if status <= _NONE_IGNORED or len(names) == 1:
        return set(filter(None, listed.split("\0")))
    if not is_refused and not _git(tree, "rev-parse", "--git-dir"):
        return set()  # git takes nothing from this work tree: it is another user's, say
    middle = len(names) // 2
    halves = names[:middle], names[middle:]
    return set().union(*(_ignored(half, tree, is_refused=True) for half in halves))


def tracked(folder: Path) -> list[str]:
    """Return the paths of the files that git tracks in a work tree."""
    return sorted(set(filter(None, _git(folder, "ls-files", "-z").split("\0"))))


@cache
def head(root: Path) -> str:
    """Return the hash of the commit that is checked out; empty without one.

    Git is asked once; `head.cache_clear` forgets the answer.
    """
    return _git(root, "rev-parse", "--verify", "--quiet", "HEAD").strip()


def committed(path: str, root: Path) -> str | None:
    """Return the text of a file in the commit that is checked out; None if it is not in it."""
    tree = work_tree_of(root)
    return _git(root, "show", f"HEAD:{_in_tree(path, root, tree)}") or None if tree else None


def _in_tree(path: str, root: Path, tree: Path) -> str:
    """Return a path relative to a work tree, as git is asked for it, and not to a root in it."""
    if root == tree:
        return path
    end = "/" if path.endswith("/") else ""
    return os.path.relpath(root / path, tree) + end


def _git(root: Path, *arguments: str) -> str:
    return _run(root, *arguments)[1] if work_tree_of(root) else ""


def _run(root: Path, *arguments: str, given: str = "") -> tuple[int, str]:
    """Run git at the top of a work tree; return its exit status and what it prints.

    It says nothing if it is not installed. Below the top a folder of the site may pass for a
    repository, with settings that run programs.
    """
    import subprocess  # noqa: PLC0415  # few builds ask git

    inherited = {name: text for name, text in os.environ.items() if name not in _OF_HOOKS}
    try:
        done = subprocess.run(
            ["git", *_RUN_NOTHING, *arguments],
            cwd=work_tree_of(root),
            input=given.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            env=inherited | {"GIT_ALLOW_PROTOCOL": "none"},  # nothing is fetched that is missing
        )
    except OSError:
        return 0, ""
    return done.returncode, done.stdout.decode("utf-8", "surrogateescape")
