"""Copies to go back to; the runs are made up."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from steps import steps
from toysite import DRAWN, make_drawn, replace

from post_builder.commands.clean import clean
from post_builder.files import operations
from post_builder.pipeline.undo import keep_copy
from post_builder.site import open_site

FIGURE = "assets/images/drawn/plot.svg"


def _build(root: Path, text: str = "1\n") -> list[str]:
    state = state_of(root, DRAWN)
    outputs = ((printed(text),), (drawing(text),))
    return publish(state, made_up_run(state.prepared, outputs, ["0.5"]), just_before(state)).copies


def _copies(root: Path) -> list[str]:
    paths = sorted(root.joinpath(".post-builder/undo").rglob("*"))
    return [path.read_text(encoding="utf-8") for path in paths if path.is_file()]


def _git(root: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def _commit(root: Path) -> None:
    _git(root, "add", ".")
    _git(root, "commit", "-m", "x")


@pytest.fixture
def site(blog: Path) -> Path:
    """Write a post, unbuilt, in a work tree of git that does not know it yet."""
    _git(make_drawn(blog), "init", "--quiet")
    return blog


def _edit_output(root: Path) -> str:
    replace(root / DRAWN, 'highlight">1<', 'highlight">by hand<')
    return root.joinpath(DRAWN).read_text(encoding="utf-8")


def test_a_post_that_git_does_not_have_is_kept_before_each_build(site: Path) -> None:
    """Nobody is told, since everything but outputs stays as it was."""
    first = site.joinpath(DRAWN).read_text(encoding="utf-8")
    assert [] == _build(site)
    second = site.joinpath(DRAWN).read_text(encoding="utf-8")
    assert [first] == _copies(site)
    assert [] == _build(site, "2\n")
    assert [first, second] == _copies(site)


def test_a_build_that_changes_nothing_keeps_nothing(site: Path) -> None:
    """There is nothing to go back to."""
    _build(site)
    count = len(_copies(site))
    _build(site)
    assert count == len(_copies(site))


def test_what_git_has_is_not_kept(site: Path) -> None:
    """Nor are prose that is not committed and outputs as they were built: both stay or return."""
    _commit(site)
    _build(site)
    replace(site / DRAWN, "A post.", "Another post.")
    _build(site)
    assert [] == _copies(site)
    _commit(site)
    _edit_output(site)
    _commit(site)
    _build(site, "3\n")
    assert [] == _copies(site)


def test_an_output_that_was_edited_and_is_not_committed_is_kept_and_named(site: Path) -> None:
    """The build would be the end of it."""
    _build(site)
    _commit(site)
    count = len(_copies(site))
    edited = _edit_output(site)
    (copy,) = _build(site, "2\n")
    assert edited == site.joinpath(copy).read_text(encoding="utf-8")
    assert count + 1 == len(_copies(site))


def test_a_figure_that_was_drawn_over_is_kept_and_named(site: Path) -> None:
    """Also where the post itself does not change."""
    _build(site)
    _commit(site)
    site.joinpath(FIGURE).write_text("drawn over", encoding="utf-8")
    (copy,) = _build(site)
    assert copy.endswith("-plot.svg")
    assert "drawn over" == site.joinpath(copy).read_text(encoding="utf-8")


def test_clean_keeps_what_a_build_keeps(site: Path) -> None:
    """It removes outputs, too."""
    _build(site)
    built = site.joinpath(DRAWN).read_text(encoding="utf-8")
    clean(open_site(site), [site / DRAWN])
    assert built == _copies(site)[-1]


def test_git_and_jekyll_leave_copies_out(site: Path) -> None:
    """Git by a file of its own, Jekyll since the folder's name starts with a dot."""
    _build(site)
    assert ".post-builder" not in _git(site, "status", "--porcelain", "--untracked-files=all")


def test_copies_do_not_grow_without_bound(site: Path) -> None:
    """The oldest go; equal ones are kept once."""
    opened = open_site(site)
    for number in range(30):
        keep_copy(opened, "a", "a.md", f"{number:02}".encode())
    path = keep_copy(opened, "a", "a.md", b"29")
    assert [f"{number}" for number in range(10, 30)] == _copies(site)
    assert "29" == site.joinpath(path).read_text(encoding="utf-8")


def test_figures_do_not_push_out_the_copies_of_their_post(site: Path) -> None:
    """Each file has its own twenty."""
    opened = open_site(site)
    first = keep_copy(opened, "a", "a.md", b"text")
    for number in range(25):
        keep_copy(opened, "a", f"{number}.svg", b"drawn over %d" % number)
        keep_copy(opened, "a", "plot.svg", b"plot %d" % number)
    assert "text" == site.joinpath(first).read_text(encoding="utf-8")
    assert 1 + 25 + 20 == len(_copies(site))


