"""Which posts come before which: those whose published output others take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from post_builder.errors import Place, SiteError
from post_builder.files import read_text
from post_builder.document.post import parse
from post_builder.site import Site
from post_builder.sources.transclusion import posts_taken_from

Sources = Mapping[Path, frozenset[Path]]
"""For each post those whose output it takes; each stands after its own sources."""


def order(site: Site, paths: Iterable[Path]) -> Sources:
    """Find the posts that some posts take output from, and those that these do, and so on.

    Args:
        site: to which the posts belong.
        paths: absolute paths of posts; one that cannot be read has no sources.

    Raises:
        SiteError: where posts take output from one another in a circle.
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
    shown = site.shown(path)
    try:
        post = parse(read_text(path, shown), shown)
    except Exception:  # noqa: BLE001  # the post's own turn tells what is wrong with it
        return {}
    return posts_taken_from(post) if post else {}


def _circle(site: Site, posts: list[Path]) -> SiteError:
    """Name a circle of posts from the first of them on, each followed by the one it takes from."""
    ring = posts[:0:-1]
    start = ring.index(min(ring))
    names = [site.shown(path) for path in (*ring[start:], *ring[: start + 1])]
    place = Place(names[0], _sources(site, site.root / names[0])[names[1]])
    hint = "move what they share into a module, and take it from there"
    message = f"posts take output from one another in a circle: {' → '.join(names)}"
    return SiteError(message, place, hint)
