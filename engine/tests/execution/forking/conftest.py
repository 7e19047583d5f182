"""Kernels that are forked from templates, beside kernels of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from post_builder.document.parsing.parser import read_post
from post_builder.document.post import Post
from post_builder.execution.forking import imports
from post_builder.execution.forking.templates import Templates
from post_builder.execution.kernels import fresh_kernel
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.site import open_site
from post_builder.sources.transclusion import transclude

Change = Callable[[], object]


class Trial:
    """A post of some cells, in a site, and runs of it."""

    def __init__(self, blog: Path, header: str, cells: Sequence[str]) -> None:
        """Write the post."""
        body = "\n\n".join(f"```python\n{code.strip()}\n```" for code in cells)
        self.path = blog / "_posts/2020-01-01-trial.md"
        self.path.write_text(f"{header}\n{body}\n", encoding="utf-8")
        self.site = open_site(blog)
        post = read_post(self.site, self.path)
        assert post is not None
        self.post: Post = post

    async def run(self, kernels: Templates | None = None) -> Run:
        """Run the post in a kernel of its own, or in a forked one."""
        prepared = transclude(self.post, self.site, {})
        return await execute(prepared, self.site, lambda _: None, kernels or fresh_kernel)

    def forked(self, *between: Change) -> list[Run]:
        """Run the post in kernels of one template, with changes between the runs."""
        return asyncio.run(self._forked(between))

    async def _forked(self, between: Sequence[Change]) -> list[Run]:
        templates = Templates()
        templates.expect([self.post], self.site)
        try:
            runs = [await self.run(templates)]
            for change in between:
                change()
                runs.append(await self.run(templates))
        finally:
            await templates.close()
        return runs

    def plain(self) -> Run:
        """Run the post in a kernel of its own."""
        return asyncio.run(self.run())


@pytest.fixture
def trial(blog: Path, header: str) -> Callable[..., Trial]:
    """Write a post of some cells."""
    return lambda *cells: Trial(blog, header, cells)


@pytest.fixture
def library(blog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install a library that templates import: a module that a test may write and change."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    config = blog / "_config.yml"
    text = config.read_text(encoding="utf-8") if config.exists() else ""
    setting = f"post_builder:\n  environment:\n    PYTHONPATH: {folder}\n"
    config.write_text(f"{text}\n{setting}", encoding="utf-8")
    monkeypatch.setattr(imports, "PRELOADED", frozenset({*imports.PRELOADED, "shelf"}))
    return folder / "shelf.py"
