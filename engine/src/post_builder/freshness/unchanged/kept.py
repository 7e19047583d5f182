"""What was known of unchanged posts when they were last looked at, kept for as long as it holds.

A post that was found unchanged is so while none of its files has another state. What posts have in
common, such as `_config.yml`, kernels and packages, is kept once, and all posts are forgotten when
that changes. A post is kept only if all that it rests on is known: not if it takes code from a
module or text from another post, and not if its run listed a folder or read above the site.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import msgspec
from jupyter_core.paths import jupyter_path
from msgspec import Struct, field

from post_builder.files import digest, write_atomically
from post_builder.freshness.record import Record
from post_builder.site import FIGURE_INCLUDE, OWN_FOLDER, WITHHELD, Site
from post_builder.states import code_folders, environment, settled_states, stat_of, state_of

_FORMAT = "1"

_METADATA = (".dist-info", ".egg-info")
"""Endings of folders and files that say which packages there are."""


class KeptPost(Struct, frozen=True):
    """A post of which nothing had changed."""

    name: str
    """Of its record and downloads."""
    slug: str
    """As Jekyll knows it."""
    text: str
    """The state of its file."""
    states: Mapping[str, str]
    """The state of each other file that belongs to it, by absolute path."""


class Kept(Struct, frozen=True):
    """What is known of the posts of a site."""

    key: str = ""
    """Where, by which Python and in which environment it was found out."""
    time: float = 0
    """When, in seconds since the epoch: what is published then is published later, too."""
    shared: Mapping[str, str] = field(default_factory=dict)
    """The state of each file that posts have in common, by absolute path."""
    posts: Mapping[str, KeptPost] = field(default_factory=dict)
    """By absolute path."""

    def slug(self, path: Path) -> str | None:
        """Return the slug of an executable post; None if its text may have changed."""
        post = self.posts.get(str(path))
        return post.slug if post and post.text == state_of(stat_of(str(path))) else None

    def holds(self, path: Path, name: str) -> bool:
        """Return whether a post is executable, published, and as its last build left it."""
        post = self.posts.get(str(path))
        if post is None or post.name != name or self.slug(path) is None:
            return False
        return all(state == state_of(stat_of(file)) for file, state in post.states.items())

    def held(self, paths: Iterable[Path], names: Mapping[Path, str]) -> set[Path]:
        """Return those of some posts that hold."""
        return {path for path in paths if path in names and self.holds(path, names[path])}

    def names(self) -> set[str]:
        """Return the names of all posts that hold."""
        posts = self.posts.items()
        return {post.name for path, post in posts if self.holds(Path(path), post.name)}

    def files(self, paths: Iterable[Path]) -> set[str]:
        """Return all files on which it rests that nothing of some posts has changed."""
        own = {file for path in paths for file in (str(path), *self.posts[str(path)].states)}
        return own.union(self.shared)


def kept_posts(site: Site) -> Kept:
    """Return what holds of what is kept for a site."""
    path = _file(site)
    try:
        kept = _decoded(path, state_of(path.stat()))
    except (OSError, ValueError, msgspec.MsgspecError):  # whatever is there was not written here
        return Kept()
    holds = kept.key == _key() and kept.time <= time.time()
    holds = holds and all(state == state_of(stat_of(file)) for file, state in kept.shared.items())
    return kept if holds else Kept()


class Unchanged(Struct, frozen=True):
    """A post that was found executable, published, and as its last build left it."""

    name: str
    slug: str
    record: Record


def keep(
    site: Site, kept: Kept, found: Mapping[Path, Unchanged], read: Collection[str], begin: float
) -> None:
    """Keep what was found out about posts; not about those that may have changed since.

    Args:
        site: that the posts belong to; it has the engine's own folder.
        kept: what was known, and holds.
        found: posts that were looked at, and rest on their own files alone.
        read: absolute paths of all that was read to look at them.
        begin: when that began, in seconds since the epoch.

    Raises:
        OSError: if the system refuses.
    """
    if not found:
        return
    own = {path: _own(site, post) for path, post in found.items()}
    shared = settled_states(_shared(site, read, own.values()) | kept.shared.keys(), begin)
    if shared is None:
        return
    posts = {path: post for path, post in kept.posts.items() if Path(path).exists()}
    for path, files in own.items():
        text, states = settled_states([str(path)], begin), settled_states(files, begin)
        if text and states:
            post = found[path]
            posts[str(path)] = KeptPost(post.name, post.slug, text[str(path)], states)
    if posts != kept.posts:
        with suppress(UnicodeError):  # there is a name that is not UTF-8
            data = msgspec.json.encode(Kept(_key(), begin, shared, posts))
            write_atomically(site.inside(_file(site)), data)


def _file(site: Site) -> Path:
    return site.root / OWN_FOLDER / "posts"


@lru_cache(maxsize=1)
def _decoded(path: Path, _state: str) -> Kept:
    return msgspec.json.decode(path.read_bytes(), type=Kept)


def _key() -> str:
    return digest("\0".join([_FORMAT, *environment()]))


def is_alone(record: Record) -> bool:
    """Return whether a post rests on files of the site alone, each of which its record names."""
    names = (*record.files, *record.declared)
    return not any(cell.source for cell in record.cells) and not any(
        name.endswith("/") or name.startswith("../") for name in names
    )


def _own(site: Site, post: Unchanged) -> set[str]:
    """Return the files that a post rests on, where they are and where they might be."""
    record = post.record
    names = {*record.made(), *record.files, *record.declared}
    files = {site.root / name for name in names} | {site.withheld(name) for name in names}
    return {str(path) for path in (site.record(post.name), *files)}


def _shared(site: Site, read: Iterable[str], own: Iterable[set[str]]) -> set[str]:
    """Return what was read that belongs to no post, and what nobody reads only to look for it."""
    kernels = jupyter_path("kernels")
    made = ("_data/builds", "assets/images", "assets/notebooks", site.settings.products_folder)
    folders = {str(site.root / name) for name in (*made, WITHHELD, OWN_FOLDER)}
    of_posts = set[str]().union(*own)
    found = {
        path
        for path in read
        if not folders.intersection((path, *map(str, Path(path).parents)))
        and Path(path).suffix not in site.jekyll.extensions
        and (path not in of_posts or _is_of_all(path, kernels))
    }
    include = str(site.root / FIGURE_INCLUDE)
    return {*found, *kernels, *code_folders(), str(site.config), include, sys.executable}


def _is_of_all(path: str, kernels: Iterable[str]) -> bool:
    """Return whether a file says which kernels or packages there are, though a post read it."""
    parts = Path(path).parts
    return path.startswith(tuple(kernels)) or any(part.endswith(_METADATA) for part in parts)
