"""Posts that fail: what is said about them, and what is left of them."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import pytest
from commandline import run, still_running, write
from runs import shown_text
from toysite import HEADER

from post_builder.cli import main
from post_builder.commands.build import build
from post_builder.commands.building.scheduler import here
from post_builder.document.post import Post
from post_builder.site import open_site
from post_builder.ui.progress import Silent

FAILURES = {
    "raises": ('print("printed")\n\ndef f():\n    1 / 0\n\nf()', "{: #bad}"),
    "slow": ("import time\ntime.sleep(600)", '{: data-timeout="1"}'),
    "exits": ("import os\nos._exit(3)", ""),
    "killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", ""),
    "calm": ("x = 1", "{: .raises-exception}"),
    "syntax": ("x = )", ""),
    "children": (
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\nimport time; time.sleep(600)",
        '{: data-timeout="1"}',
    ),
    "transcluded": ("", '{: data-source="broken:f"}\n\n```python\nf(0)\n```'),
    "figure": ("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.show()", ""),
    "value": ("x = 1", '\n<span data-value="y">1</span>'),
    "value-syntax": ("x = 1", '\n<span data-value="x +">1</span>'),
    "depends": ("x = 1", ""),
}
"""The code of a cell, and what is below it."""

MESSAGES = {
    "raises": [
        "_posts/raises.md:9: cell bad raised ZeroDivisionError: division by zero\n    1 / 0",
        "printed:\nprinted\n",
        "Traceback (most recent call last)",
    ],
    "slow": [
        "_posts/slow.md:5: cell cell-1 took longer than 1 s",
        "help: raise data-timeout on the cell, or timeout in _config.yml",
    ],
    "exits": [
        "_posts/exits.md:5: cell cell-1 lost its kernel: the kernel ended with status 3",
    ],
    "killed": [
        "_posts/killed.md:5: cell cell-1 lost its kernel: the kernel was ended by SIGKILL",
        "help: it was probably out of memory",
    ],
    "calm": ["_posts/calm.md:5: cell cell-1 did not raise, but is marked .raises-exception"],
    "syntax": ["_posts/syntax.md:6: cell cell-1 raised SyntaxError: unmatched ')'\n    x = )"],
    "children": ["_posts/children.md:5: cell cell-1 took longer than 1 s"],
    "transcluded": [
        "_posts/transcluded.md:10: cell cell-2 raised ZeroDivisionError: division by zero\n",
        "src/broken.py:4: from here\n    return 1 / x",
    ],
    "figure": [
        "_posts/figure.md:5: the figure of cell cell-1 has no alt text",
        'help: add data-alt="what the figure shows" to the options below the cell',
    ],
    "value": ["_posts/value.md:9: the value 'y' raised NameError: name 'y' is not defined"],
    "value-syntax": ["_posts/value-syntax.md:9: the value 'x +' raised SyntaxError"],
    "depends": ["_posts/depends.md:1: depends: 'no/*.csv' matches no file"],
}


@pytest.mark.slow
def test_failures_say_where_and_leave_nothing_behind(tmp_path: Path) -> None:
    """Each failing post keeps its bytes, has no record, stops no other, and leaves no process."""
    write(tmp_path, "_config.yml", "title: x\n")
    write(tmp_path, "src/broken.py", "X = 1\n\ndef f(x):\n    return 1 / x\n")
    for name, (code, below) in FAILURES.items():
        declared = HEADER.replace("}}\n", "}}\ndepends: [no/*.csv]\n")
        header = declared if name == "depends" else HEADER
        body = f"{code}\n" if code else ""
        write(tmp_path, f"_posts/{name}.md", f"{header}\n```python\n{body}```\n{below}\n")
    good = write(tmp_path, "_posts/2020-01-01-good.md", f"{HEADER}\n```python\nprint(1)\n```\n")
    plain = write(tmp_path, "_posts/plain.md", "---\ntitle: Plain\n---\n\n```python\n1 / 0\n```\n")
    before = {name: tmp_path.joinpath(f"_posts/{name}.md").read_bytes() for name in FAILURES}
    unrun = plain.read_bytes()

    done = run("build", tmp_path, "--jobs", "3")

    assert 1 == done.returncode, done.stderr
    for name in FAILURES:
        for message in MESSAGES[name]:
            assert message in done.stderr, name
    assert (
        f"{len(FAILURES) + 1} posts: 1 built, {len(FAILURES)} failed; 13 cells ran\n" == done.stdout
    )
    assert ["good.json"] == [path.name for path in tmp_path.joinpath("_data/builds").iterdir()]
    assert before == {n: tmp_path.joinpath(f"_posts/{n}.md").read_bytes() for n in FAILURES}
    assert unrun == plain.read_bytes()
    assert shown_text("1") in good.read_text(encoding="utf-8")
    assert [] == still_running(tmp_path)
    assert "Traceback (most recent call last):\n  File" not in done.stderr


def test_what_is_declared_in_vain_is_said_before_anything_runs(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pattern that matches nothing costs no run."""
    header = HEADER.replace("---\njupyter", "---\ndepends: [no/*.csv]\njupyter")
    write(blog, "_posts/2020-01-01-a.md", f"{header}```python\nopen('ran', 'w')\n```\n")
    assert 1 == main(["build", "--site", str(blog)])
    assert "depends: 'no/*.csv' matches no file" in capsys.readouterr().err
    assert not blog.joinpath("ran").exists()


class Broken(Silent):
    """A progress display with a bug that one post brings out."""

    def post_started(self, post: Post, reasons: list[str]) -> None:  # noqa: ARG002  # as its base
        """Divide by zero."""
        if "broken" in post.path:
            raise ZeroDivisionError(post.path)


def test_a_bug_in_the_engine_spares_the_other_posts(blog: Path) -> None:
    """An exception that nobody foresaw fails its post, with its traceback, and no other."""
    for name in ("broken", "sound"):
        write(blog, f"_posts/2020-01-01-{name}.md", f"{HEADER}```python\nprint(6 * 7)\n```\n")
    site = open_site(blog)
    run = partial(build, site, list(site.posts()), Broken(), force=False, jobs=1)
    outcomes = asyncio.run(here(lambda: None, run))
    assert ["failed", "built"] == [outcome.status for outcome in outcomes]
    error = str(outcomes[0].error)
    path = "_posts/2020-01-01-broken.md"
    assert error.startswith(f"{path}: internal error: ZeroDivisionError('{path}')\nTraceback ")
    assert "in post_started\n" in error
    assert error.endswith("help: this is a bug in post-builder; please report it")
