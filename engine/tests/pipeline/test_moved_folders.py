"""Folders that are renamed, or replaced by links, while a build writes; the runs are made up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from disturbances import site_tree, unfinished
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from steps import steps
from toysite import DRAWN, make_drawn, replace

from post_builder.errors import FileError, PostBuilderError
from post_builder.pipeline.session import session
from post_builder.site import open_site

_FROM_LOOK_TO_SWAP = 6
"""Steps: a temporary file is created, written, synced, made readable, renamed and exchanged."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk and git, which other tests try."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("PATH", "")


def _build(root: Path) -> None:
    with session(open_site(root), "build", print):
        state = state_of(root, DRAWN)
        text = "2" if "plot(2)" in state.post.text else "1"
        run = made_up_run(state.prepared, ((printed(f"{text}\n"),), (drawing(text),)), ["0.5"])
        if state.reasons:
            publish(state, run, just_before(state))


def _sites(blog: Path, folder: Path, move: Callable[[Path], None]) -> Iterator[Path]:
    """Yield a copy of a site for each step of a build, at which something of it moves."""
    number, happened = 0, True
    while happened:
        happened = False
        root = Path(shutil.copytree(blog, folder / str(number) / "site"))

        def act(step: int, _name: str, _: object, number: int = number, root: Path = root) -> None:
            nonlocal happened
            if step == number:
                happened = True
                move(root)

        with steps(before=act), suppress(PostBuilderError):
            _build(root)
        if happened:
            yield root
        number += 1
    assert number > 20


@pytest.fixture
def site(blog: Path) -> Path:
    """Write a post that was built and changed since."""
    _build(make_drawn(blog))
    replace(blog / DRAWN, "plot()", "plot(2)")
    return blog


@pytest.fixture
def built(site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what an undisturbed build of it gives."""
    other = Path(shutil.copytree(site, tmp_path_factory.mktemp("other") / "site"))
    _build(other)
    return site_tree(other)


@pytest.mark.slow
def test_a_site_that_is_renamed_at_any_step_is_whole_in_its_new_place(
    site: Path, built: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The post is old or new, nothing is in the old place, and the next build works."""
    old = site.joinpath(DRAWN).read_bytes()

    def move(root: Path) -> None:
        root.rename(root.with_name("moved"))

    for root in _sites(site, tmp_path_factory.mktemp("sites"), move):
        moved = root.with_name("moved")
        assert moved.joinpath(DRAWN).read_bytes() in {old, built[DRAWN]}
        assert not root.exists()
        _build(moved)
        assert built == site_tree(moved)
        assert [] == unfinished(moved)


@pytest.mark.slow
def test_posts_that_move_out_of_the_site_behind_a_link_are_whole(
    site: Path, built: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """At any step of a build; with the folder back in its place the next build works.

    The post is not written any more, unless the engine has looked where it is for the last time.
    """
    old = site.joinpath(DRAWN).read_bytes()

    def move(root: Path) -> None:
        before.append(root.joinpath(DRAWN).read_bytes())
        root.joinpath("_posts").rename(root.with_name("outside"))
        root.joinpath("_posts").symlink_to(root.with_name("outside"))

    before: list[bytes] = []
    written = 0
    for root in _sites(site, tmp_path_factory.mktemp("sites"), move):
        outside = root.with_name("outside")
        (post, *others) = sorted(outside.iterdir(), reverse=True)
        assert post.read_bytes() in {old, built[DRAWN]}
        written += before[-1] != post.read_bytes()
        assert [] == others
        root.joinpath("_posts").unlink()
        outside.rename(root / "_posts")
        _build(root)
        assert built == site_tree(root)
        assert [] == unfinished(root)
    assert written <= _FROM_LOOK_TO_SWAP


@pytest.mark.parametrize("to", ["moved", None])
def test_a_command_of_a_site_that_is_gone_says_so_and_creates_nothing(
    blog: Path, to: str | None
) -> None:
    """Nor does its end."""

    def leave() -> None:
        with session(open_site(make_drawn(blog)), "build", print):
            if to:
                blog.rename(blog.with_name(to))
            else:
                shutil.rmtree(blog)
            state_of_post = state.site.inside(blog / DRAWN)
            pytest.fail(f"{state_of_post} is nowhere")

    state = state_of(make_drawn(blog), DRAWN)
    with pytest.raises(FileError, match="the folder of the site is gone"):
        leave()
    assert not blog.exists()
