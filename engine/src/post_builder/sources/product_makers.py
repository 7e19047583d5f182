"""Which posts of a site make products, found in their text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct

from post_builder.document.options import Attribute
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.place import Place
from post_builder.site import Site

_MARK = str(Attribute.PRODUCTS).encode()


class Maker(Struct, frozen=True):
    """A cell that declares a product."""

    product: str
    """Its path in the site."""
    post: Path
    """Absolute."""
    place: Place
    """Of the cell."""


def makers_of(post: Post, path: Path) -> list[Maker]:
    """Return the cells of a post that declare products, once for each product."""
    return [
        Maker(product, path, post.place(cell.line))
        for cell in post.cells
        for product in cell.options.products
    ]


def product_makers(site: Site, listed: Sequence[Path] | None = None) -> list[Maker]:
    """Find the cells of all posts that declare products; a post that cannot be read has none.

    Args:
        site: that has the posts.
        listed: its posts, where they have just been listed.

    Raises:
        FileError: if a folder of posts cannot be listed.
    """
    found = []
    for path in site.posts() if listed is None else listed:
        try:
            post = read_post(site, path) if _MARK in path.read_bytes() else None
        except (PostBuilderError, OSError):
            continue  # what is wrong with it is reported when its turn comes
        found += makers_of(post, path) if post else []
    return found


def depended_on(post: Post, makers: list[Maker]) -> list[Maker]:
    """Return the makers of those products that `depends:` of a post names."""
    patterns = post.front_matter.get("depends", ())
    if not isinstance(patterns, list | tuple):
        return []
    texts = [pattern for pattern in patterns if isinstance(pattern, str) and pattern]
    return [
        maker
        for maker in makers
        if any(PurePosixPath(maker.product).match(str(PurePosixPath(text))) for text in texts)
    ]
