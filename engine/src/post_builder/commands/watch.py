"""Build stale posts after each save."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from msgspec import Struct, field
from watchfiles import awatch
from watchfiles._rust_notify import WatchfilesRustInternalError

from post_builder.commands.build import build
from post_builder.commands.building.running import Here
from post_builder.commands.watching.saves import Saves, Seen
from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Post
from post_builder.errors import PostBuilderError
from post_builder.execution.forking.standby import Standby
from post_builder.freshness.site_files import digests
from post_builder.freshness.unchanged.look import unchanged_among
from post_builder.pipeline.made.files import remove_orphans
from post_builder.pipeline.made.records import made_records
from post_builder.pipeline.names import post_names
from post_builder.pipeline.session import async_session
from post_builder.pipeline.unpublished.files import bring_back, settle
from post_builder.site import OWN_FOLDER, Site, open_site
from post_builder.sources.product_makers import depended_on, product_makers
from post_builder.sources.transclusion import texts_used
from post_builder.ui.outcomes import Outcome
from post_builder.ui.printing import show
from post_builder.ui.progress import Progress
from post_builder.ui.status_file import NAME as STATUS
from post_builder.ui.status_file import StatusFile

_FIRST = asyncio.FIRST_COMPLETED


async def watch(site: Site, progress: Progress, *, jobs: int, stream: TextIO) -> None:
    """Build stale posts now and after each burst of saves; errors are shown, and watching goes on.

    A save during a build counts: the post is checked again when the build ends. Cancelling ends
    a running build and its kernel.

    Args:
        site: read again when its settings are saved.
        progress: told of each step.
        jobs: how many posts may run at once.
        stream: where errors are shown.
    """
    standby = Standby()
    status = StatusFile(site.root / OWN_FOLDER / STATUS, progress)
    watcher = _Watcher(status, jobs, stream, standby, status=status)
    try:
        watcher.greet(site)
        await _watch(site, watcher)
    finally:
        status.close()
        await standby.close()
        for line in settle(site):
            show(line, stream)


async def _watch(site: Site, watcher: _Watcher) -> None:
    saves = awatch(*_watched(site), watch_filter=Saves(site))
    coming = asyncio.ensure_future(anext(saves))  # watching starts before the first build does
    building = asyncio.create_task(watcher.build(site, _all_of(site)))
    saved: set[Path] = set()
    try:
        while True:
            await asyncio.wait({coming, building} if saved else {coming}, return_when=_FIRST)
            if coming.done():
                try:
                    saved |= {Path(path) for _, path in coming.result()}
                except ExceptionGroup as group:
                    watcher.report_name(group)
                    saves = awatch(*_watched(site), watch_filter=Saves(site))
                    saved |= set(site.posts())  # some saves may not be known
                coming = asyncio.ensure_future(anext(saves))
                watcher.end_outdated(saved, site)
            if building.done() and saved:
                site = building.result()
                building = asyncio.create_task(watcher.build_after(saved, site))
                saved = set()
    finally:
        coming.cancel()
        building.cancel()
        await asyncio.gather(coming, building, return_exceptions=True)


def _watched(site: Site) -> list[Path]:
    """Return what is watched: the sources, and the settings where those are not among them."""
    return [site.root, *([site.config] if site.home else [])]


def _all_of(site: Site) -> Callable[[], list[Path]]:
    return lambda: list(site.posts())


class _Watcher(Struct):
    progress: Progress
    jobs: int
    stream: TextIO
    standby: Standby
    failed: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    """Posts whose last run failed, and the output of other posts that they took; they run again
    when something is saved that may fix them, or when that output changes."""
    seen: Seen = field(default_factory=Seen)
    """What tells a save from what watch itself writes."""
    status: StatusFile | None = None
    """Where it is said how each post stands."""

    def greet(self, site: Site) -> None:
        """Say what is watched."""
        with suppress(PostBuilderError, OSError):  # the first build says what is wrong
            count = len(post_names(site))
            self._print(f"watching {count} post{'s' * (count != 1)} in {site.root}")

    async def build_after(self, paths: set[Path], site: Site) -> Site:
        """Build what some saves made stale; return the site with its current settings."""
        saved = self.seen.changed(paths, site)
        try:
            site = open_site(site.config.parent)
        except PostBuilderError as error:
            self._report(error)
            return site
        if self.status:
            self.status.saved(map(site.relative, _stale(site, saved)))
        return await self.build(site, lambda: self.candidates(site, saved))

    async def build(self, site: Site, find: Callable[[], list[Path]]) -> Site:
        """Build those posts that are stale, remember which failed, and have kernels ready.

        Whatever is wrong with the site or disappears meanwhile is reported, and watching goes on.
        """
        try:
            async with async_session(site, "watch", lambda message: show(message, self.stream)):
                for _, record in made_records(site):  # a preview shows what is not published too
                    bring_back(site, record)
                outcomes = await self._build(site, find())
                if not any(outcome.error for outcome in outcomes):
                    for line in remove_orphans(site, post_names(site)).lines():
                        self._print(line)
            await self.standby.prepare(self._posts(site), site)
        except (PostBuilderError, OSError) as error:
            self._report(error)
        return site

    async def _build(self, site: Site, paths: list[Path]) -> list[Outcome]:
        outcomes = await build(
            site, paths, self.progress, force=False, jobs=self.jobs, runner=Here(self.standby)
        )
        if self.status:
            self.status.ended(outcomes)
        for outcome in outcomes:
            path = site.root / outcome.post
            self.failed.pop(path, None)
            if outcome.error:
                self.failed[path] = _texts_used(site, path)
                self._report(outcome.error)
        return outcomes

    def end_outdated(self, paths: set[Path], site: Site) -> None:
        """End the runs of posts whose code was edited: what they would give is out of date."""
        for path in paths:
            with suppress(PostBuilderError, OSError, ValueError):
                if post := read_post(site, path):
                    self.standby.end_outdated(post)

    def _posts(self, site: Site) -> Iterator[Post]:
        """Yield the executable posts that can be read."""
        for path in site.posts():
            with suppress(PostBuilderError, OSError):
                if post := read_post(site, path):
                    yield post

    def report_name(self, group: ExceptionGroup[Exception]) -> None:
        """Report a file whose name is not text, at which watchfiles gives up; raise all else."""
        names, others = group.split(WatchfilesRustInternalError)
        if names is None or others is not None:
            raise group
        self._report(names.exceptions[0])

    def _report(self, error: Exception) -> None:
        self._print(f"\n{error}\n")

    def _print(self, text: str) -> None:
        self.seen.says(text)
        show(text, self.stream)

    def candidates(self, site: Site, saved: set[Path]) -> list[Path]:
        """Return the posts to check: a failed one only if something saved may have fixed it."""
        posts = list(site.posts())
        others = saved.difference(posts)
        source = any(not path.is_relative_to(site.root / "assets") for path in others)
        return [
            path
            for path in posts
            if path in saved or source or self.failed.get(path) != _texts_used(site, path)
        ]


def _stale(site: Site, saved: set[Path]) -> set[Path]:
    """Return those of some saved files that are posts, and not as a build has just written them."""
    with suppress(PostBuilderError, OSError):  # the build that follows says what is wrong
        posts = saved.intersection(site.posts())
        return posts - unchanged_among(site, posts, post_names(site))
    return set()


def _texts_used(site: Site, path: Path) -> tuple[str, ...]:
    """Return what a post takes of others' output and products; nothing if it cannot be read."""
    with suppress(PostBuilderError, OSError):
        if post := read_post(site, path):
            makers = product_makers(site) if "depends" in post.front_matter else []
            made = {maker.product for maker in depended_on(post, makers)}
            return (*texts_used(post, site), *digests(made, site.root).values())
    return ()
