"""A site in a folder of a git work tree: files above it are inputs too."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from post_builder.cli import main
from post_builder.errors import PostError
from post_builder.execution.observations import Observations
from post_builder.freshness.git import ignored
from post_builder.freshness.site_files import declared, digests, observed
from post_builder.place import Place
from post_builder.site import open_site

PLACE = Place("post", 1)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Make a work tree with a site in `docs`, beside data and code."""
    subprocess.run(["git", "init", "-q", str(tmp_path / "tree")], check=True)
    files = {
        "docs/_config.yml": "title: Documentation\n",
        "data/a.csv": "1\n",
        "data/b.csv": "2\n",
        "data/b.log": "3\n",
        "src/package/__init__.py": "X = 1\n",
        ".gitignore": "*.log\n",
        ".cache/model.bin": "4\n",
    }
    for name, text in files.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    tmp_path.joinpath("outside.csv").write_text("5\n", encoding="utf-8")
    return tmp_path / "tree" / "docs"


def test_what_is_read_above_the_site_is_an_input(docs: Path) -> None:
    """Except what git ignores, what is hidden, as in a home folder, and what is outside."""
    names = ("data/a.csv", "data/b.log", ".cache/model.bin", "docs/c.csv", "../outside.csv")
    read = frozenset(str((docs.parent / name).resolve()) for name in names)
    listed = frozenset({str(docs.parent / "data"), str(docs.parent)})
    found = observed(Observations(read, listed), docs, ())
    assert ["../", "../data/", "../data/a.csv", "c.csv"] == sorted(found)
    before = digests(found, docs)
    docs.joinpath("../data/a.csv").write_text("changed\n", encoding="utf-8")
    docs.joinpath("../data/c.csv").touch()
    docs.joinpath("../data/c.log").touch()
    after = digests(found, docs)
    changed = [path for path in sorted(found) if before[path] != after[path]]
    assert ["../data/", "../data/a.csv"] == changed


def test_files_above_the_site_may_be_declared(docs: Path) -> None:
    """Patterns may start there, and lead back."""
    assert ["../data/a.csv", "../data/b.csv"] == list(declared(["../data/*.csv"], docs, PLACE))
    assert ["../data/a.csv"] == list(declared(["x/../../data/a.csv"], docs, PLACE))
    assert ["_config.yml"] == list(declared(["../docs/_config.yml"], docs, PLACE))


@pytest.mark.parametrize(
    "pattern", ["../../outside.csv", "/etc/hosts", "../data/../../outside.csv"]
)
def test_files_outside_the_work_tree_may_not_be_declared(docs: Path, pattern: str) -> None:
    """Nobody who clones the repository has them."""
    with pytest.raises(PostError, match="leaves the git work tree of the site"):
        declared([pattern], docs, PLACE)


def test_without_git_the_site_is_the_limit(blog: Path) -> None:
    """A folder that only looks like it belongs together is not read."""
    assert blog == open_site(blog).work_tree
    with pytest.raises(PostError, match=r"'\.\./x' leaves the site"):
        declared(["../x"], blog, PLACE)


def test_paths_that_git_refuses_do_not_hide_the_others(docs: Path) -> None:
    """It refuses all paths of a question if one is behind a symbolic link or in a submodule."""
    docs.joinpath("link").symlink_to(docs.parent / "data")
    asked = [f"link/{number}.csv" for number in range(5)]
    assert {"../data/b.log", "x.log"} == ignored([*asked, "../data/b.log", "x.log", "y"], docs)


def test_variables_of_a_git_hook_do_not_count(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a hook git says where another repository is, relative to another folder."""
    monkeypatch.setenv("GIT_DIR", "/no/such/folder")
    monkeypatch.setenv("GIT_WORK_TREE", "/no/such/folder")
    assert {"x.log"} == ignored(["x.log", "y"], docs)


@pytest.mark.slow
def test_a_post_runs_again_when_something_above_its_site_changed(
    docs: Path, header: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A module and a data file, with their paths in the record and in the reason."""
    docs.joinpath("_posts").mkdir()
    code = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, '../src')\nimport package\n"
        "print(package.X, Path('../data/a.csv').read_text())"
    )
    post = docs / "_posts/2020-01-01-a.md"
    post.write_text(f"{header}```python\n{code}\n```\n", encoding="utf-8")
    assert 0 == main(["build", "--site", str(docs), "--json"])
    record = json.loads(docs.joinpath("_data/builds/a.json").read_text(encoding="utf-8"))
    assert ["../data/a.csv", "../src/package/__init__.py"] == list(record["files"])
    capsys.readouterr()
    docs.joinpath("../data/a.csv").write_text("2\n", encoding="utf-8")
    docs.joinpath("../src/package/__init__.py").write_text("X = 2\n", encoding="utf-8")
    assert 1 == main(["check", "--site", str(docs), "--json"])
    found = [finding["message"] for finding in json.loads(capsys.readouterr().out)]
    assert ["../data/a.csv changed", "../src/package/__init__.py changed"] == found
