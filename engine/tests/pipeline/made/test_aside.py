"""Published products while cells run that write them: nothing that happens then loses one."""

from __future__ import annotations

import os
import shutil
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from disturbances import FAULTS, KILLED, disturbed, site_tree, unfinished
from runs import state_of
from toysite import DRAWN, make_drawn, replace

from post_builder.errors import FileError
from post_builder.pipeline.made.aside import products_aside
from post_builder.pipeline.session import session
from post_builder.site import OWN_FOLDER, open_site

PRODUCT, OTHER = "assets/models/drawn.bin", "assets/models/other.bin"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the disk."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


def _write(root: Path, data: bytes | None, path: str = PRODUCT) -> None:
    root.joinpath(path).parent.mkdir(parents=True, exist_ok=True)
    root.joinpath(path).write_bytes(data or b"")


def _run(root: Path, error: type[BaseException] | None = None) -> None:
    """Do what a run does: its cell finds no product, and writes one."""
    with products_aside(open_site(root), state_of(root, DRAWN).prepared):
        assert not root.joinpath(PRODUCT).exists()
        _write(root, b"new")
        if error:
            raise error


def _kept(root: Path) -> list[bytes]:
    return [path.read_bytes() for path in root.glob(f"{OWN_FOLDER}/undo/products/*")]


@pytest.mark.parametrize("old", [b"old", None])
def test_all_is_as_it_was_after_a_run(blog: Path, old: bytes | None) -> None:
    """Its bytes, its times and its place; where nothing was, nothing is, not even a folder."""
    root = make_drawn(blog)
    if old:
        _write(root, old)
    before = site_tree(root)
    state = root.joinpath(PRODUCT).stat() if old else None
    _run(root)
    assert before == site_tree(root)
    if state:
        now = root.joinpath(PRODUCT).stat()
        assert (state.st_ino, state.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)
    assert bool(old) == root.joinpath("assets").exists()
    assert [] == _kept(root)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_run_that_fails_or_is_ended_changes_nothing(
    blog: Path, error: type[BaseException]
) -> None:
    """The run's own error is what the author sees."""
    root = make_drawn(blog)
    _write(root, b"old")
    with pytest.raises(error):
        _run(root, error)
    assert b"old" == root.joinpath(PRODUCT).read_bytes()


_OFTEN = {"killed", "killed after", "no space"}


@pytest.mark.parametrize("old", [b"old", None])
@pytest.mark.parametrize(
    "fault",
    [
        fault if fault in _OFTEN else pytest.param(fault, marks=pytest.mark.faults)
        for fault in FAULTS
    ],
)
def test_the_next_session_heals_what_a_fault_left(
    blog: Path, tmp_path_factory: pytest.TempPathFactory, old: bytes | None, fault: str
) -> None:
    """At whichever step it came; a file that lies there is kept as a copy."""
    root = make_drawn(blog)
    replace(root / DRAWN, PRODUCT, f"{PRODUCT} {OTHER}")
    for path in (PRODUCT, OTHER) if old else ():
        _write(root, old, path)
    before, folder = site_tree(root), tmp_path_factory.mktemp("sites")
    for number in count():
        site = Path(shutil.copytree(root, folder / str(number)))
        if not disturbed(fault, number, partial(_run, site)):
            break
        if fault not in KILLED:
            away = [p for p in (PRODUCT, OTHER) if old and not site.joinpath(p).exists()]
            assert len(away) < 2, number
            assert [] == unfinished(site), number
        with session(open_site(site), "build", print):
            assert before == site_tree(site), number
        assert {b"new"}.issuperset(_kept(site))
        _run(site)
        assert before == site_tree(site), number
        assert [] == unfinished(site), number
    assert number > 5


@pytest.mark.parametrize("busy", [False, True])
def test_an_empty_folder_stays_while_another_post_writes_into_it(blog: Path, *, busy: bool) -> None:
    """A cell of that post may just have created it."""
    root = make_drawn(blog)
    marks = root / OWN_FOLDER / "products" / "marks"
    marks.mkdir(parents=True)
    if busy:
        marks.joinpath("other.bin").write_bytes(b"nothing\n")
    _write(root, b"old")
    with products_aside(open_site(root), state_of(root, DRAWN).prepared):
        assert busy == root.joinpath(PRODUCT).parent.exists()


@pytest.mark.parametrize("place", ["file", "folder", "folder above"])
def test_nothing_is_moved_through_a_link(blog: Path, place: str) -> None:
    """Neither where a link is in the place of a product, nor where one leads to it."""
    root = make_drawn(blog)
    elsewhere = root / "_elsewhere" / "models"
    elsewhere.mkdir(parents=True)
    elsewhere.joinpath("drawn.bin").write_bytes(b"mine")
    link = {"file": PRODUCT, "folder": "assets/models", "folder above": "assets"}[place]
    root.joinpath(link).parent.mkdir(parents=True, exist_ok=True)
    target = {"file": elsewhere / "drawn.bin", "folder": elsewhere}.get(place, elsewhere.parent)
    root.joinpath(link).symlink_to(target)
    with pytest.raises(FileError, match=r"^assets/models/drawn\.bin: a cell would write"):
        _run(root)
    assert b"mine" == elsewhere.joinpath("drawn.bin").read_bytes()


def test_a_mark_is_no_order_to_remove_a_file(blog: Path) -> None:
    """One that came with a pull request, say, costs at most a copy."""
    root = make_drawn(blog)
    _write(root, b"mine")
    marks = root / OWN_FOLDER / "products" / "marks"
    marks.mkdir(parents=True)
    marks.joinpath("drawn.bin").write_bytes(b"nothing\n")
    with session(open_site(root), "build", print):
        pass
    assert [b"mine"] == _kept(root)
