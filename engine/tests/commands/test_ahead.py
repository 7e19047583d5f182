"""A template is started as soon as a post seems to have new code, and not for other changes."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil
import pytest
from toysite import POST, replace

from post_builder.commands.building.ahead import template_ahead
from post_builder.execution.forking import starting
from post_builder.execution.forking.starting import TemplateProcess
from post_builder.site import open_site

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels")


class Noted(TemplateProcess):
    """Starts nothing."""

    started = 0

    def __init__(self, _: object) -> None:
        """Count."""
        Noted.started += 1

    def end(self) -> None:
        """Do nothing."""


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> type[Noted]:
    """Start no process, but count how many would be."""
    monkeypatch.setattr(starting, "TemplateProcess", Noted)
    Noted.started = 0
    return Noted


def started(root: Path, noted: type[Noted], *, force: bool = False) -> int:
    """Return how many processes a build of all posts starts ahead."""
    site = open_site(root)
    with template_ahead(site, list(site.posts()), force=force):
        return noted.started


def test_words_need_no_template(toy: Path, noted: type[Noted]) -> None:
    """Prose, alternative texts and captions run nothing."""
    for before in ("A line is fitted", "Three points", "The data."):
        replace(toy / POST, before, f"New: {before}")
    assert 0 == started(toy, noted)


def test_new_code_needs_one(toy: Path, noted: type[Noted]) -> None:
    """In the post that was saved last."""
    replace(toy / POST, "```python\n", "```python\n# new\n")
    assert 1 == started(toy, noted)


def test_a_post_that_was_never_built_needs_one(blog: Path, header: str, noted: type[Noted]) -> None:
    """Unless its kernel cannot be forked."""
    post = blog / "_posts/2020-01-01-new.md"
    post.write_text(f"{header}```python\n1\n```\n", encoding="utf-8")
    assert 1 == started(blog, noted)
    post.write_text("---\njupyter: bash\n---\n", encoding="utf-8")
    assert 1 == started(blog, noted)


def test_a_build_that_is_forced_needs_one(toy: Path, noted: type[Noted]) -> None:
    """Whatever has changed."""
    assert 1 == started(toy, noted, force=True)


def test_a_process_that_nobody_takes_is_ended(toy: Path) -> None:
    """With its folder, and with all that it started."""
    site = open_site(toy)
    own = psutil.Process(os.getpid())
    before = set(own.children())
    with template_ahead(site, list(site.posts()), force=True):
        (guard,) = set(own.children()) - before
        assert guard.is_running()
    assert not guard.is_running()
