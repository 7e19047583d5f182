"""What the observer in a post's Python notes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from post_builder.execution.environment import INSIDE
from post_builder.execution.observations import Observations, file_state, parse_log
from post_builder.freshness.site_files import Before, changed_since_read, observed

PYTHON = Path(sys.executable)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Write a folder with files to read."""
    folder = tmp_path / "site"
    folder.mkdir()
    folder.joinpath("data.txt").write_text("data", encoding="utf-8")
    folder.joinpath("folder").mkdir()
    folder.joinpath("folder/a b.txt").touch()
    folder.joinpath("module.py").write_text("X = 1\n", encoding="utf-8")
    return folder


def _observe(root: Path, code: str) -> Observations:
    """Run code in a Python of its own, with the observer."""
    log = root.parent / "log"
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(INSIDE),
        "POST_BUILDER_ROOT": str(root),
        "POST_BUILDER_LOG": str(log),
    }
    subprocess.run([PYTHON, "-c", code], cwd=root, env=environment, check=True, timeout=60)
    return parse_log(log.read_bytes())


def _changed(root: Path, code: str) -> list[str]:
    observations = _observe(root, code)
    files = observed(observations, root, ())
    return changed_since_read(files, observations, Before(0), root)


def test_what_is_read_is_noted_with_its_state(root: Path) -> None:
    """Modules are read, too."""
    found = _observe(root, "import module; open('data.txt').read()")
    for name in ("data.txt", "module.py"):
        path = root / name
        assert str(path) in found.read
        assert frozenset({(file_state(path),)}) == found.states[str(path)]
    assert [] == _changed(root, "import module; open('data.txt').read()")


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("open('data.txt').read(); os.replace('other', 'data.txt')", []),
        ("open('data.txt').read(); subprocess.run(['mv', 'other', 'data.txt'])", ["data.txt"]),
        (
            "open('data.txt').read(); subprocess.run(['cp', '-p', 'other', 'data.txt'])",
            ["data.txt"],
        ),
        ("open('data.txt').read(); subprocess.run(['rm', 'data.txt'])", ["data.txt"]),
        ("subprocess.run(['mv', 'other', 'data.txt']); open('data.txt').read()", []),
        ("open('link').read(); subprocess.run(['ln', '-sfn', 'other', 'link'])", ["link"]),
        ("open('link').read()", []),
        ("import module; subprocess.run(['cp', '-p', 'other', 'module.py'])", ["module.py"]),
        ("os.listdir('folder'); subprocess.run(['touch', 'folder/b'])", ["folder/"]),
        ("os.listdir('folder'); subprocess.run(['rm', 'folder/a b.txt'])", ["folder/"]),
        ("os.listdir('folder'); open('folder/own', 'w').close()", []),
        ("os.listdir('folder'); os.mkdir('folder/own')", []),
        ("os.listdir('folder'); subprocess.run(['touch', 'folder/.x.tmp'])", []),
        ("open('made', 'w').close(); open('made').read(); os.remove('made')", []),
        (
            (
                "open('data.txt').read(); subprocess.run(['mv', 'other', 'data.txt']); "
                "open('data.txt').read()"
            ),
            ["data.txt"],
        ),
    ],
)
def test_what_others_change_after_it_was_read_is_found(
    root: Path, code: str, changed: list[str]
) -> None:
    """What the run itself writes is not; times that are set back do not hide a change."""
    root.joinpath("other").write_text("X = 2\n", encoding="utf-8")
    os.utime(root / "other", (1000, 1000))
    root.joinpath("link").symlink_to("data.txt")
    assert changed == _changed(root, f"import os, subprocess; {code}")


def test_a_database_that_an_address_names_is_noted_by_its_path(root: Path) -> None:
    """Also one that is closed again, which is neither open nor mapped at the end."""
    address = "file:folder/a%20b.txt?mode=ro"
    found = _observe(root, f"import sqlite3; sqlite3.connect({address!r}, uri=True).close()")
    assert {str(root / "folder/a b.txt")} == found.read


def test_what_is_opened_through_the_descriptor_of_a_folder_is_noted_by_its_path(
    root: Path,
) -> None:
    """And nothing of that name in the working directory."""
    code = (
        "import os\nfolder = os.open('folder', os.O_RDONLY)\n"
        "os.close(os.open('a b.txt', os.O_RDONLY, dir_fd=folder))\n"
        "os.close(os.open('new', os.O_WRONLY | os.O_CREAT, dir_fd=folder))\n"
        "os.mkdir('inner', dir_fd=folder)\nos.listdir(folder)\n"
        "assert os.open in os.supports_dir_fd\n"
    )
    found = _observe(root, code)
    assert str(root / "folder/a b.txt") in found.read
    assert not {str(root / name) for name in ("a b.txt", "new", "inner")} & {
        *found.read,
        *found.written,
    }
    assert {str(root / "folder/new"), str(root / "folder/inner")} == found.written
    assert {str(root / "folder")} <= found.listed


def test_a_file_that_is_not_there_is_noted(root: Path) -> None:
    """It may be there the next time."""
    code = "import contextlib\nwith contextlib.suppress(OSError):\n    open('gone')"
    assert {"missing"} == {state for (state,) in _observe(root, code).states[str(root / "gone")]}
    assert [] == _changed(root, code)


def test_a_child_that_closed_its_descriptors_is_observed_and_its_files_are_its_own(
    root: Path,
) -> None:
    """The observer's notes never go into a file of the post."""
    code = (
        "import os\n"
        "os.closerange(3, 50)\n"
        "own = [open(f'own-{number}', 'w') for number in range(9)]\n"
        "open('data.txt').read()\n"
        "open('folder/a b.txt').read()\n"
    )
    found = _observe(root, code)
    assert {str(root / "data.txt"), str(root / "folder/a b.txt")} <= found.read
    assert [""] * 9 == [root.joinpath(f"own-{number}").read_text() for number in range(9)]
