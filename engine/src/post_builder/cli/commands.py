"""What each command of the command line does: it calls its module and prints the result.

Each imports its modules itself: one need not wait for what another needs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
from contextlib import nullcontext

from post_builder.cli.garbage import collect_as_usual
from post_builder.cli.posts import named_posts
from post_builder.cli.results import FAILED, print_json, say
from post_builder.site import Site
from post_builder.ui.printing import show


def check(site: Site, arguments: argparse.Namespace) -> int:
    """Find what is stale or was edited by hand."""
    from post_builder.ui.findings import report  # noqa: PLC0415

    paths = named_posts(site, arguments.posts)
    if arguments.execute:
        import asyncio  # noqa: PLC0415

        from post_builder.commands.verify import verify  # noqa: PLC0415
        from post_builder.pipeline.session import session  # noqa: PLC0415
        from post_builder.ui.progress import live  # noqa: PLC0415

        collect_as_usual()
        jobs = arguments.jobs or site.settings.jobs
        # cells write files; where nothing can be written, no build is at work either
        may_write = os.access(site.root, os.W_OK)
        alone = session(site, "check --execute", say) if may_write else nullcontext()
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

    collect_as_usual()
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
        print_json({"post": name, "notes": notes})
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

    collect_as_usual()
    return run(site, arguments)


def init(site: Site, arguments: argparse.Namespace) -> int:
    """Make a Jekyll site ready."""
    from msgspec import to_builtins  # noqa: PLC0415

    from post_builder.commands.init import init  # noqa: PLC0415

    steps = init(site, _today(site))
    if arguments.json:
        print_json(to_builtins(steps))
    else:
        print("\n".join(map(str, steps)))
    return 0


def clean(site: Site, arguments: argparse.Namespace) -> int:
    """Remove what builds put into posts and beside them."""
    from post_builder.commands.clean import clean  # noqa: PLC0415
    from post_builder.pipeline.made.files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.made.removed import KEPT  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415

    with session(site, "clean", say):
        dry_run = arguments.dry_run
        touched = clean(site, named_posts(site, arguments.posts), dry_run=dry_run)
        every = not arguments.posts
        orphans = remove_orphans(site, post_names(site), dry_run=dry_run) if every else Orphans()
    touched += orphans.removed
    if arguments.json:
        print_json(touched)
    else:
        count = len(touched)
        done = "would be cleaned" if arguments.dry_run else "cleaned"
        print("\n".join([*touched, f"{count} file{'' if count == 1 else 's'} {done}"]))
        say(f"figures, products and downloads are {KEPT}" if touched and not dry_run else "")
    say("\n".join(map(str, orphans.errors)))
    return FAILED if orphans.errors else 0


def _today(site: Site) -> dt.date:
    """Return the date where the site is: Jekyll hides posts whose date is in the future."""
    from post_builder.jekyll.publishing import zone_of  # noqa: PLC0415  # time zones are slow

    return dt.datetime.now(dt.UTC).astimezone(zone_of(site.jekyll)).date()
