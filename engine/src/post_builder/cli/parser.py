"""The arguments of the command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

from post_builder.cli import commands
from post_builder.cli.build import build as run_build
from post_builder.commands.export.formats import FOLDER, SUFFIXES
from post_builder.site import Site

Shared = Callable[[argparse.ArgumentParser], object]
"""Adds an argument to the parser of a command."""


class _Version(argparse.Action):
    """Prints the version, which other commands need not look up."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from post_builder import __version__  # noqa: PLC0415

        print(f"post-builder {__version__}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="post-builder",
        description="Run the code of Jekyll posts and write its outputs into their Markdown.",
    )
    version = "show program's version number and exit"
    parser.add_argument("--version", action=_Version, nargs=0, help=version)
    add = partial(_add, parser.add_subparsers(required=True, metavar="COMMAND").add_parser)
    posts = _shared("posts", nargs="*", type=Path, metavar="POST", help="default: all")
    jobs = _shared("--jobs", type=_positive, metavar="N", help="posts that run at once")

    build = add("build", run_build, "bring stale posts up to date", posts, jobs)
    build.add_argument("--force", action="store_true", help="run fresh posts as well")
    where = "run posts on the workers of a Dask cluster, such as tcp://10.0.0.7:8786"
    build.add_argument("--scheduler", metavar="ADDRESS", help=where)
    build.add_argument("--keep-going", action="store_true", help="name all cells that fail")
    check = add("check", commands.check, "find what is stale or was edited by hand", posts, jobs)
    check.add_argument("--execute", action="store_true", help="run posts and compare")
    add("watch", commands.watch, "build stale posts after each save", jobs)
    new = add("new", commands.new, "write a post to start from")
    source = new.add_mutually_exclusive_group(required=True)
    source.add_argument("title", nargs="?", metavar="TITLE", help="the title of the post")
    source.add_argument(
        "--from", dest="notebook", type=Path, metavar="NOTEBOOK.ipynb", help="convert a notebook"
    )
    _export_arguments(add("export", commands.export, "write a built post in another format"))
    _adopt_arguments(add("adopt", commands.adopt, "make existing posts executable"))
    add("init", commands.init, "make a Jekyll site ready")
    clean = add("clean", commands.clean, "remove what builds put into posts and beside them", posts)
    clean.add_argument("--dry-run", action="store_true", help="show what would change, and stop")
    return parser


def _export_arguments(export: argparse.ArgumentParser) -> None:
    formats = ", ".join(SUFFIXES)
    export.add_argument("post", type=Path, metavar="POST", help="the post to export")
    export.add_argument("--to", required=True, choices=SUFFIXES, metavar="FORMAT", help=formats)
    output = f"default: named after the post, in the site's {FOLDER}"
    export.add_argument("--output", type=Path, metavar="FILE", help=output)


def _adopt_arguments(adopt: argparse.ArgumentParser) -> None:
    adopt.add_argument("posts", nargs="+", type=Path, metavar="POST", help="posts to adopt")
    adopt.add_argument("--no-run", action="store_true", help="change posts without running them")
    adopt.add_argument("--dry-run", action="store_true", help="show the change, write nothing")
    adopt.add_argument("--yes", action="store_true", help="write without asking")


def _shared(name: str, **options: Any) -> Shared:  # noqa: ANN401  # as argparse
    """Return an argument that several commands have; argparse's way needs a parser for each."""
    return methodcaller("add_argument", name, **options)


def _add(
    add_parser: Callable[..., argparse.ArgumentParser],
    name: str,
    run: Callable[[Site, argparse.Namespace], int],
    text: str,
    *shared: Shared,
) -> argparse.ArgumentParser:
    """Add a command, with the arguments that all commands have."""
    about = "the Jekyll site; default: ."
    site = _shared("--site", type=Path, default=Path(), metavar="DIR", help=about)
    as_json = _shared("--json", action="store_true", help="print the result as JSON")
    description = f"{text[0].upper()}{text[1:]}."
    command = add_parser(name, help=text, description=description)
    for argument in (site, as_json, *shared):
        argument(command)
    command.set_defaults(run=run)
    return command


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number above 0, not {text!r}")
    return int(text)
