"""What a run leaves on disk: figures and downloads, the post, and the record of all."""

from __future__ import annotations

import datetime as dt
import platform
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from post_builder.freshness.dependencies import declared, digests, observed, public_versions
from post_builder.errors import ConflictError
from post_builder.files import digest, read_text, write_atomically
from post_builder.pipeline.prepare import Job
from post_builder.pipeline.ignored_outputs import keep_ignored
from post_builder.document.post import Post, parse, splice
from post_builder.freshness.record import (
    Record,
    cell_records,
    python_minor,
    settings_digest,
    text_digest,
    value_digests,
)
from post_builder.sources.transclusion import transclude, transclusion_edits

if TYPE_CHECKING:
    from post_builder.execution.run import Run
    from post_builder.site import Site


def publish(job: Job, run: Run, started: float) -> None:
    """Put what a run gave into the post, and beside it.

    Args:
        job: the post as it was when it started to run.
        run: what came out.
        started: when that was, in seconds since the epoch.

    Raises:
        PostBuilderError: where it cannot be published; nothing is written then.
    """
    from post_builder.rendering.downloads import make_downloads  # noqa: PLC0415  # Jupyter is slow to import
    from post_builder.rendering.regions import region_edits, render  # noqa: PLC0415  # same

    post, ready = _as_now(job)
    rendered = render(ready, run, job.site, job.slug)
    regions, figures = keep_ignored(ready, rendered, job.record, job.site)
    rendered = replace(rendered, regions=regions)
    edits = [*transclusion_edits(post, ready), *region_edits(ready, rendered)]
    built = _reparsed(splice(post.text, edits), ready)
    downloads = make_downloads(built, job.site, job.slug)
    record = _record(job, built, run, figures, downloads)
    _refuse_moved(job, record, started)
    _write(job, built.text, figures | downloads, record)


def refresh_downloads(job: Job) -> None:
    """Write a fresh post's downloads anew, since they hold its prose."""
    from post_builder.rendering.downloads import make_downloads  # noqa: PLC0415  # as above

    assert job.record is not None  # noqa: S101  # a fresh post has one
    downloads = make_downloads(job.ready, job.site, job.slug)
    record = replace(job.record, downloads=_named(downloads), text=text_digest(job.post.text))
    _write(job, job.post.text, downloads, record)


def remove_made(site: Site, made: Mapping[str, str]) -> list[str]:
    """Remove files that are as a record says the engine made them; return those that went."""
    now = digests(made, site.root)
    gone = [path for path, content in made.items() if now[path] == content]
    for path in gone:
        (site.root / path).unlink()
        _remove_empty(site.root / path, site.root)
    return gone


def _remove_empty(path: Path, root: Path) -> None:
    """Remove the folders above a file that hold nothing any more."""
    for folder in path.parents:
        if folder == root or any(folder.iterdir()):
            return
        folder.rmdir()


def _as_now(job: Job) -> tuple[Post, Post]:
    """Read the post once more: prose may have changed while it ran, and must not be lost.

    Raises:
        ConflictError: where its code changed, so that what ran is not what stands there.
    """
    text = read_text(job.path, job.post.path)
    if text == job.post.text:
        return job.post, job.ready
    post = parse(text, job.post.path)
    ready = post and transclude(post, job.site.root, job.record.transcluded() if job.record else {})
    if not (post and ready) or _inputs(ready) != _inputs(job.ready):
        hint = "nothing was written; build again"
        raise ConflictError("the post's code changed while it ran", job.post.place(1), hint)
    return post, ready


def _inputs(post: Post) -> list[tuple[str, str]]:
    return [(cell.name, cell.input) for cell in cell_records(post)]


def _reparsed(text: str, ready: Post) -> Post:
    """Read what is about to be written as the next build will, and hold it to what ran."""
    again = parse(text, ready.path)
    if again is None or [cell.code for cell in again.cells] != [cell.code for cell in ready.cells]:
        raise ConflictError("the built post would hold other code than ran", ready.place(1))
    return again


def _record(
    job: Job,
    post: Post,
    run: Run,
    figures: Mapping[str, bytes],
    downloads: Mapping[str, bytes],
) -> Record:
    root = job.site.root
    depends = declared(post.front_matter.get("depends", ()), root, post.place(1))
    own = {*figures, *downloads, post.path, job.site.shown(job.site.record(job.slug)), *depends}
    return Record(
        post=post.path,
        text=text_digest(post.text),
        kernel=post.kernel,
        settings=settings_digest(job.site),
        cells=cell_records(post),
        values=value_digests(post),
        figures=_named(figures),
        downloads=_named(downloads),
        files=observed(run.observations, root, own),
        declared=depends,
        python=python_minor(run.facts.get("python", "")),
        packages=public_versions(run.facts.get("packages", {})),
        run=_circumstances(run, root),
    )


def _refuse_moved(job: Job, record: Record, started: float) -> None:
    """Refuse to vouch for a file that was saved while the post ran: which state was read?"""
    for path in (*record.files, *record.declared):
        file = job.site.root / path
        if file.is_file() and file.stat().st_mtime > started:
            hint = "nothing was written; build again"
            place = job.post.place(1)
            raise ConflictError(f"{path} changed while the post ran", place, hint)


def _named(files: Mapping[str, bytes]) -> dict[str, str]:
    return {path: digest(data) for path, data in files.items()}


def _circumstances(run: Run, root: Path) -> Mapping[str, Any]:
    """Describe when, where and how fast a post ran."""
    head = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, check=False, text=True
    )
    return {
        "date": dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "seconds": round(sum(run.seconds), 1),
        "peak_memory": run.facts.get("peak_memory", 0),
        "python": run.facts.get("python", ""),
        "processor": _processor(),
        "commit": head.stdout.strip() if head.returncode == 0 else "",
    }


def _processor() -> str:
    """Name the processor's model, as far as the system tells."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()


def _write(job: Job, text: str, made: Mapping[str, bytes], record: Record) -> None:
    """Write figures and downloads first, then the post, the record last.

    A build killed on the way leaves a record that does not fit, and the next one heals the rest.
    """
    for path, data in made.items():
        write_atomically(job.site.root / path, data)
    write_atomically(job.path, text.encode("utf-8"))
    remove_made(job.site, _outdated(job.record, record))
    if not record.same_result(job.record):
        write_atomically(job.site.record(job.slug), record.to_json().encode("utf-8"))


def _outdated(before: Record | None, now: Record) -> dict[str, str]:
    """Give what the last build made and this one did not."""
    made = before.made() if before else {}
    return {path: content for path, content in made.items() if path not in now.made()}
