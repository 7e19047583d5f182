"""Make a Jekyll site ready for executable posts, without changing what is there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

from post_builder.commands.init.assets import link_assets, write_assets
from post_builder.commands.init.ignored import exclude_from_jekyll, ignore_in_git
from post_builder.commands.init.steps import Step, create, template
from post_builder.commands.layouts import Theme, find_theme
from post_builder.commands.new import KERNEL, post_text, slug_of_title
from post_builder.document.parsing.parser import read_post
from post_builder.errors import PostError
from post_builder.site import FIGURE_INCLUDE, Site

__all__ = ["Step", "init"]

_TITLE = "A first executable post"


def init(site: Site, today: dt.date) -> list[Step]:
    """Write what a site lacks, and say what its author should add.

    Running it twice changes nothing more.

    Args:
        site: the site.
        today: the date of the first post.

    Raises:
        SiteError: if a file cannot be written.
    """
    return list(_steps(site, today))


def _steps(site: Site, today: dt.date) -> Iterator[Step]:
    theme = find_theme(site)
    yield _figure(site, theme)
    yield from write_assets(site)
    yield from link_assets(site, theme)
    yield exclude_from_jekyll(site)
    yield ignore_in_git(site)
    yield _first_post(site, today)


def _figure(site: Site, theme: Theme) -> Step:
    """Write the include that shows figures, unless the theme has one."""
    if theme.has(FIGURE_INCLUDE) and not (site.root / FIGURE_INCLUDE).exists():
        return Step(FIGURE_INCLUDE, "present", f"in the theme {theme.name}")
    return create(site, FIGURE_INCLUDE, template("figure"), "shows figures")


def _first_post(site: Site, today: dt.date) -> Step:
    """Write a post to start from, unless the site has one that runs."""
    for path in site.posts():
        if _is_executable(site, path):
            return Step(site.relative(path), "present", "an executable post")
    text = post_text(site, _TITLE, today, KERNEL, template("first-post.md"))
    name = f"_posts/{today.isoformat()}-{slug_of_title(_TITLE)}.md"
    return create(site, name, text, "a post to start from; `post-builder build` runs it")


def _is_executable(site: Site, path: Path) -> bool:
    """Tell whether a post runs; one that cannot be parsed counts if it names a kernel."""
    try:
        return read_post(site, path) is not None
    except PostError:
        return b"\njupyter:" in path.read_bytes()
