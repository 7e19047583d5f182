"""The command line: `post-builder COMMAND`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from post_builder import __version__
from post_builder.errors import PostBuilderError, SiteError
from post_builder.site import WITHHELD, Site, open_site
from post_builder.ui.interrupts import end_as_by_interrupt
from post_builder.ui.printing import show

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit statuses other than 0."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 if a post failed, 2 for a wrong call."""
    arguments = make_parser().parse_args(argv)
    end_as_by_interrupt()
    try:
        status: int = arguments.run(open_site(arguments.site), arguments)
    except SiteError as error:
        show(error, sys.stderr)
        return MISUSED
    except PostBuilderError as error:
        show(error, sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted: unfinished posts are unchanged", file=sys.stderr)
        return INTERRUPTED
    return status


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="post-builder",
        description="Run the code of Jekyll posts and write its outputs into their Markdown.",
    )
    parser.add_argument("--version", action="version", version=f"post-builder {__version__}")
    add = partial(_add, parser.add_subparsers(required=True, metavar="COMMAND").add_parser)
    posts = _shared("posts", nargs="*", type=Path, metavar="POST", help="default: all")
    jobs = _shared("--jobs", type=_positive, metavar="N", help="posts that run at once")

    build = add("build", _build, "bring stale posts up to date", posts, jobs)
    build.add_argument("--force", action="store_true", help="run fresh posts as well")
    check = add("check", _check, "find what is stale or was edited by hand", posts, jobs)
    check.add_argument("--execute", action="store_true", help="run posts and compare")
    add("watch", _watch, "build stale posts after each save", jobs)
    new = add("new", _new, "write a post to start from")
    source = new.add_mutually_exclusive_group(required=True)
    source.add_argument("title", nargs="?", metavar="TITLE", help="the title of the post")
    source.add_argument(
        "--from", dest="notebook", type=Path, metavar="NOTEBOOK.ipynb", help="convert a notebook"
    )
    add("init", _init, "make a Jekyll site ready")
    add("clean", _clean, "remove what builds put into posts and beside them", posts)
    return parser


def _shared(name: str, **options: Any) -> argparse.ArgumentParser:  # noqa: ANN401  # as argparse
    """Return an argument that several commands have."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument(name, **options)
    return parser


def _add(
    add_parser: Callable[..., argparse.ArgumentParser],
    name: str,
    run: Callable[[Site, argparse.Namespace], int],
    text: str,
    *parents: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Add a command, with the arguments that all commands have."""
    about = "the Jekyll site; default: ."
    site = _shared("--site", type=Path, default=Path(), metavar="DIR", help=about)
    as_json = _shared("--json", action="store_true", help="print the result as JSON")
    description = f"{text[0].upper()}{text[1:]}."
    command = add_parser(
        name, parents=[site, as_json, *parents], help=text, description=description
    )
    command.set_defaults(run=run)
    return command


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, not {text!r}")
    return int(text)


# Commands import their modules themselves: one need not wait for what another needs.


