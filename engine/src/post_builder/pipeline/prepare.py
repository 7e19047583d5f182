"""A post on its way in: read, parsed, transcluded, and compared with its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from post_builder.document.parsing.parser import inspect_post, read_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError, PostError, SiteError, together
from post_builder.freshness.digests import text_digest
from post_builder.freshness.record import Record, load_record
from post_builder.freshness.site_files import declared_files
from post_builder.freshness.staleness import Reason, staleness
from post_builder.site import Site, slug_of
from post_builder.sources.transclusion import PreparedPost, transclude


@dataclass(frozen=True, slots=True)
class PostState:
    """An executable post and what is known about it."""

    site: Site
    path: Path
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
    def slug(self) -> str:
        """The name of its record, figures and downloads."""
        return slug_of(self.path)

    @property
    def text_changed(self) -> bool:
        """Whether the text, prose included, differs from what was built last."""
        return self.record is not None and self.record.text != text_digest(self.post, self.site)


def prepare(site: Site, path: Path) -> PostState | None:
    """Read, parse and transclude a post, and find out whether it is stale.

    Returns:
        None if the post is not executable.

    Raises:
        PostBuilderError: if the post cannot run as it is.
    """
    post, problems = inspect_post(site, path)
    if post is None and not problems:
        return None
    found: list[PostBuilderError] = list(problems)
    record = None
    if post is not None:
        try:
            declared_files(post.front_matter.get("depends", ()), site.root, post.place(1))
        except PostBuilderError as error:
            found.append(error)
        record = load_record(site, slug_of(path))
        try:
            prepared = transclude(post, site, record.transcluded() if record else {})
        except PostBuilderError as error:
            found.append(error)
    if found:
        raise together(found)
    return PostState(site, path, prepared, record, tuple(staleness(prepared, record, site)))


def refuse_same_slug(site: Site, paths: Sequence[Path]) -> None:
    """Refuse two executable posts that would share figures and a record.

    Raises:
        SiteError: if two names differ only in their date.
    """
    slugs = Counter(map(slug_of, paths))
    seen: dict[str, Path] = {}
    for path in paths:
        if slugs[slug_of(path)] == 1 or not _is_executable(site, path):
            continue
        other = seen.setdefault(slug_of(path), path)
        if other != path:
            message = f"{other.name} and {path.name} differ only in their date"
            hint = "rename one: figures and build records are named after the rest"
            raise SiteError(message, hint=hint)


def _is_executable(site: Site, path: Path) -> bool:
    try:
        return read_post(site, path) is not None
    except PostError:
        return True
