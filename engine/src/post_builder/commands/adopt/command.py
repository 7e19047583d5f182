"""The command `adopt`: shows what would change, asks, and writes."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from post_builder.commands.adopt.adoption import Adoption, adopt
from post_builder.errors import SiteError
from post_builder.pipeline.session import session
from post_builder.site import Site
from post_builder.ui.printing import show, visible

_SUFFIXES = frozenset({".md", ".markdown", ".mkdown", ".mkdn", ".mkd"})


def run(site: Site, arguments: argparse.Namespace) -> int:
    """Adopt posts, one after another; each is shown, and written if its author agrees.

    Raises:
        PostBuilderError: if a post cannot be adopted.
    """
    results = []
    for path in [_resolved(site, path) for path in arguments.posts]:
        adoption = asyncio.run(adopt(site, path, run=not arguments.no_run))
        if not arguments.json and (shown := _shown(adoption)):
            show(shown)
        written = adoption.after != adoption.before and _agreed(adoption, arguments)
        if written:
            with session(site, "adopt", show):
                adoption.write()
        if not arguments.json:
            show(f"{adoption.name}: {'adopted' if written else 'unchanged'}")
        results.append(_plain(adoption, written=written))
    if arguments.json:
        show(json.dumps(results, indent=1, ensure_ascii=False))
    return 0


def _plain(adoption: Adoption, *, written: bool) -> dict[str, object]:
    """Return an adoption as JSON can hold it."""
    notes = list(adoption.notes)
    difference = adoption.difference()
    return {"post": adoption.name, "difference": difference, "notes": notes, "written": written}


def _resolved(site: Site, named: Path) -> Path:
    for path in (named.resolve(), (site.root / named).resolve()):
        if path.is_file() and path.is_relative_to(site.root) and path.suffix in _SUFFIXES:
            return path
    raise SiteError(f"{named} is not a Markdown file of this site")


def _shown(adoption: Adoption) -> str:
    notes = (f"note: {note}" for note in adoption.notes)
    return "\n".join([adoption.difference().rstrip("\n"), *notes]).strip("\n")


def _agreed(adoption: Adoption, arguments: argparse.Namespace) -> bool:
    """Ask whether to write a post; where nobody can answer, it is not written."""
    if arguments.yes or arguments.dry_run or arguments.json:
        return bool(arguments.yes) and not arguments.dry_run
    if not sys.stdin.isatty():
        show("nothing is written without --yes")
        return False
    return input(f"write {visible(adoption.name)}? [y/N] ").strip().lower() in {"y", "yes"}
