"""What an author saves while a build writes is never lost; the runs are made up."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from steps import steps
from toysite import DRAWN, make_drawn

from post_builder.errors import ConflictError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk and git, which other tests try."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("PATH", "")


def _build(root: Path) -> None:
    state = state_of(root, DRAWN)
    if state.reasons:
        run = made_up_run(state.prepared, ((printed("1\n"),), (drawing("a"),)), ["0.5"])
        publish(state, run, just_before(state))


def _build_while_saving(root: Path, number: int, text: str) -> bool:
    """Build, and let the author save a text at one step; return whether there was such a step."""
    is_saved = False

    def act(step: int, _name: str, _: object) -> None:
        nonlocal is_saved
        if step == number:
            root.joinpath(DRAWN).write_text(text, encoding="utf-8")
            is_saved = True

    with steps(before=act), suppress(ConflictError):
        _build(root)
    return is_saved


@pytest.mark.parametrize(
    ("edit", "is_built", "renameat2"),
    [
        pytest.param("prose", True, True, marks=pytest.mark.slow, id="prose, a rebuild"),
        pytest.param("prose", False, True, marks=pytest.mark.faults, id="prose, a first build"),
        pytest.param("code", True, True, marks=pytest.mark.faults, id="code, a rebuild"),
        pytest.param("code", False, True, marks=pytest.mark.faults, id="code, a first build"),
        pytest.param("prose", True, False, marks=pytest.mark.faults, id="without renameat2"),
    ],
    indirect=["renameat2"],
)
@pytest.mark.usefixtures("renameat2")
def test_a_save_at_any_step_of_a_build_is_kept(
    blog: Path, tmp_path_factory: pytest.TempPathFactory, edit: str, is_built: bool
) -> None:
    """The next build finds it, and then everything is as if it had been saved before."""
    post = make_drawn(blog) / DRAWN
    if is_built:
        _build(blog)
        post.write_text(post.read_text().replace("plot()", "plot(2)"), encoding="utf-8")
    old, new = {"prose": ("A post.", "Saved prose."), "code": ("plot(", "more_plot(")}[edit]
    text = post.read_text(encoding="utf-8").replace(old, new)
    other = Path(shutil.copytree(blog, tmp_path_factory.mktemp("other") / "site"))
    other.joinpath(DRAWN).write_text(text, encoding="utf-8")
    _build(other)
    expected = other.joinpath(DRAWN).read_text(encoding="utf-8")
    folder = tmp_path_factory.mktemp("sites")
    number, is_saved = 0, True
    while is_saved:
        root = Path(shutil.copytree(blog, folder / str(number)))
        is_saved = _build_while_saving(root, number, text)
        if is_saved:
            assert new in root.joinpath(DRAWN).read_text(encoding="utf-8"), number
            _build(root)
            assert expected == root.joinpath(DRAWN).read_text(encoding="utf-8"), number
        assert () == state_of(root, DRAWN).reasons
        number += 1
    assert number > 20
