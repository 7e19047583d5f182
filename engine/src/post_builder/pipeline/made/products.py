"""Products of cells: which may be declared, what may be in them, and whose they are."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from post_builder.document.post import Post
from post_builder.errors import FileError, PostError
from post_builder.files.plain import is_plain
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.product_makers import Maker, depended_on, makers_of


def unfit_products(
    site: Site, path: Path, post: Post, makers: Iterable[Maker]
) -> Iterator[PostError]:
    """Yield what is wrong with the products that the cells of a post declare.

    Args:
        site: that the post belongs to.
        path: of the post, absolute.
        post: as parsed.
        makers: the cells of all posts that declare products.
    """
    own = makers_of(post, path)
    if not own:
        return
    folder = site.settings.products_folder
    declared: dict[str, list[Maker]] = {maker.product.casefold(): [] for maker in own}
    for maker in own + [maker for maker in makers if maker.post != path]:
        if (name := maker.product.casefold()) in declared:
            declared[name].append(maker)
    for maker in own:
        if PurePosixPath(maker.product).parent.as_posix() != folder:
            hint = "products_folder: in _config.yml names the folder"
            message = f"the product {maker.product} is not directly in {folder}"
            yield PostError(message, maker.place, hint)
        others = [other for other in declared[maker.product.casefold()] if other is not maker]
        if others:
            hint = f"it is declared at {others[0].place} as well: give one another name"
            yield PostError(f"two cells declare {maker.product}", maker.place, hint)
    for maker in depended_on(post, own):
        message = f"depends: names {maker.product}, which this post makes"
        yield PostError(message, post.place(1), "no post depends on its own products")


def refuse_links(site: Site, path: str) -> None:
    """Refuse a product in whose place is a link or a folder, or whose folder a link leads to.

    Raises:
        FileError: that names the path.
    """
    file = site.root / path
    refuse_linked_folder(site, path)
    if os.path.lexists(file) and not is_plain(file):
        message = "a cell would write a product here, and this is not a plain file"
        raise FileError(message, Place(path), "move it elsewhere")


def refuse_linked_folder(site: Site, path: str) -> None:
    """Refuse a product to whose folder a symbolic link leads.

    Raises:
        FileError: that names the path.
    """
    folders = (site.root / path).parents
    folder = next(parent for parent in folders if os.path.lexists(parent))
    try:
        is_own = folder.resolve() == folder
    except (OSError, RuntimeError):  # links that go round in a circle
        is_own = False
    if not is_own:
        message = "a cell would write a product here, in a folder to which a symbolic link leads"
        raise FileError(message, Place(path), "put a folder in the place of the link")
