"""A second build with nothing to do looks only whether anything changed since the first."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from toysite import POST, replace

from post_builder.cli.witness import WITNESS, recall

FRESH = "all up to date (1 post)\n"


def build(root: Path, **variables: str) -> str:
    """Build a site in a process of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "post_builder", *command(root)],
        capture_output=True,
        check=True,
        text=True,
        env={**os.environ, **variables},
    )
    return done.stdout


def command(root: Path) -> tuple[str, ...]:
    """Return the arguments of a build."""
    return ("build", "--site", str(root))


@pytest.fixture
def seen(toy: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Build a fresh site, whose build keeps what it looked at."""
    monkeypatch.chdir(toy.parent)  # modules are looked for here, where no other test writes
    toy.joinpath(".post-builder").mkdir(exist_ok=True)
    toy.joinpath(".post-builder/.gitignore").write_text("*\n", "utf-8")
    time.sleep(0.2)  # files that have just changed might change again unseen
    assert FRESH == build(toy)
    assert FRESH == recall(command(toy))
    return toy


def _same_size_and_date(path: Path) -> None:
    """Change one byte, and put the date of the last change back."""
    before = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES: dict[str, Callable[[Path], object]] = {
    "the post": lambda root: replace(root / POST, "See ![a", "Look: ![a"),
    "a date put back": lambda root: _same_size_and_date(root / "rate.txt"),
    "a file that was replaced": lambda root: (root / "declared.csv").rename(root / "rate.txt"),
    "a figure": lambda root: _same_size_and_date(root / "assets/images/toy/points.svg"),
    "a figure is gone": lambda root: (root / "assets/images/toy/points.svg").unlink(),
    "a source": lambda root: _same_size_and_date(root / "src/toy/lines.py"),
    "a setting": lambda root: _same_size_and_date(root / "_config.yml"),
    "the record": lambda root: _same_size_and_date(root / "_data/builds/toy.json"),
    "one more post": lambda root: (root / "_posts/2020-01-09-new.md").write_text("x", "utf-8"),
    "a draft, the first": lambda root: (root / "_drafts").mkdir(),
    "a new package": lambda root: (root / "src/x-1.dist-info").mkdir(),
    "a work tree": lambda root: (root / ".git").mkdir(),
    "what a killed build left": lambda root: (
        root / "_posts/.post-builder-12345678.tmp"
    ).write_text("", "utf-8"),
    "what one left in the engine's own folder": lambda root: (
        root / ".post-builder/.post-builder-12345678.tmp"
    ).write_text("", "utf-8"),
    "bytes of the witness": lambda root: (root / WITNESS).write_bytes(b"\xff"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", CHANGES)
def test_any_change_is_seen(seen: Path, kind: str) -> None:
    """Neither dates nor sizes decide."""
    CHANGES[kind](seen)
    assert recall(command(seen)) is None


@pytest.mark.slow
def test_only_the_same_command_in_the_same_place_is_answered(
    seen: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other posts, another folder or another environment may have another answer."""
    assert recall((*command(seen), POST)) is None
    assert recall(("check", "--site", str(seen))) is None
    assert recall((*command(seen), "--force")) is None
    with monkeypatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(seen))
        assert recall(command(seen)) is None
    monkeypatch.chdir(seen)
    assert recall(command(seen)) is None


@pytest.mark.slow
def test_a_file_that_has_just_changed_is_not_trusted(seen: Path) -> None:
    """A clock that is behind its files may give two states of one the same time."""
    seen.joinpath(WITNESS).unlink()
    ahead = time.time() + 3600
    os.utime(seen / "_posts", (ahead, ahead))
    assert FRESH == build(seen)
    assert recall(command(seen)) is None


@pytest.mark.slow
def test_what_another_process_looked_at_is_not_known(seen: Path) -> None:
    """Git is asked what it ignores when a run listed a folder of the work tree."""
    seen.joinpath(WITNESS).unlink()
    code = "import sys, subprocess; from post_builder.cli import build, main\n"
    code += "before = build._nothing_to_do\n"
    code += "def asks(*a): subprocess.run(['true']); return before(*a)\n"
    code += "build._nothing_to_do = asks\n"
    code += f"main({list(command(seen))!r})"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert not seen.joinpath(WITNESS).exists()


@pytest.mark.slow
def test_nearly_nothing_is_imported(seen: Path) -> None:
    """Most of the time of such a build goes into imports."""
    code = "import sys; before = set(sys.modules); from post_builder.cli import main\n"
    code += f"status = main({list(command(seen))!r})\n"
    code += "print(status, sorted({'argparse', 'dataclasses', 'json', 'pathlib', 'yaml', "
    code += "'post_builder.site'} & set(sys.modules) - before), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert (FRESH, "0 []\n") == (done.stdout, done.stderr)
