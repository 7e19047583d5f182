"""Removing files that builds made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from post_builder.errors import RecordError
from post_builder.freshness.record import Record, load_record
from post_builder.freshness.site_files import digests
from post_builder.site import Site


def remove_outdated(site: Site, before: Record | None, now: Record) -> list[str]:
    """Remove what the last build of a post made and this one did not."""
    made = before.made() if before else {}
    kept = now.made()
    return _remove(site, {path: content for path, content in made.items() if path not in kept})


def remove_all(site: Site, slug: str, record: Record) -> list[str]:
    """Remove everything that builds of a post made, and its record; return what was removed."""
    kept = _made_by_others(site, slug)
    made = {path: content for path, content in record.made().items() if path not in kept}
    removed = _remove(site, made)
    site.record(slug).unlink()
    return [*removed, site.relative(site.record(slug))]


def remove_orphans(site: Site) -> list[str]:
    """Remove what was made for posts that no longer exist; return what was removed.

    While a record cannot be read nothing is removed, since its post may have made the same files;
    `check` names the record.
    """
    try:
        records = {path.stem: load_record(site, path.stem) for path in site.records()}
    except RecordError:
        return []
    removed = []
    for slug, record in records.items():
        if record and not (site.root / record.post).exists():
            removed += remove_all(site, slug, record)
    return removed


def _remove(site: Site, made: Mapping[str, str]) -> list[str]:
    """Remove files that are still as a record says they were made; return what was removed."""
    now = digests(made, site.root)
    removed = [path for path, content in made.items() if now[path] == content]
    for path in removed:
        (site.root / path).unlink()
        _remove_empty_folders(site.root / path, site.root)
    return removed


def _remove_empty_folders(path: Path, root: Path) -> None:
    """Remove the folders above a file that have become empty."""
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()


def _made_by_others(site: Site, slug: str) -> set[str]:
    records = (load_record(site, path.stem) for path in site.records() if path.stem != slug)
    return {path for record in records if record for path in record.made()}
