"""Which posts are built before which: those whose published output others take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from post_builder.document.parsing.parser import read_post
from post_builder.errors import PostBuilderError, SiteError
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.transclusion import posts_used

Sources = Mapping[Path, frozenset[Path]]
"""For each post those whose output it takes; each post comes after its sources."""


def order(site: Site, paths: Iterable[Path]) -> Sources:
    """Find the posts that some posts take output from, and those that these do, and so on.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; one that cannot be read has no sources.

    Raises:
        SiteError: if posts take output from one another in a circle.
    """
    sources: dict[Path, frozenset[Path]] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in sources:
            sources[path] = frozenset(site.root / name for name in _sources(site, path))
            waiting += sources[path]
    try:
        return {path: sources[path] for path in TopologicalSorter(sources).static_order()}
    except CycleError as error:
        raise _circle(site, error.args[1]) from error


def _sources(site: Site, path: Path) -> dict[str, int]:
    """Return the posts that a post takes output from; none if it cannot be read.

    What is wrong with it is reported when it is built or checked itself.
    """
    try:
        post = read_post(site, path)
    except (PostBuilderError, OSError):
        return {}
    return posts_used(post) if post else {}


def _circle(site: Site, posts: list[Path]) -> SiteError:
    """Name a circle of posts from the first on, each followed by the one it takes output from."""
    ring = posts[:0:-1]
    start = ring.index(min(ring))
    names = [site.relative(path) for path in (*ring[start:], *ring[: start + 1])]
    place = Place(names[0], _sources(site, site.root / names[0])[names[1]])
    hint = "move what they share into a module, and take it from there"
    message = f"posts take output from one another in a circle: {' → '.join(names)}"
    return SiteError(message, place, hint)
