"""Which posts are built before which: those whose published output or products others take."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from post_builder.document.options import Attribute
from post_builder.document.parsing.parser import read_post
from post_builder.errors import PostBuilderError, SiteError
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, depended_on
from post_builder.sources.transclusion import posts_used

_OTHER_POST = re.compile(rf"{Attribute.SOURCE}=[^\n]*(?:/|\.md|\.markdown)".encode())
"""What a post has in which a cell may take its text from another one."""

Sources = Mapping[Path, frozenset[Path]]
"""For each post those whose output or products it takes; each post comes after its sources."""


def order(site: Site, paths: Iterable[Path], makers: list[Maker]) -> Sources:
    """Find the posts that some posts take something from, and those that these do, and so on.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts; one that cannot be read has no sources.
        makers: the cells of all posts that declare products.

    Raises:
        SiteError: if posts take something from one another in a circle.
    """
    sources: dict[Path, frozenset[Path]] = {}
    waiting = list(paths)
    while waiting:
        path = waiting.pop()
        if path not in sources:
            sources[path] = frozenset(site.root / name for name in _sources(site, path, makers))
            waiting += sources[path]
    try:
        return {path: sources[path] for path in TopologicalSorter(sources).static_order()}
    except CycleError as error:
        raise _circle(site, error.args[1], makers) from error


def _sources(site: Site, path: Path, makers: list[Maker]) -> dict[str, int]:
    """Return the posts that a post takes something from; none if it cannot be read.

    What is wrong with it is reported when it is built or checked itself.
    """
    try:
        may_take = makers or _OTHER_POST.search(path.read_bytes())
        post = read_post(site, path) if may_take else None
    except (PostBuilderError, OSError):
        return {}
    if post is None:
        return {}
    products = {maker.place.path: 1 for maker in depended_on(post, makers)}
    products.pop(post.path, None)  # refused when the post is prepared
    return products | posts_used(post)


def _circle(site: Site, posts: list[Path], makers: list[Maker]) -> SiteError:
    """Name a circle of posts from the first on, each followed by the one it takes from."""
    ring = posts[:0:-1]
    start = ring.index(min(ring))
    names = [site.relative(path) for path in (*ring[start:], *ring[: start + 1])]
    place = Place(names[0], _sources(site, site.root / names[0], makers)[names[1]])
    hint = "move what they share into a module, and take it from there"
    message = f"posts take something from one another in a circle: {' → '.join(names)}"
    return SiteError(message, place, hint)
