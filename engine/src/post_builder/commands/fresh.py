"""Finding out that a build has nothing to do, which is what most builds have to do."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol

from jupyter_core.paths import jupyter_path

from post_builder.errors import PostBuilderError
from post_builder.freshness.record import Record, load_record
from post_builder.freshness.unchanged.kept import Unchanged, is_alone, keep, kept_posts
from post_builder.freshness.unchanged.look import unchanged_records
from post_builder.pipeline.made.files import left_aside, left_behind
from post_builder.pipeline.made.records import made_records
from post_builder.pipeline.names import Names, post_names, post_slug
from post_builder.pipeline.undo import own_folder
from post_builder.pipeline.unpublished.files import misplaced, reason
from post_builder.site import FIGURE_INCLUDE, Site


class Reads(Protocol):
    """Notes what this process reads."""

    begin: float
    """When it began, in seconds since the epoch."""
    paths: set[str]
    """Absolute paths of all that was read."""
    is_blind: bool
    """Whether not all is seen."""

    def apart(self) -> AbstractContextManager[set[str]]:
        """Give what is read meanwhile."""


def unchanged_posts(
    site: Site,
    paths: Sequence[Path],
    listed: Sequence[Path] | None = None,
    *,
    every: bool,
    reads: Reads | None = None,
) -> list[Path] | None:
    """Return the executable ones of some posts if a build of them would change nothing.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts.
        listed: all posts of the site, where they have just been listed.
        every: whether these are all, so that a build also removes what belongs to no post.
        reads: notes what is read, so that what is found out can be kept; gets what it rests on.

    Returns:
        None if a build may have something to do, or to report.
    """
    try:
        names = post_names(site, listed)
        executable = [path for path in paths if path in names]
        idle = _unchanged(site, executable, names, reads) == set(executable)
        if every:
            idle = idle and {path.stem for path in site.records()} <= set(names.values())
        others = made_records(site, but=kept_posts(site).names())
        idle = idle and not any(misplaced(site, record) for _, record in others)
        return executable if idle and not (left_behind(site, listed) or left_aside(site)) else None
    except (PostBuilderError, OSError):
        return None


def _unchanged(site: Site, paths: Collection[Path], names: Names, reads: Reads | None) -> set[Path]:
    """Return the unchanged ones of some posts, and keep for the next build which they are."""
    kept = kept_posts(site)
    held = kept.held(paths, names)
    others = [path for path in paths if path not in held]
    if reads is None:
        return held.union(unchanged_records(site, others, names))
    alone = {path for path in others if _is_alone(site, names[path])}
    with reads.apart() as read:
        records = unchanged_records(site, alone, names)
    if not reads.is_blind:  # else all that a post rests on would not be known
        published = _published(site, records, names)
        with suppress(PostBuilderError, OSError):  # a site that cannot be written to is as fresh
            own_folder(site)
            keep(site, kept, published, read, reads.begin)
    reads.paths.update(kept.files(held))
    rest = [path for path in others if path not in alone]  # git may be asked about these
    return held.union(records, unchanged_records(site, rest, names))


def _is_alone(site: Site, name: str) -> bool:
    """Return whether what is found out about a post can be kept."""
    with suppress(PostBuilderError, OSError):
        record = load_record(site, name)
        return record is not None and is_alone(record)
    return False


def _published(site: Site, records: Mapping[Path, Record], names: Names) -> dict[Path, Unchanged]:
    """Return what is to be kept of posts that Jekyll publishes."""
    found = {}
    for path, record in records.items():
        slug = post_slug(site, path)
        if slug is not None and not reason(site, record) and not misplaced(site, record):
            found[path] = Unchanged(names[path], slug, record)
    return found


def looked_for(site: Site) -> set[str]:
    """Return the paths of which a build wants to know whether they are there."""
    kernels = jupyter_path("kernels")
    git = [str(folder / ".git") for folder in (site.root, *site.root.parents)]
    made = (
        "",
        FIGURE_INCLUDE,
        "_posts",
        "_data",
        "_data/builds",
        "assets",
        "assets/images",
        "assets/notebooks",
        site.settings.products_folder,
    )
    return {*kernels, *git, *(str(site.root / folder) for folder in made), sys.executable}
