"""The names of posts: of their records, their downloads and the folders of their figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from post_builder.document.front_matter import kernel_of, read_front_matter
from post_builder.errors import PostBuilderError
from post_builder.files import digest, read_text
from post_builder.freshness.unchanged.kept import kept_posts
from post_builder.site import PLAIN_NAME, Site, slug_of

_MAX_NAME = 100
"""Characters of a name that had to be changed."""

Names = Mapping[Path, str]
"""The name of each executable post."""


def post_names(site: Site, listed: Sequence[Path] | None = None) -> Names:
    """Name the executable posts of a site so that no two share a record, figures or downloads.

    A post is named after its slug; where another post has the slug too, after its file with the
    date; and where that is not enough, after its folders as well. The names do not depend on what
    was built before.

    Args:
        site: that has the posts.
        listed: its posts, where they have just been listed.

    Raises:
        FileError: if a folder of posts cannot be listed.
    """
    kept = kept_posts(site)
    candidates = {
        path: _candidates(site, path, slug)
        for path in (site.posts() if listed is None else listed)
        if (slug := kept.slug(path) or post_slug(site, path)) is not None
    }
    counts = Counter(  # without case: some file systems do not tell it apart
        key for names in candidates.values() for key in {name.casefold() for name in names}
    )
    return {
        path: next((name for name in names if counts[name.casefold()] == 1), "")
        or _distinct(site, path)
        for path, names in candidates.items()
    }


def post_slug(site: Site, path: Path) -> str | None:
    """Return the slug of a post as Jekyll knows it; None if the post is not executable.

    A post that cannot be read counts as executable: its author is probably editing it.
    """
    name = site.relative(path)
    try:
        front_matter = read_front_matter(
            read_text(path, name), name, site.inherited(path).front_matter
        )
        if kernel_of(front_matter) is None:
            return None
    except PostBuilderError:
        return slug_of(path)
    slug = front_matter.values.get("slug")
    return str(slug) if isinstance(slug, str | int) and str(slug).strip() else slug_of(path)


def _candidates(site: Site, path: Path, slug: str) -> tuple[str, ...]:
    """Return the names that a post may have, the shortest first."""
    parts = path.relative_to(site.root).with_suffix("").parts
    folders = (part for part in parts if not part.startswith("_"))
    names = (_plain(name) for name in (slug, path.stem, "-".join(folders)))
    return tuple(dict.fromkeys(filter(None, names)))


def _plain(name: str) -> str:
    """Return a name as every file system and Jekyll take it; empty if nothing is left of it."""
    if PLAIN_NAME.fullmatch(name):
        return name
    from slugify import slugify  # noqa: PLC0415  # most names need no change

    return slugify(name, lowercase=False, max_length=_MAX_NAME)


def _distinct(site: Site, path: Path) -> str:
    """Return a name for a post that shares all others."""
    name = site.relative(path)
    return f"{_plain(path.stem) or 'post'}-{digest(name)[:8]}"
