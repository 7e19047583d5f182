"""A site whose post uses every option, built once."""

import shutil
from pathlib import Path

import pytest
from commandline import run, write
from toysite import FIXTURES

EVERYTHING = "_posts/2020-01-01-everything.md"


def make_everything(root: Path) -> Path:
    """Write a site with a post that uses every option, unbuilt."""
    write(root, "_config.yml", "title: A blog\n")
    write(root, "data.txt", "of data")
    write(root, "src/package/__init__.py", "")
    write(root, "src/package/scale.py", "def scale(x):\n    return 2 * x\n")
    source = FIXTURES.joinpath("build", "everything.md").read_text(encoding="utf-8")
    write(root, EVERYTHING, source)
    return root


@pytest.fixture
def unbuilt(tmp_path: Path) -> Path:
    """Write the site in another folder, unbuilt."""
    return make_everything(tmp_path / "another folder")


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the site once."""
    root = make_everything(tmp_path_factory.mktemp("everything"))
    secrets = {"GITHUB_TOKEN": "hunter2", "MY_SECRET": "hunter2", "PYTHONSTARTUP": "x"}
    done = run("build", root, environment=secrets)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def site(everything: Path, tmp_path: Path) -> Path:
    """Copy the built site, for a test to change."""
    return Path(shutil.copytree(everything, tmp_path / "site"))
