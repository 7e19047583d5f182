"""An author at work: a post that is edited while `watch` has checkpoints of it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from commandline import lasting
from toysite import HEADER

from post_builder.commands.build import build
from post_builder.commands.building.running import Here
from post_builder.execution.forking.standby import Standby
from post_builder.execution.forking.templates import Templates
from post_builder.pipeline.prepare import prepare
from post_builder.site import open_site
from post_builder.ui.outcomes import Outcome
from post_builder.ui.progress import Silent

POST = "_posts/2020-01-01-watched.md"


class Reference(Templates):
    """Forks each kernel from a template, and knows no checkpoints."""


class Said(Silent):
    """Keeps how posts ended."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.results: list[str] = []

    def post_ended(self, post: object, result: str) -> None:
        """Keep it."""
        del post
        self.results.append(result)


@dataclass(slots=True)
class Author:
    """A site with one post, and one for whole builds of the same text."""

    root: Path
    whole: Path
    standby: Standby = field(default_factory=Standby)
    reference: Reference = field(default_factory=Reference)
    said: Said = field(default_factory=Said)

    async def save(self, cells: Sequence[str], after: str = "") -> Outcome:
        """Save a post, let `watch` build it, and return what it says.

        Args:
            cells: code, each with its options after `#|` on its first line, if it has any.
            after: prose at the end.
        """
        self.write(cells, after)
        shutil.rmtree(self.whole)
        shutil.copytree(self.root, self.whole, ignore=shutil.ignore_patterns(*BUILT))
        return await self.build()

    def write(self, cells: Sequence[str], after: str = "") -> None:
        """Save a post without its outputs, as an editor does that had it open."""
        self.root.joinpath(POST).write_text(HEADER + "".join(map(block, cells)) + after, "utf-8")

    async def build(self) -> Outcome:
        """Build as `watch` does."""
        site = open_site(self.root)
        paths = [self.root / POST]
        here = Here(self.standby)
        (outcome,) = await build(site, paths, self.said, force=False, jobs=1, runner=here)
        return outcome

    async def built_whole(self) -> tuple[Outcome, dict[str, bytes]]:
        """Build the site from the first cell on, as it was before the save; return all files."""
        site = open_site(self.whole)
        state = prepare(site, self.whole / POST, "watched", ())
        assert state is not None
        self.reference.expect([state.post], site)
        paths = [self.whole / POST]
        here = Here(self.reference)
        (outcome,) = await build(site, paths, Silent(), force=True, jobs=1, runner=here)
        return outcome, lasting(self.whole)

    async def compare(self, outcome: Outcome) -> None:
        """Compare what a save gave with a whole build."""
        again, files = await self.built_whole()
        assert str(again.error) == str(outcome.error)
        if outcome.error is None:
            assert files == lasting(self.root)

    @property
    def indices(self) -> list[int]:
        """The cells before which there are checkpoints."""
        families = self.standby._checkpoints._families.values()
        return sorted(one.index for family in families for one in family.checkpoints)

    async def close(self) -> None:
        """End all processes."""
        await self.standby.close()
        await self.reference.close()


BUILT = ("assets", "_data", ".post-builder")
"""Folders of what builds make."""


def block(code: str) -> str:
    """Return the Markdown of a cell."""
    options = ""
    if code.startswith("#|"):
        first, _, code = code.partition("\n")
        options = first.removeprefix("#|")
    return (
        f"\n```python\n{code}\n```\n{{: {options or ' '} }}\n"
        if options
        else f"\n```python\n{code}\n```\n"
    )


def at_work(blog: Path, work: Callable[[Author], Awaitable[None]]) -> None:
    """Run a test in an event loop, and leave no process."""

    async def run() -> None:
        author = Author(blog, blog.parent / f"{blog.name}-whole")
        author.whole.mkdir()
        try:
            await work(author)
        finally:
            await author.close()

    asyncio.run(run())