def _build(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.build import build  # noqa: PLC0415
    from post_builder.pipeline.made_files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415
    from post_builder.pipeline.unpublished.files import settle  # noqa: PLC0415
    from post_builder.ui.outcomes import report  # noqa: PLC0415
    from post_builder.ui.progress import live  # noqa: PLC0415

    jobs = arguments.jobs or site.settings.jobs
    with session(site, "build", _say):
        paths, orphans = _posts(site, arguments.posts), Orphans()
        with live(silent=arguments.json) as progress:
            outcomes = asyncio.run(build(site, paths, progress, force=arguments.force, jobs=jobs))
        failed = any(outcome.error for outcome in outcomes)
        if not (failed or arguments.posts):  # one that failed may be what they were made for
            orphans = remove_orphans(site, post_names(site))
        moved = settle(site)
    report(outcomes, orphans.removed, as_json=arguments.json)
    _say("\n".join(_withheld(post, why) for post, why in moved.items()))
    _say("\n".join(map(str, orphans.errors)))
    return FAILED if failed or orphans.errors else 0


def _withheld(post: str, why: str) -> str:
    return (
        f"{post}: {why}, so its figures and downloads are in {WITHHELD}/, out of the site;"
        " `post-builder watch` shows them in a preview"
    )


def _check(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.ui.findings import report  # noqa: PLC0415

    paths = _posts(site, arguments.posts)
    if arguments.execute:
        from post_builder.commands.verify import verify  # noqa: PLC0415
        from post_builder.ui.progress import live  # noqa: PLC0415

        jobs = arguments.jobs or site.settings.jobs
        with live(silent=arguments.json) as progress:
            findings = asyncio.run(verify(site, paths, progress, jobs=jobs))
    else:
        from post_builder.commands.check import check  # noqa: PLC0415

        findings = check(site, paths)
    report(findings, as_json=arguments.json)
    return FAILED if findings else 0


def _watch(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.watch import watch  # noqa: PLC0415
    from post_builder.ui.progress import live  # noqa: PLC0415

    jobs = arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        asyncio.run(watch(site, progress, jobs=jobs, stream=sys.stderr))
    return 0


def _new(site: Site, arguments: argparse.Namespace) -> int:
    today = _today(site)
    if arguments.notebook:
        from post_builder.commands.notebook_import import post_from_notebook  # noqa: PLC0415

        path = post_from_notebook(site, arguments.notebook, today)
    else:
        from post_builder.commands.new import new_post  # noqa: PLC0415

        path = new_post(site, arguments.title, today)
    name = site.relative(path)
    if arguments.json:
        _print_json({"post": name})
    else:
        print(f"{name}: written; `post-builder build` runs it")
    return 0


def _init(site: Site, arguments: argparse.Namespace) -> int:
    from dataclasses import asdict  # noqa: PLC0415

    from post_builder.commands.init import init  # noqa: PLC0415

    steps = init(site, _today(site))
    if arguments.json:
        _print_json([asdict(step) for step in steps])
    else:
        print("\n".join(map(str, steps)))
    return 0


def _clean(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.clean import clean  # noqa: PLC0415
    from post_builder.pipeline.made_files import Orphans, remove_orphans  # noqa: PLC0415
    from post_builder.pipeline.names import post_names  # noqa: PLC0415
    from post_builder.pipeline.session import session  # noqa: PLC0415

    with session(site, "clean", _say):
        touched = clean(site, _posts(site, arguments.posts))
        orphans = Orphans() if arguments.posts else remove_orphans(site, post_names(site))
    touched += orphans.removed
    if arguments.json:
        _print_json(touched)
    else:
        count = len(touched)
        print("\n".join([*touched, f"{count} file{'' if count == 1 else 's'} cleaned"]))
    _say("\n".join(map(str, orphans.errors)))
    return FAILED if orphans.errors else 0


def _posts(site: Site, named: Sequence[Path]) -> list[Path]:
    """Resolve posts named relative to the working directory or to the site's root."""
    known = list(site.posts())
    found = []
    for path in named:
        match = next((p for p in (path.resolve(), site.root / path) if p in known), None)
        if match is None:
            raise SiteError(f"{path} is not a post of this site", hint="posts are _posts/*.md")
        found.append(match)
    return found if named else known


def _say(message: str) -> None:
    """Print a message, if there is one, where it does not mix with a result."""
    from post_builder.ui.printing import show  # noqa: PLC0415

    if message:
        show(message, sys.stderr)


def _today(site: Site) -> dt.date:
    """Return the date in the site's time zone: Jekyll hides posts whose date is in the future."""
    from post_builder.jekyll.publishing import zone_of  # noqa: PLC0415

    return dt.datetime.now().astimezone(zone_of(site.jekyll)).date()


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))
