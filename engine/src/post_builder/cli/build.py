"""What `build` does: it imports what its posts need, and no more."""

from __future__ import annotations

import argparse
import io
import sys
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.cli.garbage import collect_as_usual
from post_builder.cli.posts import named_posts
from post_builder.cli.results import FAILED, say
from post_builder.errors import PostBuilderError
from post_builder.site import Site

if TYPE_CHECKING:
    from post_builder.commands.building.ahead import Ahead
    from post_builder.commands.building.posts import Posts
    from post_builder.pipeline.made.files import Orphans
    from post_builder.pipeline.names import Names
    from post_builder.pipeline.prepare import PostState
    from post_builder.ui.outcomes import Outcome


def build(site: Site, arguments: argparse.Namespace) -> int:
    """Bring stale posts up to date."""
    from post_builder.commands.building.ahead import template_ahead  # noqa: PLC0415

    listed = list(site.posts())
    paths = named_posts(site, arguments.posts, listed)
    running_here = [] if arguments.scheduler else paths
    with template_ahead(site, running_here, force=arguments.force) as ahead:
        found = None if arguments.force else _nothing_to_do(site, arguments, paths, listed)
        if found is not None:
            sys.stdout.write(found)
            return 0
        return _build_with(site, arguments, ahead)


def _nothing_to_do(
    site: Site, arguments: argparse.Namespace, paths: Sequence[Path], listed: Sequence[Path]
) -> str | None:
    """Return what to print if no post is stale, and keep what that rests on; else None."""
    from post_builder.commands.fresh import looked_for, unchanged_posts  # noqa: PLC0415
    from post_builder.pipeline.undo import own_folder  # noqa: PLC0415
    from post_builder.ui.outcomes import Outcome, report  # noqa: PLC0415

    every = not arguments.posts
    fresh = unchanged_posts(site, paths, listed, every=every, reads=arguments.look)
    if fresh is None:
        return None
    with redirect_stdout(io.StringIO()) as printed:
        report(
            [Outcome(site.relative(path), "fresh") for path in fresh], (), as_json=arguments.json
        )
    with suppress(OSError, PostBuilderError):  # a site that cannot be written to is as fresh
        own_folder(site)
        if not site.withheld("").exists():  # a date may come at which it is to be published
            arguments.look.remember(str(site.root), printed.getvalue(), looked_for(site))
    return printed.getvalue()


def _build_with(site: Site, arguments: argparse.Namespace, ahead: Ahead) -> int:
    from post_builder.commands.building.posts import known_posts, write_words  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415
    from post_builder.ui.outcomes import report  # noqa: PLC0415

    with session(site, "build", say) as listed:
        paths = named_posts(site, arguments.posts, listed)
        posts = known_posts(site, paths, listed, force=arguments.force)
        running = posts.running(posts.left())
        if not running:
            write_words(posts)
        outcomes, names = posts.done(), posts.names
        if posts.left():
            outcomes = _run(posts, running, arguments, ahead)
            names = post_names(site)  # posts may have been renamed meanwhile
        failed = any(outcome.error for outcome in outcomes)
        # a post that failed may be what orphans were made for
        orphans, moved = _tidied(site, None if failed or arguments.posts else names)
    report(outcomes, orphans.lines(), as_json=arguments.json)
    say("\n".join(moved))
    say("\n".join(map(str, orphans.errors)))
    return FAILED if failed or orphans.errors else 0


def _run(
    posts: Posts, running: Mapping[Path, PostState], arguments: argparse.Namespace, ahead: Ahead
) -> list[Outcome]:
    """Build what is left of the posts of a build, here or on a cluster."""
    import asyncio  # noqa: PLC0415

    from post_builder.commands.build import run_posts  # noqa: PLC0415
    from post_builder.commands.building.scheduler import here, on_cluster  # noqa: PLC0415
    from post_builder.ui.progress import live  # noqa: PLC0415

    collect_as_usual()
    site, scheduler = posts.site, arguments.scheduler
    jobs = len(posts.paths) if scheduler else arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        options = {"jobs": jobs, "keep_going": arguments.keep_going}
        run = partial(run_posts, posts, running, progress, **options)
        place = on_cluster(site, scheduler, run) if scheduler else here(ahead.take, run)
        return asyncio.run(place)


def _tidied(site: Site, names: Names | None) -> tuple[Orphans, list[str]]:
    """Remove what belongs to no post if all names of posts are given, and hide what is hidden."""
    from post_builder.freshness.unchanged.kept import kept_posts  # noqa: PLC0415
    from post_builder.pipeline.made.files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.unpublished.files import settle  # noqa: PLC0415

    held = kept_posts(site).names()
    orphans = Orphans() if names is None else remove_orphans(site, names, held)
    return orphans, settle(site, held)
