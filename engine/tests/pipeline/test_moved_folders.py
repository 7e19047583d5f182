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
from post_builder.pipeline.made.aside import products_aside
from post_builder.pipeline.made.files import remove_orphans
from post_builder.pipeline.names import post_names
from post_builder.pipeline.session import session
from post_builder.site import open_site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk and git, which other tests try."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("PATH", "")


def _build(root: Path) -> None:
    site = open_site(root)
    with session(site, "build", print):
        if not root.joinpath(DRAWN).exists():
            remove_orphans(site, post_names(site))
            return
        state = state_of(root, DRAWN)
        text = "2" if "plot(2)" in state.post.text else "1"
        run = made_up_run(state.prepared, ((printed(f"{text}\n"),), (drawing(text),)), ["0.5"])
        if state.reasons:
            with products_aside(site, state.prepared):
                before = just_before(state)
            publish(state, run, before)


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


def _first(root: Path) -> None:
    for made in ("assets", "_data", ".post-builder"):
        shutil.rmtree(root / made)
    make_drawn(root)


def _again(_: Path) -> None:
    """Leave the site as it is: its post has changed."""


def _gone(root: Path) -> None:
    root.joinpath(DRAWN).unlink()


def _lead_out(folder: Path, outside: Path) -> None:
    """Move a folder out of the site, and put a link to it in its place."""
    outside.joinpath("folder").mkdir(parents=True)
    if folder.is_dir():
        folder.rename(outside / "folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.symlink_to(outside / "folder")


def _lead_elsewhere(folder: Path, outside: Path) -> None:
    """Put a link to another folder, which has files of the same names, in the place of one."""
    _lead_out(folder, outside)
    outside.joinpath("folder").rename(outside.with_name("aside"))
    shutil.copytree(outside.with_name("aside"), outside / "folder")
    for file in outside.rglob("*.*"):
        if file.suffix == ".tmp":
            file.unlink()
        elif file.is_file():
            file.write_bytes(file.read_bytes() + b"<!-- precious -->\n")


def _all_in(folder: Path) -> dict[str, bytes | None]:
    """Return what is in a folder, but for temporary files of the engine's."""
    names = (path for path in folder.rglob("*") if path.suffix != ".tmp")
    return {str(path): None if path.is_dir() else path.read_bytes() for path in names}


@pytest.mark.slow
@pytest.mark.parametrize("lead", [_lead_out, _lead_elsewhere])
@pytest.mark.parametrize("begin", [_first, _again, _gone])
@pytest.mark.parametrize(
    "name", ["_posts", "assets", "assets/notebooks", "_data", "_data/builds", ".post-builder"]
)
def test_nothing_changes_behind_a_link_that_takes_the_place_of_a_folder(
    site: Path,
    tmp_path_factory: pytest.TempPathFactory,
    name: str,
    begin: Callable[[Path], None],
    lead: Callable[[Path, Path], None],
) -> None:
    """At any step of a build; the post is old or new, and the next build works."""
    begin(site)
    other = Path(shutil.copytree(site, tmp_path_factory.mktemp("other") / "site"))
    _build(other)
    whole = {file.joinpath(DRAWN).read_bytes() for file in (site, other) if begin is not _gone}
    was: dict[str, bytes | None] = {}

    def move(root: Path) -> None:
        lead(root / name, root.with_name("outside"))
        was.clear()
        was.update(_all_in(root.with_name("outside")))

    for root in _sites(site, tmp_path_factory.mktemp("sites"), move):
        aside, outside = root.with_name("aside"), root.with_name("outside")
        assert was == _all_in(outside)
        assert [] == unfinished(outside)
        root.joinpath(name).unlink()
        (aside if aside.exists() else outside / "folder").rename(root / name)
        assert begin is _gone or root.joinpath(DRAWN).read_bytes() in whole
        _build(root)
        assert site_tree(other) == site_tree(root)
        assert [] == unfinished(root)


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
