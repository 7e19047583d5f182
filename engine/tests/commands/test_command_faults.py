"""A fault at every change that commands other than a build of outputs make to the file system."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import nbformat
import pytest
from disturbances import FAULTS, KILLED, contents, disturbed, site_tree, unfinished
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pipeline.test_power_loss import power_lost
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import DRAWN, make_drawn, replace

from post_builder.cli import main
from post_builder.pipeline.session import session
from post_builder.site import open_site

PASTED = "---\ntitle: Pasted\n---\n\n```python\nprint(1)\n```\n\n```\n1\n```\n"

MINE = {
    "assets/images/drawn/mine.png": b"a figure of the author",
    "assets/models/mine.bin": b"a model of the author",
    "assets/notebooks/mine.ipynb": b"a notebook of the author",
    ".post-builder/removed/notes.txt": b"notes of the author",
    ".post-builder/undo/drawn/0 notes.txt": b"other notes of the author",
}
"""Files of the author's beside those of the engine."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk and git, which other tests try."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    monkeypatch.setenv("PATH", "")


def _built(root: Path) -> None:
    """Prepare a site with a post that was built, and files of its author's everywhere."""
    make_drawn(root)
    state = state_of(root, DRAWN)
    with session(open_site(root), "build", print):
        publish(
            state,
            made_up_run(state.prepared, ((printed("1"),), (drawing("a"),)), ["1"]),
            just_before(state),
        )
    for name, data in MINE.items():
        root.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        root.joinpath(name).write_bytes(data)


def _gone(root: Path) -> None:
    """Prepare a site whose post its author removed."""
    _built(root)
    root.joinpath(DRAWN).unlink()


def _hidden(root: Path) -> None:
    """Prepare a site whose post its author took out of the site."""
    _built(root)
    replace(root / DRAWN, "title:", "published: false\ntitle:")


def _shown(root: Path) -> None:
    """Prepare a site whose post is to be published again."""
    _hidden(root)
    assert 0 == main(["build", "--site", str(root)])
    assert root.joinpath("_unpublished/assets/images/drawn/plot.svg").is_file()
    replace(root / DRAWN, "published: false\n", "")


def _pasted(root: Path) -> None:
    """Prepare a post with an output that its author pasted."""
    root.joinpath("_posts/2020-01-01-pasted.md").write_text(PASTED, encoding="utf-8")


def _notebook(root: Path) -> None:
    """Prepare a notebook with two images."""
    images = (base64.b64encode(text).decode() for text in (b"one", b"two"))
    prose = "\n".join(f"![a](data:image/png;base64,{image})" for image in images)
    cells = [new_markdown_cell(f"# Notes\n\n{prose}"), new_code_cell("print(1)")]
    for number, cell in enumerate(cells):
        cell.id = str(number)
    nbformat.write(new_notebook(cells=cells), root / "notes.ipynb")


def _nothing(_: Path) -> None:
    """Prepare nothing."""


@dataclass(frozen=True)
class Case:
    """A command, and the site in which it is given."""

    make: Callable[[Path], None]
    arguments: tuple[str, ...]
    once: str = ""
    """A pattern of files: where there is one, the command has been done, and is not given again."""

    def work(self, root: Path) -> int:
        """Give the command."""
        return main([self.arguments[0], "--site", str(root), *self.arguments[1:]])


CASES = {
    "a new post": Case(_nothing, ("new", "A title")),
    "a post from a notebook": Case(_notebook, ("new", "--from", "notes.ipynb"), "_posts/*.md"),
    "a new site": Case(_nothing, ("init",)),
    "an adopted post": Case(_pasted, ("adopt", "--yes", "--no-run", "_posts/2020-01-01-pasted.md")),
    "a cleaned post": Case(_built, ("clean",)),
    "a post that is gone": Case(_gone, ("build",)),
    "a post that is hidden": Case(_hidden, ("build",)),
    "a post that is shown again": Case(_shown, ("build",)),
    "an export": Case(_built, ("export", DRAWN, "--to", "notebook")),
}

_OFTEN = {("killed", "a post from a notebook"), ("no space", "a cleaned post")}


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        pytest.param(
            fault, name, marks=pytest.mark.slow if (fault, name) in _OFTEN else pytest.mark.faults
        )
        for fault in FAULTS
        for name in CASES
    ],
)
def test_a_command_after_a_fault_gives_what_an_undisturbed_one_gives(
    blog: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    fault: str,
    name: str,
) -> None:
    """At each step every file is old, new, or put away whole; in the end nothing is left behind."""
    case, folder = CASES[name], tmp_path_factory.mktemp("sites")
    reference = _undisturbed(case, blog, folder / "reference", monkeypatch)
    for number in count():
        root = Path(shutil.copytree(blog, folder / str(number)))
        monkeypatch.chdir(root)
        if not disturbed(fault, number, partial(case.work, root)):
            break
        _assert_whole(root, blog, reference)
        assert fault in KILLED or [] == unfinished(root), number
        if not (case.once and any(root.glob(case.once))):
            case.work(root)
        with session(open_site(root), "build", print):
            assert site_tree(reference) == site_tree(root), number
        assert [] == unfinished(root), number
        shutil.rmtree(root)
    assert number > 0


