"""Power lost at every step: of what was written, only what was synced is there afterwards.

An ordered replay: what is durable is kept beside the site, step by step. The content of a file is
durable once the file was synced, a name in a folder once the folder was; either may have come
earlier, so both extremes are tried: nothing that was not synced has arrived, or all renames have.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from disturbances import site_tree
from pipeline.test_faults import _again, _build, _first
from steps import steps
from toysite import DRAWN, make_drawn

from post_builder.commands.check import check
from post_builder.site import open_site


class PowerLostError(BaseException):
    """Nothing happens any more."""


class Disk:
    """What of a site would be there if the power were lost."""

    def __init__(self, root: Path) -> None:
        """Take all that is there now for durable."""
        self.root = root
        self.synced: dict[int, bytes] = {}
        """Content of each file, by its inode, when it was last synced."""
        self.names: dict[Path, dict[str, int]] = {}
        """For each folder the names in it, and their inodes, when it was last synced."""
        for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
            self._note(folder)
            for path in folder.iterdir():
                if path.is_file():
                    self.synced[path.stat().st_ino] = path.read_bytes()

    def _note(self, folder: Path) -> None:
        files = (path for path in folder.iterdir() if path.is_file())
        self.names[folder] = {path.name: path.stat().st_ino for path in files}

    def after(self, _number: int, name: str, arguments: tuple[object, ...]) -> None:
        """Follow a change."""
        if name == "sync":
            handle = cast("int", arguments[0])
            size = os.fstat(handle).st_size
            self.synced[os.fstat(handle).st_ino] = os.pread(handle, size, 0)
        elif name == "sync_folder":
            self._note(cast("Path", arguments[0]).resolve())

    def restore(self, target: Path, *, renames_arrived: bool) -> None:
        """Write what is there afterwards."""
        now = Disk(self.root).names if renames_arrived else {}
        for folder, names in {**self.names, **now}.items():
            copy = target / folder.relative_to(self.root)
            copy.mkdir(parents=True, exist_ok=True)
            for name, inode in names.items():
                copy.joinpath(name).write_bytes(self.synced.get(inode, b""))


def power_lost(
    root: Path, number: int, target: Path, work: Callable[[], object], *, arrived: bool
) -> bool:
    """Work, lose the power at a step, write what is left; return whether there was the step."""
    disk = Disk(root)

    def before(step: int, _name: str, _arguments: tuple[object, ...]) -> None:
        if step >= number:
            raise PowerLostError

    with steps(before, disk.after):
        try:
            work()
        except PowerLostError:
            disk.restore(target, renames_arrived=arrived)
            return True
    return False


@pytest.mark.parametrize(
    ("make", "arrived"),
    [
        pytest.param(_first, True, marks=pytest.mark.slow, id="a first build, all renames"),
        pytest.param(_first, False, marks=pytest.mark.faults, id="a first build, nothing else"),
        pytest.param(_again, True, marks=pytest.mark.faults, id="a rebuild, all renames"),
        pytest.param(_again, False, marks=pytest.mark.faults, id="a rebuild, nothing else"),
    ],
)
def test_after_a_loss_of_power_the_next_build_completes_the_post(
    blog: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], tuple[str, ...]],
    *,
    arrived: bool,
) -> None:
    """The post is whole, old or new, whatever had reached the disk."""
    monkeypatch.setenv("PATH", "")
    outputs = make(make_drawn(blog))
    folder = tmp_path_factory.mktemp("sites")
    reference = Path(shutil.copytree(blog, folder / "reference"))
    _build(reference, *outputs)
    texts = {blog.joinpath(DRAWN).read_bytes(), reference.joinpath(DRAWN).read_bytes()}
    number = 0
    while True:
        root, left = folder / f"{number}", folder / f"{number}-left"
        shutil.copytree(blog, root)
        if not power_lost(root, number, left, partial(_build, root, *outputs), arrived=arrived):
            break
        assert left.joinpath(DRAWN).read_bytes() in texts, number
        _build(left, *outputs)
        assert site_tree(reference) == site_tree(left), number
        assert [] == check(open_site(left), list(open_site(left).posts()))
        shutil.rmtree(root)
        shutil.rmtree(left)
        number += 1
    assert number > 20
