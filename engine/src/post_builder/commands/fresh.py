"""Finding out that a build has nothing to do, which is what most builds have to do."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from jupyter_core.paths import jupyter_path

from post_builder.errors import PostBuilderError
from post_builder.freshness.unchanged import is_unchanged
from post_builder.pipeline.made.files import left_aside, left_behind
from post_builder.pipeline.made.records import made_records
from post_builder.pipeline.names import post_names
from post_builder.pipeline.unpublished.files import misplaced
from post_builder.site import FIGURE_INCLUDE, Site


def unchanged_posts(site: Site, paths: Sequence[Path], *, every: bool) -> list[Path] | None:
    """Return the executable ones of some posts if a build of them would change nothing.

    Args:
        site: that the posts belong to.
        paths: absolute paths of posts.
        every: whether these are all, so that a build also removes what belongs to no post.

    Returns:
        None if a build may have something to do, or to report.
    """
    try:
        names = post_names(site)
        executable = [path for path in paths if path in names]
        idle = all(is_unchanged(site, path, names[path]) for path in executable)
        if every:
            idle = idle and {path.stem for path in site.records()} <= set(names.values())
        idle = idle and not any(misplaced(site, record) for _, record in made_records(site))
        return executable if idle and not (left_behind(site) or left_aside(site)) else None
    except (PostBuilderError, OSError):
        return None


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
