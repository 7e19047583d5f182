"""Finding the files of a site that may be executable: posts, drafts, pages, documents."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from post_builder.jekyll.config import JekyllConfig
from post_builder.jekyll.defaults import inherited

_NEVER = frozenset({"node_modules", "vendor"})
"""Folders of other people's files, which may be huge."""

_HEAD = 65_536
"""Bytes in which the front matter of a file must name its kernel."""

_KEYS = (b"jupyter", b"kernelspec")
"""The keys that name one."""


def kind_of(config: JekyllConfig, path: str) -> str:
    """Return the type by which `defaults:` knows a file: posts, drafts, pages or a collection."""
    folders = path.split("/")[:-1]
    if "_posts" in folders:
        return "posts"
    if "_drafts" in folders:
        return "drafts"
    inner = path.removeprefix(f"{config.collections_dir}/") if config.collections_dir else path
    label = inner.split("/")[0].removeprefix("_")
    return label if inner.startswith("_") and label in config.collections else "pages"


Unlisted = Callable[[OSError], None]
"""Takes the error of a folder of posts that cannot be listed."""


def candidates(root: Path, config: JekyllConfig, unlisted: Unlisted) -> Iterator[Path]:
    """Yield the Markdown files of a site whose front matter may name a kernel, in order.

    A file that is there under several names, through a link, counts as the post that it is.
    """
    found = [path for path in _markdown(root, config, unlisted) if _may_run(root, config, path)]
    folders = {folder: os.path.realpath(folder) for folder in {path.parent for path in found}}
    files = {_target(path, folders): path for path in reversed(found)}  # posts before pages
    yield from sorted(files.values(), key=lambda path: path.parts)


def _target(path: Path, folders: Mapping[Path, str]) -> str:
    """Return where a path leads when symbolic links are followed, given where its folder does."""
    return os.path.realpath(path) if path.is_symlink() else f"{folders[path.parent]}/{path.name}"


def _markdown(root: Path, config: JekyllConfig, unlisted: Unlisted) -> Iterator[Path]:
    home = root / config.collections_dir
    for label in ("posts", "drafts", *config.collections):
        yield from _below(home / f"_{label}", config, unlisted)
    for folder in _pages(root, root, config):
        yield from _below(folder, config, unlisted) if folder.is_dir() else (folder,)


def _below(folder: Path, config: JekyllConfig, unlisted: Unlisted) -> Iterator[Path]:
    """Yield the Markdown files of a folder and those below it."""
    for inner, _, names in os.walk(folder, onerror=unlisted):
        for name in names:
            if _is_markdown(name, config) and name[0] != ".":
                path = Path(inner, name)
                if path.is_file():
                    yield path


def _pages(folder: Path, root: Path, config: JekyllConfig) -> Iterator[Path]:
    """Yield pages, and folders of posts such as `category/_posts`."""
    start = "" if folder == root else f"{folder.relative_to(root).as_posix()}/"
    for entry in _entries(folder):
        name = f"{start}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            if entry.name in {"_posts", "_drafts"}:
                if folder != root / config.collections_dir and _is_inside(name, config):
                    yield Path(entry.path)
            elif _is_read(name, config, is_folder=True):
                yield from _pages(Path(entry.path), root, config)
        elif _is_markdown(name, config) and _is_read(name, config, is_folder=False):
            yield Path(entry.path)


def _is_markdown(name: str, config: JekyllConfig) -> bool:
    return os.path.splitext(name)[1] in config.extensions  # noqa: PTH122  # of a thousand names


def _is_inside(name: str, config: JekyllConfig) -> bool:
    """Return whether a folder of posts is where the collections are."""
    return not config.collections_dir or name.startswith(f"{config.collections_dir}/")


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """List a folder; one that cannot be read, or holds a virtual environment, has no pages."""
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError:
        return []
    return [] if any(entry.name == "pyvenv.cfg" for entry in entries) else entries


def _is_read(name: str, config: JekyllConfig, *, is_folder: bool) -> bool:
    """Return whether Jekyll reads a file or folder, named relative to the source."""
    base = name.rsplit("/", 1)[-1]
    if is_folder and (base in _NEVER or name == config.destination):
        return False
    if any(
        _matches(pattern, text, is_folder) for pattern in config.include for text in (name, base)
    ):
        return True
    if any(_matches(pattern, name, is_folder) for pattern in config.exclude):
        return False
    return base[0] not in "._#~" and not base.endswith("~")


def _matches(pattern: str, name: str, is_folder: bool) -> bool:  # noqa: FBT001
    """Match as Jekyll's `EntryFilter` does: by pattern, or as the start of the name."""
    pattern = pattern.removeprefix("/")
    if not pattern:
        return False
    return (
        fnmatchcase(name, pattern)
        or name.startswith(pattern)
        or (is_folder and pattern == f"{name}/")
    )


def _may_run(root: Path, config: JekyllConfig, path: Path) -> bool:
    """Read the head of a file; one that cannot be read may run, so that an error says why."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf")
    except OSError:
        return True
    if not head.startswith(b"---"):
        return False
    ends = [end for mark in (b"\n---", b"\n...", b"\r---") if (end := head.find(mark, 3)) >= 0]
    front_matter = head[: min(ends, default=len(head))]
    if any(key in front_matter for key in _KEYS):
        return True
    name = path.relative_to(root).as_posix()
    default = inherited(config, name, kind_of(config, name)).front_matter
    return any(key.decode() in default for key in _KEYS)
