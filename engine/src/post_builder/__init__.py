"""Runs the code of Jekyll posts, and writes outputs, figures and numbers into their Markdown.

The command line is `post-builder`. From Python:

    import post_builder

    outcomes = post_builder.build("my-blog")
    findings = post_builder.check("my-blog")
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from os import PathLike

    from post_builder.ui.findings import Finding
    from post_builder.ui.outcomes import Outcome

__all__ = ["__version__", "build", "check"]

if TYPE_CHECKING:
    __version__: str
    """The version of post-builder."""


def __getattr__(name: str) -> str:
    """Look up the version when it is asked for: a build with nothing to do need not."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version  # noqa: PLC0415  # slow to import

    return version("post-builder")


def build(site: str | PathLike[str], *, force: bool = False) -> list[Outcome]:
    """Bring the stale posts of a Jekyll site up to date.

    Args:
        site: the folder with `_config.yml`.
        force: whether to run fresh posts as well.

    Returns:
        An outcome for each executable post; one whose `status` is `failed` has an `error`.

    Raises:
        SiteError: if the site or its settings cannot be used.
    """
    import asyncio  # noqa: PLC0415  # importing this package stays cheap
    import sys  # noqa: PLC0415  # as above
    from functools import partial  # noqa: PLC0415  # as above
    from pathlib import Path  # noqa: PLC0415  # as above

    from post_builder.commands.build import build as build_posts  # noqa: PLC0415  # as above
    from post_builder.commands.building.scheduler import here  # noqa: PLC0415  # as above
    from post_builder.pipeline.session import session  # noqa: PLC0415  # as above
    from post_builder.pipeline.unpublished.files import settle  # noqa: PLC0415  # as above
    from post_builder.site import open_site  # noqa: PLC0415  # as above
    from post_builder.ui.progress import Silent  # noqa: PLC0415  # as above

    opened = open_site(Path(site))
    with session(opened, "build", partial(print, file=sys.stderr)):
        posts, jobs = list(opened.posts()), opened.settings.jobs
        run = partial(build_posts, opened, posts, Silent(), force=force, jobs=jobs)
        outcomes = asyncio.run(here(lambda: None, run))
        settle(opened)
    return outcomes


def check(site: str | PathLike[str]) -> list[Finding]:
    """Find what is stale or was edited by hand in a Jekyll site; nothing runs.

    Args:
        site: the folder with `_config.yml`.

    Returns:
        The findings; none if the site is as a build left it.

    Raises:
        SiteError: if the site or its settings cannot be used.
    """
    from pathlib import Path  # noqa: PLC0415  # as above

    from post_builder.commands.check import check as check_posts  # noqa: PLC0415  # as above
    from post_builder.site import open_site  # noqa: PLC0415  # as above

    opened = open_site(Path(site))
    return check_posts(opened, list(opened.posts()))
