"""Builds that are stopped, and posts and files that are saved while a build runs."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from commandline import PATIENCE, Gate, command, lasting, processes, still_running, tree, write
from runs import shown_text
from toysite import HEADER

from post_builder.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture
def gate(tmp_path_factory: pytest.TempPathFactory) -> Gate:
    """Make a gate at which a post waits."""
    return Gate(tmp_path_factory.mktemp("gate"))


def waiting(gate: Gate) -> str:
    """Return a post that reads a file, waits at a gate, and prints what it read."""
    code = f"text = open('data.txt').read()\n{gate.code}\nprint(text)"
    return f"{HEADER}\nProse.\n\n```python\n{code}\n```\n"


@contextmanager
def building(
    root: Path, gate: Gate, text: str = ""
) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a build, and return once its post waits."""
    write(root, "data.txt", "old")
    post = write(root, "_posts/2020-01-01-a.md", text or waiting(gate))
    pipe = subprocess.PIPE
    with subprocess.Popen(command("build", root), stdout=pipe, stderr=pipe, text=True) as process:
        try:
            gate.wait()
            yield process, post
        finally:
            process.kill()


def finish(process: subprocess.Popen[str], gate: Gate) -> str:
    """Let the post go on, and return the errors of the build."""
    gate.open()
    return process.communicate(timeout=PATIENCE)[1]


def test_prose_saved_while_a_post_runs_is_kept(blog: Path, gate: Gate) -> None:
    """The author goes on writing; the build does not undo it."""
    with building(blog, gate) as (process, post):
        edited = waiting(gate).replace("Prose.", "Better prose.\n\nMore.")
        post.write_text(edited, encoding="utf-8")
        errors = finish(process, gate)
    assert 0 == process.returncode, errors
    region = f"<!-- output -->\n{shown_text('old')}\n\n<!-- /output -->\n"
    assert edited + region == post.read_text(encoding="utf-8")


def test_a_site_that_is_renamed_while_a_post_runs_is_as_it_was(blog: Path, gate: Gate) -> None:
    """The build says that the folder is gone, and creates none; the next one works."""
    moved = blog.with_name(f"{blog.name}-moved")
    with building(blog, gate) as (process, _):
        blog.rename(moved)
        errors = finish(process, gate)
    assert 1 == process.returncode
    assert "the folder of the site is gone\n" in errors
    assert "start again where it is now" in errors
    assert not blog.exists()
    assert waiting(gate) == moved.joinpath("_posts/2020-01-01-a.md").read_text(encoding="utf-8")
    write(moved, "_posts/2020-01-01-a.md", f"{HEADER}\n```python\nprint(1)\n```\n")
    assert 0 == main(["build", "--site", str(moved)])