@pytest.mark.faults
@pytest.mark.parametrize("arrived", [True, False], ids=["all renames", "nothing else"])
@pytest.mark.parametrize("name", [name for name in CASES if name != "an export"])
def test_a_command_after_a_loss_of_power_gives_what_an_undisturbed_one_gives(
    blog: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    *,
    arrived: bool,
) -> None:
    """Every file is whole, and the author's are there, whatever had reached the disk."""
    case, folder = CASES[name], tmp_path_factory.mktemp("sites")
    reference = _undisturbed(case, blog, folder / "reference", monkeypatch)
    for number in count():
        root, left = Path(shutil.copytree(blog, folder / str(number))), folder / f"{number}-left"
        monkeypatch.chdir(root)
        if not power_lost(root, number, left, partial(case.work, root), arrived=arrived):
            break
        monkeypatch.chdir(left)
        _assert_whole(left, blog, reference)
        if not (case.once and any(left.glob(case.once))):
            case.work(left)
        with session(open_site(left), "build", print):
            assert site_tree(reference) == site_tree(left), number
        shutil.rmtree(root)
        shutil.rmtree(left)
    assert number > 0


@pytest.mark.faults
def test_a_killed_export_to_another_folder_is_cleared_up_by_the_next(
    blog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may be written just now stays, and so do files of other names, links and folders."""
    _built(blog)
    outside = tmp_path / "outside"
    outside.mkdir()
    monkeypatch.chdir(blog)
    work = partial(main, ["export", DRAWN, "--to", "notebook", "--output", f"{outside}/a.ipynb"])
    assert disturbed("killed", 1, work)
    [left] = outside.iterdir()
    kept = [outside / name for name in (".post-builder-notes.tmp", "b.tmp", ".post-builder-a.txt")]
    for path in kept:
        path.write_text("of the author", "utf-8")
    kept += [outside / ".post-builder-abcdefgh.tmp", outside / ".post-builder-12345678.tmp"]
    kept[-2].mkdir()
    kept[-1].symlink_to(kept[0])
    for path in (left, *kept):
        os.utime(path, (0, 0))
    new = outside / ".post-builder-87654321.tmp"
    new.write_text("being written", "utf-8")
    assert 0 == work()
    assert {outside / "a.ipynb", new, *kept} == set(outside.iterdir())


def _undisturbed(case: Case, blog: Path, to: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Prepare a site, and return a copy of it in which the command came to its end."""
    case.make(blog)
    shutil.copytree(blog, to)
    monkeypatch.chdir(to)
    assert 0 == case.work(to)
    return to


def _assert_whole(root: Path, before: Path, after: Path) -> None:
    """Every file is old or new, and what the command does not end is somewhere in the site."""
    old, new = site_tree(before), site_tree(after)
    for path, data in site_tree(root).items():
        assert path.endswith(".tmp") or data in {old.get(path), new.get(path)}
    assert contents(before) & contents(after) <= contents(root)
    mine = [path for path in MINE if before.joinpath(path).exists()]
    assert [MINE[path] for path in mine] == [root.joinpath(path).read_bytes() for path in mine]


@pytest.mark.parametrize(
    "name", ["", "/undo", "/undo/drawn", "/removed", "/products", "/lock", "/holder.json"]
)
def test_what_is_in_the_place_of_a_file_or_folder_of_the_engine_stays(
    blog: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """A command goes on, or says what is in its way, having lost nothing."""
    monkeypatch.chdir(blog)
    _built(blog)
    case, place = CASES["a cleaned post"], blog / f".post-builder{name}"
    if place.exists():
        place.rename(blog / "_elsewhere")
    is_file = name in {"/lock", "/holder.json"}
    place.mkdir() if is_file else place.write_bytes(b"mine")
    before = contents(blog)
    status = case.work(blog)
    assert place.is_dir() if is_file else b"mine" == place.read_bytes()
    assert before <= contents(blog) or status == 0
    assert [] == unfinished(blog)


@pytest.mark.parametrize("name", ["lock", "holder.json"])
def test_no_file_is_emptied_through_a_link(
    blog: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """One that came with a pull request may lead to a post."""
    _built(blog)
    before = site_tree(blog)
    link = blog / ".post-builder" / name
    link.unlink(missing_ok=True)
    link.symlink_to(blog / DRAWN)
    assert 1 == main(["build", "--force", "--site", str(blog)])
    assert f".post-builder/{name}: there is a symbolic link here" in capsys.readouterr().err
    assert before == site_tree(blog)
