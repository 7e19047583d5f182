"""The files of a work tree on a worker are written once, however many posts run there."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from commandline import write

from post_builder.cluster.worker.layout import Layout
from post_builder.files import digest

FILES = {"_config.yml": b"title: Blog\n", "data/a.csv": b"1,2\n"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Lay out a work tree as the first post of a build does."""
    store = tmp_path / "store"
    store.mkdir()
    for data in FILES.values():
        store.joinpath(digest(data)).write_bytes(data)
    listing = {path: (digest(data), False) for path, data in FILES.items()}
    store.joinpath("manifest").write_text(json.dumps(listing), "utf-8")
    layout = Layout(tmp_path / "tree", store)
    assert layout.missing("manifest", {}) == ()
    layout.lay_out({})
    return layout


def test_the_next_post_finds_the_files_as_they_were_laid_out(layout: Layout) -> None:
    """Not copies: a site has thousands of files, and each post would write them all."""
    before = {path: layout.root.joinpath(path).stat() for path in FILES}
    assert layout.missing("manifest", {}) == ()
    layout.lay_out({})
    assert {path: layout.root.joinpath(path).stat() for path in FILES} == before


def test_only_what_changed_is_laid_out_again(layout: Layout) -> None:
    """The other files stay."""
    before, data = layout.root.joinpath("_config.yml").stat(), b"3,4\n"
    changed = {"data/a.csv": (digest(data), False)}
    assert layout.missing("manifest", changed) == (digest(data),)
    layout.store.joinpath(digest(data)).write_bytes(data)
    layout.lay_out(changed)
    assert layout.root.joinpath("data/a.csv").read_bytes() == data
    assert layout.root.joinpath("_config.yml").stat() == before


def test_the_next_build_keeps_what_is_as_it_was_laid_out(layout: Layout) -> None:
    """Templates have read some of the files: those which are the same need not be read again."""
    before = layout.root.joinpath("_config.yml").stat()
    again = layout.again()
    assert again.missing("manifest", {}) == ()
    again.lay_out({})
    assert before == layout.root.joinpath("_config.yml").stat()


def leave_a_file(root: Path) -> None:
    """Write what a cell writes."""
    write(root, "data/new/b.csv", "5")


def change_a_file(root: Path) -> None:
    """Write to a file that was laid out, and hide it."""
    file = root / "data/a.csv"
    before = file.stat()
    file.write_bytes(b"9,9\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def put_a_link(root: Path) -> None:
    """Put a link in the place of a folder."""
    root.joinpath("data").rename(root / "elsewhere")
    root.joinpath("data").symlink_to("elsewhere")


def close_a_folder(root: Path) -> None:
    """Leave a folder that cannot be listed, with a file in it."""
    leave_a_file(root)
    root.joinpath("data/new").chmod(0)


def remove_a_file(root: Path) -> None:
    """Remove a file, and the folder that it was in."""
    shutil.rmtree(root / "data")


@pytest.mark.parametrize(
    "disturb", [leave_a_file, change_a_file, put_a_link, close_a_folder, remove_a_file]
)
def test_the_next_build_finds_nothing_of_what_posts_left(
    layout: Layout, disturb: Callable[[Path], None]
) -> None:
    """The folder has the files of the listing, and no others, whatever ran there."""
    disturb(layout.root)
    again = layout.again()
    assert again.missing("manifest", {}) == ()
    again.lay_out({})
    found = {path for path in again.root.rglob("*") if not path.is_dir() or path.is_symlink()}
    assert {again.root / path: data for path, data in FILES.items()} == {
        path: path.read_bytes() for path in found
    }
    assert {".git", "data"} == {path.name for path in again.root.iterdir() if path.is_dir()}


def test_the_next_build_does_not_find_what_left_the_work_tree(layout: Layout) -> None:
    """A file that git tracks no longer is gone, and so is its folder."""
    listing = {"_config.yml": (digest(FILES["_config.yml"]), False)}
    layout.store.joinpath("other").write_text(json.dumps(listing), "utf-8")
    again = layout.again()
    assert again.missing("other", {}) == ()
    again.lay_out({})
    assert {".git", "_config.yml"} == {path.name for path in again.root.iterdir()}


def test_what_cannot_be_removed_is_left_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build begins in another folder."""
    leave_a_file(layout.root)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        again = layout.again()
        assert again.missing("manifest", {}) == ()
    again.lay_out({})
    assert {path.read_bytes() for path in again.root.rglob("*.*") if path.is_file()} == {
        *FILES.values()
    }


def refuse(_: Path) -> None:
    """Fail as the system does for a file that may not be removed."""
    raise PermissionError
