"""The posts that a command line names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from post_builder.errors import SiteError, similar
from post_builder.site import Site, slug_of

_SIMILAR = 0.6
"""How similar a slug and what was typed must be."""

_SUGGESTED = 3
"""Posts that an error suggests at most."""


def named_posts(
    site: Site, named: Sequence[Path], listed: Sequence[Path] | None = None
) -> list[Path]:
    """Return posts named relative to the working directory or to the site's root; all by default.

    Args:
        site: that has the posts.
        named: on the command line.
        listed: its posts, where they have just been listed.

    Raises:
        SiteError: if a name is not that of a post, with posts that may be meant.
    """
    known = list(site.posts() if listed is None else listed)
    found = []
    for path in named:
        match = next((p for p in (path.resolve(), site.root / path) if p in known), None)
        if match is None:
            raise _not_a_post(site, path, known)
        found.append(match)
    return found if named else known


def _not_a_post(site: Site, path: Path, known: Sequence[Path]) -> SiteError:
    files = (path.resolve(), site.root / path)
    if path.suffix in site.jekyll.extensions and any(
        file.is_file() and file.is_relative_to(site.root) for file in files
    ):
        hint = f"`post-builder adopt {path}` makes it executable"
        return SiteError(f"{path} names no kernel, so nothing of it runs", hint=hint)
    meant = [site.relative(post) for post in _meant(path, known)]
    hint = f"did you mean {' or '.join(meant)}?" if meant else "posts are _posts/*.md"
    return SiteError(f"{path} is not a post of this site", hint=hint)


def _meant(path: Path, known: Sequence[Path]) -> list[Path]:
    """Return the posts with a name in theirs, or else those of a similar slug."""
    typed = slug_of(path).lower()
    part_of = [post for post in known if typed and typed in post.stem.lower()]
    slugs = {slug_of(post).lower(): post for post in known}
    near = [slugs[slug] for slug in similar(typed, slugs, _SUGGESTED, _SIMILAR)]
    return (part_of or near)[:_SUGGESTED]
