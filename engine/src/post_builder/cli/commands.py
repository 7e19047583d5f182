"""What each command of the command line does: it calls its module and prints the result.

Each imports its modules itself: one need not wait for what another needs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json
import sys
from contextlib import nullcontext, redirect_stdout, suppress
from functools import partial
from typing import TYPE_CHECKING

from post_builder.cli.posts import named_posts
from post_builder.errors import PostBuilderError
from post_builder.site import WITHHELD, Site
from post_builder.ui.printing import show

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from post_builder.commands.building.ahead import Ahead
    from post_builder.commands.building.posts import Posts
    from post_builder.pipeline.prepare import PostState
    from post_builder.ui.outcomes import Outcome

FAILED = 1
"""The exit status of a command that found or met a problem."""


def build(site: Site, arguments: argparse.Namespace) -> int:
    """Bring stale posts up to date."""
    if not arguments.force and (found := _nothing_to_do(site, arguments)) is not None:
        sys.stdout.write(found)
        return 0
    return _build(site, arguments)


def _nothing_to_do(site: Site, arguments: argparse.Namespace) -> str | None:
    """Return what to print if no post is stale, and keep what that rests on; else None."""
    from post_builder.commands.fresh import looked_for, unchanged_posts  # noqa: PLC0415
    from post_builder.pipeline.undo import own_folder  # noqa: PLC0415
    from post_builder.ui.outcomes import Outcome, report  # noqa: PLC0415

    paths, every = named_posts(site, arguments.posts), not arguments.posts
    fresh = unchanged_posts(site, paths, every=every, reads=arguments.look)
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


def _build(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.building.ahead import template_ahead  # noqa: PLC0415

    paths = [] if arguments.scheduler else named_posts(site, arguments.posts)
    with template_ahead(site, paths, force=arguments.force) as ahead:
        return _build_with(site, arguments, ahead)


def _build_with(site: Site, arguments: argparse.Namespace, ahead: Ahead) -> int:
    from post_builder.commands.building.posts import known_posts, write_words  # noqa: PLC0415
    from post_builder.pipeline.made.files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415
    from post_builder.pipeline.unpublished.files import settle  # noqa: PLC0415
    from post_builder.ui.outcomes import report  # noqa: PLC0415

    with session(site, "build", _say):
        orphans = Orphans()
        posts = known_posts(site, named_posts(site, arguments.posts), force=arguments.force)
        running = posts.running(posts.left())
        if not running:
            write_words(posts)
        outcomes = _run(posts, running, arguments, ahead) if posts.left() else posts.done()
        failed = any(outcome.error for outcome in outcomes)
        if not (failed or arguments.posts):  # one that failed may be what they were made for
            orphans = remove_orphans(site, post_names(site))
        moved = settle(site)
    report(outcomes, orphans.removed, as_json=arguments.json)
    _say("\n".join(_withheld(post, why) for post, why in moved.items()))
    _say("\n".join(map(str, orphans.errors)))
    return FAILED if failed or orphans.errors else 0


def _run(
    posts: Posts, running: Mapping[Path, PostState], arguments: argparse.Namespace, ahead: Ahead
) -> list[Outcome]:
    """Build what is left of the posts of a build, here or on a cluster."""
    import asyncio  # noqa: PLC0415

    from post_builder.commands.build import run_posts  # noqa: PLC0415
    from post_builder.commands.building.scheduler import here, on_cluster  # noqa: PLC0415
    from post_builder.ui.progress import live  # noqa: PLC0415

    site, scheduler = posts.site, arguments.scheduler
    jobs = len(posts.paths) if scheduler else arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        options = {"jobs": jobs, "keep_going": arguments.keep_going}
        run = partial(run_posts, posts, running, progress, **options)
        place = on_cluster(site, scheduler, run) if scheduler else here(ahead.take, run)
        return asyncio.run(place)


def _withheld(post: str, why: str) -> str:
    return (
        f"{post}: {why}, so its figures and downloads are in {WITHHELD}/, out of the site;"
        " `post-builder watch` puts them back for a preview"
    )


def check(site: Site, arguments: argparse.Namespace) -> int:
    """Find what is stale or was edited by hand."""
    from post_builder.ui.findings import report  # noqa: PLC0415

    paths = named_posts(site, arguments.posts)
    if arguments.execute:
        import asyncio  # noqa: PLC0415

        from post_builder.commands.verify import verify  # noqa: PLC0415
        from post_builder.pipeline.session import session  # noqa: PLC0415
        from post_builder.sources.product_makers import product_makers  # noqa: PLC0415
        from post_builder.ui.progress import live  # noqa: PLC0415

        jobs = arguments.jobs or site.settings.jobs
        alone = session(site, "check --execute", _say) if product_makers(site) else nullcontext()
        with alone, live(silent=arguments.json) as progress:
            findings = asyncio.run(verify(site, paths, progress, jobs=jobs))
    else:
        from post_builder.commands.check import check  # noqa: PLC0415

        findings = check(site, paths)
    report(findings, as_json=arguments.json)
    return FAILED if findings else 0


def watch(site: Site, arguments: argparse.Namespace) -> int:
    """Build stale posts after each save."""
    import asyncio  # noqa: PLC0415

    from post_builder.commands.watch import watch  # noqa: PLC0415
    from post_builder.ui.progress import live  # noqa: PLC0415

    jobs = arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        asyncio.run(watch(site, progress, jobs=jobs, stream=sys.stderr))
    return 0


def new(site: Site, arguments: argparse.Namespace) -> int:
    """Write a post to start from."""
    today = _today(site)
    if arguments.notebook:
        from post_builder.commands.importing import post_from_notebook  # noqa: PLC0415

        imported = post_from_notebook(site, arguments.notebook, today)
        path, notes = imported.path, list(imported.notes)
    else:
        from post_builder.commands.new import new_post  # noqa: PLC0415

        path, notes = new_post(site, arguments.title, today), []
    name = site.relative(path)
    if arguments.json:
        _print_json({"post": name, "notes": notes})
    else:
        written = f"{name}: written; `post-builder build` runs it"
        show("\n".join([*(f"note: {note}" for note in notes), written]))
    return 0


def export(site: Site, arguments: argparse.Namespace) -> int:
    """Write a built post in another format."""
    from post_builder.commands.export.write import export  # noqa: PLC0415

    [path] = named_posts(site, [arguments.post])
    exported = export(site, path, arguments.to, arguments.output)
    show(exported.to_json() if arguments.json else exported)
    return 0


def adopt(site: Site, arguments: argparse.Namespace) -> int:
    """Make existing posts executable."""
    from post_builder.commands.adopt.command import run  # noqa: PLC0415

    return run(site, arguments)


def init(site: Site, arguments: argparse.Namespace) -> int:
    """Make a Jekyll site ready."""
    from msgspec import to_builtins  # noqa: PLC0415

    from post_builder.commands.init import init  # noqa: PLC0415

    steps = init(site, _today(site))
    if arguments.json:
        _print_json(to_builtins(steps))
    else:
        print("\n".join(map(str, steps)))
    return 0


def clean(site: Site, arguments: argparse.Namespace) -> int:
    """Remove what builds put into posts and beside them."""
    from post_builder.commands.clean import clean  # noqa: PLC0415
    from post_builder.pipeline.made.files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415

    with session(site, "clean", _say):
        dry_run = arguments.dry_run
        touched = clean(site, named_posts(site, arguments.posts), dry_run=dry_run)
        every = not arguments.posts
        orphans = remove_orphans(site, post_names(site), dry_run=dry_run) if every else Orphans()
    touched += orphans.removed
    if arguments.json:
        _print_json(touched)
    else:
        count = len(touched)
        done = "would be cleaned" if arguments.dry_run else "cleaned"
        print("\n".join([*touched, f"{count} file{'' if count == 1 else 's'} {done}"]))
    _say("\n".join(map(str, orphans.errors)))
    return FAILED if orphans.errors else 0


def _say(message: str) -> None:
    """Print a message, if there is one, where it does not mix with a result."""
    if message:
        show(message, sys.stderr)


def _today(site: Site) -> dt.date:
    """Return the date where the site is: Jekyll hides posts whose date is in the future."""
    from post_builder.jekyll.publishing import zone_of  # noqa: PLC0415  # time zones are slow

    return dt.datetime.now(dt.UTC).astimezone(zone_of(site.jekyll)).date()


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))
