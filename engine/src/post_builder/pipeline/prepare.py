"""A post on its way in: read, parsed, transcluded, and compared with its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from post_builder.document.parsing.parser import inspect_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError, together
from post_builder.freshness.digests import text_digest
from post_builder.freshness.record import Record, load_record
from post_builder.freshness.site_files import declared_files
from post_builder.freshness.staleness import Reason, staleness
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost, transclude


@dataclass(frozen=True, slots=True)
class PostState:
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

    @property
    def post(self) -> Post:
        """The post as it is on disk."""
        return self.prepared.post

    @property
    def text_changed(self) -> bool:
        """Whether the text, prose included, differs from what was built last."""
        return self.record is not None and self.record.text != text_digest(self.post.text)

    @property
    def moved(self) -> bool:
        """Whether the file has another name or folder than when it was built last."""
        return self.record is not None and self.record.post != self.post.path


def prepare(site: Site, path: Path, name: str | None) -> PostState | None:
    """Read, parse and transclude a post, and find out whether it is stale.

    Args:
        site: that the post belongs to.
        path: of the post.
        name: of the post; None if it is not executable.

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
        record = _record(site, post, name)
        try:
            declared_files(post.front_matter.get("depends", ()), site.root, post.place(1))
        except PostBuilderError as error:
            found.append(error)
        try:
            prepared = transclude(post, site, record.transcluded() if record else {})
        except PostBuilderError as error:
            found.append(error)
    if found or not name:
        raise together(found)
    reasons = tuple(staleness(prepared, record, site))
    return PostState(site, path, name, prepared, record, reasons)


def _record(site: Site, post: Post, name: str) -> Record | None:
    record = load_record(site, name)
    if record and record.post != post.path and (site.root / record.post).exists():
        return None  # that post is no longer executable; it keeps what was made for it
    return record