@pytest.mark.parametrize("system", ["exchange", "link", "compare"])
def test_a_figure_that_is_drawn_over_at_any_step_of_a_build_is_kept(
    site: Path, monkeypatch: pytest.MonkeyPatch, system: str
) -> None:
    """It is where its author saved it, or among the copies, and the build names that."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    if system != "exchange":
        monkeypatch.setattr(operations, "_renameat2", lambda *_: False)
    if system == "compare":
        monkeypatch.setattr(operations, "link", lambda *_: False)
    _build(site)
    number, drawn, is_saved = 0, b"", True
    while is_saved:
        named, is_saved, drawn = _build_while_drawing(site, number)
        number += 1
        copies = site.joinpath(".post-builder/undo").rglob("*-plot.svg")
        held = {path.read_bytes(): path for path in (*copies, site / FIGURE)}
        last = system == "compare" and drawn not in held
        assert not is_saved or drawn in held or last, number
        if is_saved and drawn in held and held[drawn] != site / FIGURE:
            assert held[drawn].relative_to(site).as_posix() in named, number
    assert number > 10


def _build_while_drawing(root: Path, number: int) -> tuple[list[str], bool, bytes]:
    drawn = b"drawn over %d" % number
    is_saved = False

    def act(step: int, _name: str, _: object) -> None:
        nonlocal is_saved
        if step == number:
            root.joinpath(FIGURE).write_bytes(drawn)
            is_saved = True

    replace(root / DRAWN, "plot(", "plot( ")
    with steps(before=act):
        named = _build(root, f"{number}\n")
    return named, is_saved, drawn


def test_a_clock_that_was_set_back_pushes_out_the_oldest(site: Path) -> None:
    """Copies are in the order in which they were made, whatever the time is now."""
    opened, folder = open_site(site), site / ".post-builder/undo/a"
    keep_copy(opened, "a", "a.md", b"0")
    (copy,) = folder.iterdir()
    copy.rename(copy.with_name(f"2199{copy.name[4:]}"))
    for number in range(1, 25):
        keep_copy(opened, "a", "a.md", f"{number}".encode())
    assert [f"{number}" for number in range(5, 25)] == _copies(site)


def test_what_an_author_puts_among_copies_stays(site: Path) -> None:
    """Neither a file nor a folder counts, whatever it is called; nor does a link."""
    folder = site / ".post-builder/undo/a"
    folder.joinpath("20200101T000000.000000Z-folder").mkdir(parents=True)
    folder.joinpath("20200101T000000.000000Z-link").symlink_to(site / DRAWN)
    folder.joinpath("0 notes.txt").write_text("mine", encoding="utf-8")
    before = {path.name for path in folder.iterdir()}
    for number in range(30):
        keep_copy(open_site(site), "a", "a.md", f"{number:02}".encode())
    assert before <= {path.name for path in folder.iterdir()}
    assert 20 + len(before) == len(list(folder.iterdir()))


def test_what_a_killed_build_left_among_copies_is_removed(site: Path) -> None:
    """Also if the copy that it wrote is there already, as where a rename takes two steps."""
    copy = site / keep_copy(open_site(site), "a", "a.md", b"1")
    copy.with_name(".post-builder-abcdefgh.tmp").hardlink_to(copy)
    keep_copy(open_site(site), "a", "a.md", b"1")
    assert [copy] == list(copy.parent.iterdir())


def test_a_copy_that_was_edited_does_not_take_the_place_of_another(site: Path) -> None:
    """What a name says that it holds is looked at."""
    opened = open_site(site)
    first = keep_copy(opened, "a", "a.md", b"1")
    site.joinpath(first).write_text("edited", encoding="utf-8")
    keep_copy(opened, "a", "a.md", b"1")
    assert ["edited", "1"] == _copies(site)


@pytest.mark.parametrize("letter", ["a", "é", "字"])
def test_a_name_of_any_length_has_a_copy(site: Path, letter: str) -> None:
    """The end of the name says of what it is."""
    opened = open_site(site)
    name = letter * ((255 - len(".md")) // len(letter.encode())) + ".md"
    copies = [keep_copy(opened, "a", name, b"1") for _ in range(2)]
    assert copies[0] == copies[1]
    assert copies[0].endswith(f"{letter * 10}.md")
    assert ["1"] == _copies(site)