@pytest.mark.parametrize(
    "name", ["_posts", "assets", "assets/notebooks", "_data", "_data/builds", ".post-builder"]
)
def test_a_folder_that_leaves_the_site_while_a_post_runs_is_not_written(
    blog: Path, gate: Gate, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    """A link is in its place: the build names it, and writes nothing; the next one works."""
    outside, folder = tmp_path_factory.mktemp("outside") / "folder", blog / name
    write(blog, f"{name}/mine.txt", "mine")
    with building(blog, gate) as (process, post):
        folder.rename(outside)
        folder.symlink_to(outside)
        before, written = tree(outside), tree(blog)
        errors = finish(process, gate)
    assert 1 == process.returncode
    assert "a symbolic link leads out of the site, to " in errors
    assert f"\n{name}" in errors
    assert (before, written) == (tree(outside), tree(blog))
    folder.unlink()
    outside.rename(folder)
    assert waiting(gate) == post.read_text(encoding="utf-8")
    post.write_text(waiting(gate).replace(gate.code, "pass"), encoding="utf-8")
    assert 0 == main(["build", "--site", str(blog)])
    assert shown_text("old") in post.read_text(encoding="utf-8")


def _resume(stopped: Sequence[psutil.Process]) -> None:
    for one in stopped:
        one.resume()


STOPPED_AT_THE_START = """{gate}
import time
for number in range(3000):
    if number % 100 == 0:
        time.sleep(0.02)
    print(number, flush=True)
"""
"""A cell that is stopped before it prints; it runs for more than half a second."""

STOPPED_AT_THE_END = """kernel = get_ipython().kernel
publish = kernel._publish_status

def late(status, *arguments, **options):
    if status == "idle":
        kernel._publish_status = publish
        {gate}
    return publish(status, *arguments, **options)

kernel._publish_status = late
for number in range(3000):
    print(number, flush=True)
"""
"""A cell that is stopped between its reply and its last message, which says that it has ended."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no process")
@pytest.mark.parametrize("code", [STOPPED_AT_THE_START, STOPPED_AT_THE_END], ids=["start", "end"])
@pytest.mark.parametrize("who", ["engine", "kernel", "both"])
def test_a_build_that_is_stopped_and_continued_is_an_undisturbed_one(
    blog: Path, gate: Gate, tmp_path_factory: pytest.TempPathFactory, who: str, code: str
) -> None:
    """By Ctrl-Z, a paused container or a lid that is closed; for longer than a cell may take.

    A kernel that is stopped alone is to its engine one that hangs.
    """
    limit = 60 if who == "kernel" else 4
    options = f'{{: data-timeout="{limit}" }}'
    text = f"{HEADER}\n```python\n{code.format(gate=gate.code)}```\n{options}\n"
    undisturbed = Path(shutil.copytree(blog, tmp_path_factory.mktemp("other") / "site"))
    with building(undisturbed, gate, text) as (process, _):
        assert "" == finish(process, gate).partition("\n\n")[2]
    with building(blog, gate, text) as (process, _):
        stopped = [] if who == "engine" else processes(blog)
        stopped += [] if who == "kernel" else [psutil.Process(process.pid)]
        for one in stopped:
            one.suspend()
        continued = threading.Timer(5, _resume, [stopped])
        continued.start()
        errors = finish(process, gate)
        continued.join()
    assert 0 == process.returncode, errors
    assert lasting(undisturbed) == lasting(blog)


@pytest.mark.slow
def test_code_saved_while_a_post_runs_is_a_conflict(blog: Path, gate: Gate) -> None:
    """What ran is not what is there: nothing is written, and the message says so."""
    with building(blog, gate) as (process, post):
        edited = waiting(gate).replace("print(text)", "print('edited')")
        post.write_text(edited, encoding="utf-8")
        errors = finish(process, gate)
    assert 1 == process.returncode
    expected = (
        "\n_posts/2020-01-01-a.md:1: the code of the post changed while it ran\n    ---\n"
        "help: nothing was written; build again\n"
    )
    assert errors.endswith(expected)
    assert edited == post.read_text(encoding="utf-8")
    assert not blog.joinpath("_data").exists()


def test_a_dependency_saved_while_a_post_runs_is_a_conflict(blog: Path, gate: Gate) -> None:
    """Which of its contents was read cannot be known, so nothing is written; the next build is."""
    with building(blog, gate) as (process, post):
        write(blog, "data.txt", "new")
        errors = finish(process, gate)
    assert (1, waiting(gate)) == (process.returncode, post.read_text(encoding="utf-8"))
    assert "_posts/2020-01-01-a.md:1: data.txt changed while the post ran\n" in errors
    post.write_text(waiting(gate).replace(gate.code, "pass"), encoding="utf-8")
    assert 0 == main(["build", "--site", str(blog)])
    assert shown_text("new") in post.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        pytest.param(signal.SIGTERM, marks=pytest.mark.slow),
        pytest.param(signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_an_interrupt_leaves_posts_whole_and_no_kernel(
    blog: Path, gate: Gate, number: signal.Signals
) -> None:
    """However a build is stopped, the post is as it was and no process of it goes on."""
    with building(blog, gate) as (process, post):
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
    expected = -number if number == signal.SIGKILL else 130  # SIGTERM ends a build as Ctrl-C does
    assert expected == process.returncode
    assert waiting(gate) == post.read_text(encoding="utf-8")
    assert ["2020-01-01-a.md"] == [path.name for path in post.parent.iterdir()]
    assert [] == still_running(blog)
    if number != signal.SIGKILL:
        assert errors.endswith("\ninterrupted: unfinished posts are unchanged\n")
        assert "Traceback" not in errors


KILLED_AT = """
import os, signal, sys
from functools import partial
from post_builder.cli import main
from post_builder.files import operations

left = int(sys.argv[1])

def count(call, source, target):
    global left
    if str(target).startswith(sys.argv[2]) and ".post-builder" not in str(target):
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
    return call(source, target)

for name in ("rename", "rename_new", "exchange"):
    setattr(operations, name, partial(count, getattr(operations, name)))
main(["build", "--site", sys.argv[2]])
"""
"""A build that is killed as it puts one more file in its place."""


DRAWING = """```python
from IPython.display import SVG

text = open("data.txt").read()
SVG(f"<svg width='9' height='9'><text>{text}</text></svg>")
```
{: #drawing data-alt="A word"}

It says <span data-value="text"></span>.
"""

FILES = [
    *("assets/images/a/drawing.svg", "assets/notebooks/a.ipynb", "assets/notebooks/a.py"),
    *("_posts/2020-01-01-a.md", "_data/builds/a.json"),
]
"""What a build writes, in this order."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a post with a figure, a value and downloads, and change what all of them show."""
    root = tmp_path_factory.mktemp("drawn")
    write(root, "_config.yml", "title: x\n")
    write(root, "data.txt", "old")
    write(root, "_posts/2020-01-01-a.md", HEADER + DRAWING)
    assert 0 == main(["build", "--site", str(root)])
    write(root, "data.txt", "new")
    text = root.joinpath("_posts/2020-01-01-a.md").read_text(encoding="utf-8")
    write(root, "_posts/2020-01-01-a.md", text.replace("It says", "Now it says"))
    return root


@pytest.mark.parametrize(
    "count", [0, 3, *(pytest.param(number, marks=pytest.mark.slow) for number in (1, 2, 4))]
)
def test_a_build_killed_between_writes_is_repaired_by_the_next(
    drawn: Path, tmp_path: Path, count: int
) -> None:
    """Killed after any file: each is old or new, and the next build ends as this one would have."""
    site = Path(shutil.copytree(drawn, tmp_path / "site"))
    before = lasting(site)
    call = [sys.executable, "-c", KILLED_AT, str(count), str(site)]
    assert -signal.SIGKILL == subprocess.run(call, capture_output=True, check=False).returncode
    temporary = list(site.rglob("*.tmp"))
    assert 1 == len(temporary)
    temporary[0].unlink()
    after = lasting(site)
    assert set(FILES[:count]) == {name for name in after if after[name] != before.get(name)}
    assert 0 == main(["build", "--site", str(site)])
    whole = lasting(site)
    assert all(whole[name] == after[name] for name in FILES[:count])
    assert all(
        b"new" in whole[name] for name in ("_posts/2020-01-01-a.md", "assets/images/a/drawing.svg")
    )
    assert 0 == main(["check", "--site", str(site)])
