"""A fault at every change that a build makes to the file system; the runs are made up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from disturbances import FAULTS, disturbed, site_tree
from runs import drawing, just_before, made_up_run, printed, publish, refresh, state_of
from toysite import DRAWN, make_drawn, replace

from post_builder.commands.check import check
from post_builder.pipeline.session import session
from post_builder.site import OWN_FOLDER, open_site


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk and git, which other tests try."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("PATH", "")


def _build(root: Path, *outputs: str) -> None:
    """Do what a build does, with a run whose figures show some texts."""
    with session(open_site(root), "build", print):
        state = state_of(root, DRAWN)
        shown = tuple(drawing(text) for text in outputs)
        if state.reasons:
            run = made_up_run(state.prepared, ((printed(outputs[0]),), shown), ["0.5"])
            publish(state, run, just_before(state))
        elif state.text_changed or state.moved:
            refresh(state)


def _first(_: Path) -> tuple[str, ...]:
    """Prepare a post that was never built."""
    return ("a",)


def _again(root: Path) -> tuple[str, ...]:
    """Prepare a post whose code changed; it makes one figure where it made two."""
    _build(root, "a", "b")
    replace(root / DRAWN, "plot()", "plot(2)")
    return ("c",)


def _more(root: Path) -> tuple[str, ...]:
    """Prepare a post that makes two figures where it made one."""
    _build(root, "a")
    replace(root / DRAWN, "plot()", "plot(2)")
    return "c", "d"


def _renamed(root: Path) -> tuple[str, ...]:
    """Prepare a fresh post whose prose and date changed."""
    _build(root, "a")
    replace(root / DRAWN, "A post.", "Another post.")
    return ("a",)


def _sites(
    blog: Path, folder: Path, fault: str, make: Callable[[Path], tuple[str, ...]]
) -> Iterator[tuple[Path, tuple[str, ...], int]]:
    outputs = make(make_drawn(blog))
    number = 0
    while True:
        root = Path(shutil.copytree(blog, folder / str(number), symlinks=True))
        if not disturbed(fault, number, partial(_build, root, *outputs)):
            assert number > 0
            return
        yield root, outputs, number
        number += 1


_OFTEN = {("killed", _again)}


@pytest.mark.parametrize(
    ("fault", "make", "renameat2"),
    [
        *(
            pytest.param(
                fault,
                make,
                True,
                marks=pytest.mark.slow if (fault, make) in _OFTEN else pytest.mark.faults,
            )
            for fault in FAULTS
            for make in (_first, _again, _more, _renamed)
        ),
        *(pytest.param(fault, _again, False, marks=pytest.mark.faults) for fault in FAULTS),
    ],
    indirect=["renameat2"],
)
@pytest.mark.usefixtures("renameat2")
def test_the_build_after_a_fault_gives_what_an_undisturbed_one_gives(
    blog: Path,
    tmp_path_factory: pytest.TempPathFactory,
    fault: str,
    make: Callable[[Path], tuple[str, ...]],
) -> None:
    """At each step the post is whole, old or new, and in the end nothing is left behind."""
    folder = tmp_path_factory.mktemp("sites")
    texts: set[bytes] = set()
    undisturbed: dict[str, bytes] = {}
    for root, outputs, number in _sites(blog, folder, fault, make):
        if not undisturbed:
            old = blog.joinpath(DRAWN).read_bytes()
            reference = Path(shutil.copytree(blog, folder / "reference"))
            _build(reference, *outputs)
            undisturbed = site_tree(reference)
            texts = {old, undisturbed[DRAWN]}
        assert root.joinpath(DRAWN).read_bytes() in texts, (fault, number)
        _build(root, *outputs)
        assert undisturbed == site_tree(root), (fault, number)
        assert [] == check(open_site(root), list(open_site(root).posts()))
        shutil.rmtree(root)


@pytest.mark.parametrize("make", [_first, pytest.param(_again, marks=pytest.mark.faults)])
def test_an_error_leaves_no_temporary_file(
    blog: Path, tmp_path_factory: pytest.TempPathFactory, make: Callable[[Path], tuple[str, ...]]
) -> None:
    """Only a build that is killed leaves some, which the next one removes."""
    folder = tmp_path_factory.mktemp("sites")
    for root, _, number in _sites(blog, folder, "no space", make):
        left = [path for path in root.rglob("*.tmp") if OWN_FOLDER not in path.parts]
        assert [] == left, number


@pytest.mark.slow
def test_check_is_silent_about_what_a_killed_build_left(
    blog: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The next build removes it; its author need not."""
    folder = tmp_path_factory.mktemp("sites")
    seen = set()
    for root, _, _ in _sites(blog, folder, "killed", _again):
        findings = check(open_site(root), list(open_site(root).posts()))
        assert not [finding for finding in findings if finding.place.path.endswith(".tmp")]
        seen |= {path.parent.name for path in root.rglob("*.tmp")}
    assert {"drawn", "notebooks", "_posts", "builds"} <= seen
