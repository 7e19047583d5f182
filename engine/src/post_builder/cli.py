"""The command line: `post-builder COMMAND`."""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from post_builder.commands.build import Outcome, build, remove_orphans
from post_builder.errors import PostBuilderError, SiteError
from post_builder.ui.progress import live
from post_builder.site import Site, open_site

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
"""Exit statuses beside 0."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return the exit status: 0, 1 if a post failed, 2 for a wrong call."""
    arguments = _parser().parse_args(argv)
    try:
        status: int = arguments.run(open_site(arguments.site), arguments)
    except SiteError as error:
        print(error, file=sys.stderr)
        return MISUSED
    except PostBuilderError as error:
        print(error, file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("interrupted: posts that had not ended are as they were", file=sys.stderr)
        return INTERRUPTED
    return status


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--site", type=Path, default=Path(), metavar="DIR", help="default: .")
    common.add_argument("--json", action="store_true", help="report as JSON")
    posts = argparse.ArgumentParser(add_help=False)
    posts.add_argument("posts", nargs="*", type=Path, metavar="POST", help="default: all")
    jobs = argparse.ArgumentParser(add_help=False)
    jobs.add_argument("--jobs", type=_positive, metavar="N", help="posts that run at once")

    parser = argparse.ArgumentParser(prog="post-builder", description="Build posts that run.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser(
        "build", parents=[common, posts, jobs], help="bring stale posts up to date"
    )
    command.add_argument("--force", action="store_true", help="run fresh posts as well")
    command.set_defaults(run=_build)
    command = commands.add_parser(
        "check", parents=[common, posts, jobs], help="find what is stale or was edited by hand"
    )
    command.add_argument("--execute", action="store_true", help="run posts and compare")
    command.set_defaults(run=_check)
    command = commands.add_parser("watch", parents=[common, jobs], help="build on save")
    command.set_defaults(run=_watch)
    command = commands.add_parser("new", parents=[common], help="a post to start from")
    source = command.add_mutually_exclusive_group(required=True)
    source.add_argument("title", nargs="?", metavar="TITLE")
    source.add_argument("--from", dest="notebook", type=Path, metavar="NOTEBOOK.ipynb")
    command.set_defaults(run=_new)
    command = commands.add_parser(
        "clean", parents=[common, posts], help="remove what builds put into posts and beside them"
    )
    command.set_defaults(run=_clean)
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _build(site: Site, arguments: argparse.Namespace) -> int:
    paths = _posts(site, arguments.posts)
    jobs = arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        outcomes = asyncio.run(build(site, paths, progress, force=arguments.force, jobs=jobs))
    removed = [] if arguments.posts else remove_orphans(site)
    if arguments.json:
        _print_json([_plain(outcome) for outcome in outcomes])
    else:
        for outcome in outcomes:
            if outcome.error:
                print(f"\n{outcome.error}", file=sys.stderr)
        for outcome in outcomes:
            if outcome.note:
                print(f"{outcome.post}: {outcome.note}")
        for path in removed:
            print(f"{path}: removed, its post is gone")
        print(_summary(outcomes))
    return FAILED if any(outcome.error for outcome in outcomes) else 0


def _check(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.check import check  # noqa: PLC0415  # `build` need not wait for it
    from post_builder.ui.findings import report  # noqa: PLC0415  # same

    paths = _posts(site, arguments.posts)
    if arguments.execute:
        from post_builder.commands.verify import verify  # noqa: PLC0415  # Jupyter is slow to import

        jobs = arguments.jobs or site.settings.jobs
        with live(silent=arguments.json) as progress:
            findings = asyncio.run(verify(site, paths, progress, jobs=jobs))
    else:
        findings = check(site, paths)
    report(findings, as_json=arguments.json)
    return FAILED if findings else 0


def _watch(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.watch import watch  # noqa: PLC0415  # only this command needs the watcher

    jobs = arguments.jobs or site.settings.jobs
    with live(silent=arguments.json) as progress:
        asyncio.run(watch(site, progress, jobs=jobs, stream=sys.stderr))
    return 0


def _new(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.new import new_post, post_from_notebook  # noqa: PLC0415  # as above

    today = dt.datetime.now(dt.UTC).date()
    if arguments.notebook:
        path = post_from_notebook(site, arguments.notebook, today)
    else:
        path = new_post(site, arguments.title, today)
    shown = site.shown(path)
    if arguments.json:
        _print_json({"post": shown})
    else:
        print(f"{shown}: written; make build-posts runs it")
    return 0


def _clean(site: Site, arguments: argparse.Namespace) -> int:
    from post_builder.commands.clean import clean  # noqa: PLC0415  # as above

    touched = clean(site, _posts(site, arguments.posts))
    if not arguments.posts:
        touched += remove_orphans(site)
    if arguments.json:
        _print_json(touched)
    else:
        print("\n".join([*touched, f"{len(touched)} files cleaned"]))
    return 0


def _posts(site: Site, named: Sequence[Path]) -> list[Path]:
    """Resolve the posts that were named, from the working directory or from the site's root."""
    known = list(site.posts())
    found = []
    for path in named:
        match = next((p for p in (path.resolve(), site.root / path) if p in known), None)
        if match is None:
            raise SiteError(f"{path} is no post of this site", hint="posts are _posts/*.md")
        found.append(match)
    return found if named else known


def _print_json(data: object) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _plain(outcome: Outcome) -> dict[str, object]:
    """Make an outcome fit for JSON."""
    error = outcome.error
    plain: dict[str, object] = {**asdict(outcome), "error": None}
    if error:
        place = asdict(error.place) if error.place else None
        plain["error"] = {"message": error.message, "place": place, "text": str(error)}
    return plain


def _summary(outcomes: Sequence[Outcome]) -> str:
    words = {"built": "built", "fresh": "up to date", "failed": "failed"}
    counts = {status: sum(outcome.status == status for outcome in outcomes) for status in words}
    posts = f"{len(outcomes)} post{'' if len(outcomes) == 1 else 's'}"
    if not outcomes:
        return "no executable post"
    if counts["fresh"] == len(outcomes):
        return f"all up to date ({posts})"
    return f"{posts}: {', '.join(f'{counts[s]} {word}' for s, word in words.items() if counts[s])}"
