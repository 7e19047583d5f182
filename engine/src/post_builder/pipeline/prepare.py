"""A post on its way: read, parsed, transcluded, and held against its record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from post_builder.freshness.dependencies import declared_files
from post_builder.errors import PostError, SiteError
from post_builder.files import read_text
from post_builder.document.post import Post, parse
from post_builder.freshness.record import Reason, Record, load_record, staleness, text_digest
from post_builder.site import Site, slug_of
from post_builder.sources.transclusion import transclude, transclusion_edits


@dataclass(frozen=True, slots=True)
class Job:
    """An executable post, and what is known of it."""

    site: Site
    path: Path
    post: Post
    """As it is on disk."""
    ready: Post
    """With the source of its transcluded cells."""
    record: Record | None
    """Of its last build."""
    reasons: tuple[Reason, ...]
    """Why it must run; empty for a fresh post."""

    @property
    def slug(self) -> str:
        """The name of its record, figures and downloads."""
        return slug_of(self.path)

    @property
    def prose_changed(self) -> bool:
        """Whether the text differs in any way from what was built last."""
        return self.record is not None and self.record.text != text_digest(self.post.text)


def prepare(site: Site, path: Path) -> Job | None:
    """Read, parse and transclude a post, and find out whether it is stale.

    Returns:
        None for a post that does not run.

    Raises:
        PostBuilderError: for a post that cannot run as it stands.
    """
    shown = site.shown(path)
    post = parse(read_text(path, shown), shown)
    if post is None:
        return None
    declared_files(post.front_matter.get("depends", ()), site.root, post.place(1))
    record = load_record(site, slug_of(path))
    ready = transclude(post, site.root, record.transcluded() if record else {})
    reasons = staleness(ready, record, site)
    if not reasons and (edits := transclusion_edits(post, ready)):
        line = post.line_of(edits[0][0].start)
        message = "transcluded code is not what the build wrote"
        reasons.append(Reason(message, line, tampered=True))
    return Job(site, path, post, ready, record, tuple(reasons))


def refuse_same_slug(paths: Sequence[Path]) -> None:
    """Refuse two posts that run and would share figures and record.

    Raises:
        SiteError: where names differ in nothing but their date.
    """
    slugs = Counter(map(slug_of, paths))
    seen: dict[str, Path] = {}
    for path in paths:
        if slugs[slug_of(path)] == 1 or not _runs(path):
            continue
        other = seen.setdefault(slug_of(path), path)
        if other != path:
            message = f"{other.name} and {path.name} differ in nothing but their date"
            hint = "rename one: figures and build records are kept by that name"
            raise SiteError(message, hint=hint)


def _runs(path: Path) -> bool:
    try:
        return parse(read_text(path, path.name)) is not None
    except PostError:
        return True
