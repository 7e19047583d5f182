"""What git knows about a site."""

import os
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from post_builder.freshness.git import committed, head, ignored, tracked


def _git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def work_tree(tmp_path: Path) -> Path:
    """Make a work tree that ignores logs."""
    _git(tmp_path, "init", "-q")
    tmp_path.joinpath(".gitignore").write_text("*.log\n/build/\n", encoding="utf-8")
    return tmp_path


def test_ignored_paths_are_named(work_tree: Path) -> None:
    """Paths may hold spaces, line breaks, letters of any script and bytes that are not text."""
    odd = [*("a b.log", "a\nb.log", "π.log", '"q".log'), os.fsdecode(b"caf\xe9.log")]
    paths = [*odd, "a.txt", "build/x", "src/build/x", "sub/deep.log"]
    assert {*odd, "build/x", "sub/deep.log"} == ignored(paths, work_tree)
    assert set() == ignored(["a.txt"], work_tree)


def test_without_paths_git_is_not_asked(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build with nothing to ask starts no process."""

    def fail(*_: object, **__: object) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr(subprocess, "run", fail)
    assert set() == ignored([], work_tree)


def test_the_head_is_the_commit_that_is_checked_out(work_tree: Path) -> None:
    """A repository without a commit has none."""
    assert "" == head(work_tree)
    _git(work_tree, "commit", "-q", "--allow-empty", "-m", "first")
    head.cache_clear()
    assert _git(work_tree, "rev-parse", "HEAD") == head(work_tree)


def test_git_is_asked_once_for_the_head(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of a thousand posts starts no process for each."""
    before = head(work_tree)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    assert before == head(work_tree)


def test_a_folder_outside_git_ignores_nothing(tmp_path: Path) -> None:
    """That is not an error."""
    assert set() == ignored(["a.log"], tmp_path)
    assert "" == head(tmp_path)


def test_git_need_not_be_installed(work_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it nothing is ignored, and there is no commit."""
    monkeypatch.setenv("PATH", str(work_tree))
    assert set() == ignored(["a.log"], work_tree)
    assert "" == head(work_tree)


def _pass_for_repository(folder: Path, program: str) -> None:
    """Make a folder look like a bare repository: these files come with any pull request."""
    for name in ("objects", "refs"):
        folder.joinpath(name).mkdir(parents=True)
    folder.joinpath("HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    settings = f'[core]\nrepositoryformatversion = 0\nworktree = .\nfsmonitor = "{program}"\n'
    folder.joinpath("config").write_text(settings, encoding="utf-8")


def test_git_runs_nothing_that_a_site_brings(work_tree: Path, tmp_path: Path) -> None:
    """Neither a folder that passes for a repository nor settings name a program that it runs."""
    ran, site = tmp_path / "ran", work_tree / "site"
    _pass_for_repository(site, f"touch '{ran}'; false")
    site.joinpath("a.txt").write_text("a\n", encoding="utf-8")
    _git(work_tree, "add", "site/a.txt")
    _git(work_tree, "commit", "-q", "-m", "first")
    _git(work_tree, "config", "core.fsmonitor", f"touch '{ran}'; false")
    head.cache_clear()
    ran.unlink(missing_ok=True)
    assert {"x.log", "../b.log", "build.log/"} == ignored(
        ["x.log", "../b.log", "a.txt", "build.log/"], site
    )
    assert "a\n" == committed("a.txt", site)
    assert head(site)
    assert "site/a.txt" in tracked(work_tree)
    assert not ran.exists()


def test_a_work_tree_that_git_refuses_is_asked_twice(
    work_tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not once for each path, as where one of them is behind a link."""
    for name in ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    run = Mock(wraps=subprocess.run)
    monkeypatch.setattr(subprocess, "run", run)
    assert set() == ignored([f"{number}.log" for number in range(1000)], work_tree)
    assert 2 == run.call_count
