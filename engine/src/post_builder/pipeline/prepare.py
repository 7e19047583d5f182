"""A post on its way in: read, parsed, transcluded, and compared with its record."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from post_builder.document.parsing.parser import inspect_post
from post_builder.document.post import Post
from post_builder.document.resources import resources_of
from post_builder.errors import PostBuilderError, together
from post_builder.freshness.comparison.tolerances import refuse_unfit_tolerances
from post_builder.freshness.digests import text_digest
from post_builder.freshness.record import (
    FORMAT,
    Made,
    Record,
    load_made,
    load_record,
)
from post_builder.freshness.site_files import declared_files
from post_builder.freshness.staleness import Reason, has_older_markup, page_changes, staleness
from post_builder.pipeline.made.products import unfit_products
from post_builder.pipeline.names import post_slug
from post_builder.site import Site
from post_builder.sources.product_makers import Maker
from post_builder.sources.transclusion import PreparedPost, transclude


class PostState(Struct, frozen=True):
    """An executable post and what is known about it."""

    site: Site
    path: Path
    name: str
    """Of its record, downloads and folder of figures."""
    prepared: PreparedPost
    record: Record | None
    """Of its last build."""
    reasons: tuple[Reason, ...]
    """Why it must run; none if it is fresh."""
    page_changes: frozenset[str] = frozenset()
    """Names of the cells of a fresh post of which options of the page changed."""

    @property
    def post(self) -> Post:
        """The post as it is on disk."""
        return self.prepared.post

    @property
    def text_changed(self) -> bool:
        """Whether the text, prose included, differs from what was built last."""
        return self.record is not None and self.record.text != text_digest(self.post, self.site)

    @property
    def older_markup(self) -> bool:
        """Whether its outputs are written as an older version of the engine wrote them."""
        return self.record is not None and has_older_markup(self.record, self.site)

    @property
    def moved(self) -> bool:
        """Whether the file has another name or folder than when it was built last."""
        return self.record is not None and self.record.post != self.post.path


def prepare(site: Site, path: Path, name: str | None, makers: Sequence[Maker]) -> PostState | None:
    """Read, parse and transclude a post, and find out whether it is stale.

    Args:
        site: that the post belongs to.
        path: of the post.
        name: of the post; None if it is not executable.
        makers: the cells of all posts that declare products.

    Returns:
        None if the post is not executable.

    Raises:
        PostBuilderError: if the post cannot run as it is.
    """
    post, problems = inspect_post(site, path)
    if not problems and (post is None or name is None):
        return None
    found: list[PostBuilderError] = list(problems)
    if post and name:
        made = owned(site, post, name)
        record = load_record(site, name) if made else None
        found += [*_unfit_settings(site, post), *unfit_products(site, path, post, makers)]
        try:
            prepared = transclude(post, site, made.transcluded() if made else {})
        except PostBuilderError as error:
            found.append(error)
    if found or not name:
        raise together(found)
    reasons = tuple(staleness(prepared, record, site))
    if made and made.format != FORMAT:
        version = "an older" if made.format < FORMAT else "a newer"
        reasons = (Reason(f"built by {version} version of post-builder", 1),)
    changes = page_changes(prepared, record, site) if record and not reasons else ()
    return PostState(site, path, name, prepared, record, reasons, frozenset(changes))


def _unfit_settings(site: Site, post: Post) -> Iterator[PostBuilderError]:
    """Yield what is wrong with the engine's own keys in front matter."""
    try:
        declared_files(post.front_matter.get("depends", ()), site.root, post.place(1))
    except PostBuilderError as error:
        yield error
    for check in (refuse_unfit_tolerances, resources_of):
        try:
            check(post)
        except PostBuilderError as error:
            yield error


def owned(site: Site, post: Post, name: str) -> Made | None:
    """Return what the builds of a post are known to have made; None if there was none.

    Raises:
        RecordError: if its record cannot be read.
    """
    made = load_made(site, name)
    if made is None or made.post == post.path:
        return made
    other = site.root / made.post
    if other.exists() and post_slug(site, other) is None:
        return None  # that post is no longer executable; it keeps what was made for it
    return made
