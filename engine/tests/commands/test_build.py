"""`build`, from the command to the bytes on disk."""

from __future__ import annotations

import datetime as dt
import json
import platform
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from commandline import lasting, run, tree, write
from runs import shown_text
from toysite import FIXTURES, HEADER

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")

EVERYTHING = "_posts/2020-01-01-everything.md"


def build(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Build a site with one post, and return its outcome."""
    main(["build", "--site", str(root), "--json", *arguments])
    (outcome,) = json.loads(capsys.readouterr().out)
    return dict(outcome)


def test_a_post_gets_what_its_cells_gave(everything: Path) -> None:
    """Outputs, values, figures, tracebacks and folds are where the post format says."""
    expected = FIXTURES.joinpath("build", "everything.built.md").read_text(encoding="utf-8")
    assert expected == everything.joinpath(EVERYTHING).read_text(encoding="utf-8")


def test_the_text_of_the_author_is_untouched(everything: Path) -> None:
    """Without outputs and values, the post is as it was written."""
    built = everything.joinpath(EVERYTHING).read_text(encoding="utf-8")
    source = FIXTURES.joinpath("build", "everything.md").read_text(encoding="utf-8")
    bare = re.sub(r"[ ]*<!-- output -->.*?<!-- /output -->\n", "", built, flags=re.DOTALL)
    value = re.compile(r"(<span data-value[^>]*>)[^<]*(</span>)")
    assert value.sub(r"\1\2", source) == value.sub(r"\1\2", bare)


def test_a_second_build_runs_nothing_and_loads_little(everything: Path) -> None:
    """No kernel and no Jupyter: a fresh site costs a look."""
    before = tree(everything)
    code = (
        "import sys; from post_builder.cli import main\n"
        f"status = main(['build', '--site', {str(everything)!r}])\n"
        "heavy = {'torch', 'nbconvert', 'jupytext', 'nbclient', 'jupyter_client', 'IPython',\n"
        "         'matplotlib', 'rich', 'bs4', 'PIL'}\n"
        "print(status, sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "all up to date (1 post)\n0 []\n" == done.stdout
    assert before == tree(everything)


@pytest.mark.slow
def test_a_build_elsewhere_gives_the_same_bytes(
    everything: Path, unbuilt: Path, tmp_path: Path
) -> None:
    """Another folder, time zone, locale, home and terminal: nothing of them is on the page."""
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        "TZ": "Asia/Tokyo",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "C",
        "HOME": str(home),
        "COLUMNS": "200",
        "PYTHONHASHSEED": "7",
        "MPLBACKEND": "pdf",
        "PYTHONWARNINGS": "error",
    }
    done = run("build", unbuilt, environment=environment)
    assert 0 == done.returncode, done.stderr
    assert lasting(everything) == lasting(unbuilt)


@pytest.mark.slow
def test_force_runs_again_and_leaves_the_record_alone(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same inputs give the same bytes; the record keeps the day of the first run."""
    before = tree(site)
    outcome = build(site, "--force", capsys=capsys)
    assert ("built", ["forced"]) == (outcome["status"], outcome["reasons"])
    assert before == tree(site)


def test_prose_may_change_freely(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An edit of prose, or of the title, runs nothing."""
    post = site / EVERYTHING
    text = post.read_text(encoding="utf-8").replace("Values:", "Numbers:")
    edited = text.replace("title: Everything", "title: All")
    post.write_text(edited, encoding="utf-8")
    assert "fresh" == build(site, capsys=capsys)["status"]
    assert edited == post.read_text(encoding="utf-8")


STALE = {
    "code": (EVERYTHING, 'print("to stdout")', 'print("other")'),
    "option": (EVERYTHING, ".hide-output}", ".hide-output data-timeout='9'}"),
    "value": (EVERYTHING, 'data-value="6*7"', 'data-value="6*8"'),
    "published value": (EVERYTHING, 'data-value="6*7">42', 'data-value="6*7">43'),
    "output": (EVERYTHING, ">to stdout", ">tampered"),
    "read file": ("data.txt", "of", "on"),
    "source": ("src/package/scale.py", "2 * x", "3 * x"),
    "figure": ("assets/images/everything/plots-1.svg", "svg", "SVG"),
    "package": ("_data/builds/everything.json", '"matplotlib": "', '"matplotlib": "0.'),
}
"""Changes: the file, some text in it, and its replacement."""

REASONS = {
    "code": "cell streams edited",
    "option": "options of cell in-list changed",
    "value": "value 6*8 is new, and needs a run",
    "published value": "value 6*7 is not what the build wrote",
    "output": "output of cell streams is not what the build wrote",
    "read file": "data.txt changed",
    "source": "src/package/scale.py package.scale:scale changed",
    "figure": "assets/images/everything/plots-1.svg is not what the build wrote",
    "package": "matplotlib 0.",
}

REPAIRED = {"published value", "output", "figure", "package"}
"""What a build restores, since no input changed."""


@pytest.mark.parametrize("kind", [pytest.param(k, marks=pytest.mark.slow) for k in STALE])
def test_each_change_is_built_for_its_reason(
    site: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change of any input or output makes the post run, and the reason is the change."""
    before = lasting(site)
    name, old, new = STALE[kind]
    text = site.joinpath(name).read_text(encoding="utf-8")
    assert old in text
    site.joinpath(name).write_text(text.replace(old, new, 1), encoding="utf-8")
    outcome = build(site, capsys=capsys)
    assert "built" == outcome["status"]
    assert outcome["reasons"][0].startswith(REASONS[kind])
    assert "fresh" == build(site, capsys=capsys)["status"]
    assert (before == lasting(site)) == (kind in REPAIRED)


_COMMIT = ["-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "--allow-empty"]


@pytest.mark.slow
def test_a_record_says_when_where_and_how_a_post_ran(blog: Path) -> None:
    """Date, seconds, memory, Python, processor and commit, for the page's provenance."""
    code = (
        "import time\nbegin = time.perf_counter()\nblock = b'x' * (200 * 2**20)\n"
        "while time.perf_counter() < begin + 0.3:\n    pass\n"
    )
    write(blog, "_posts/a.md", f"{HEADER}```python\n{code}```\n")
    _git(blog, "init", "--quiet")
    _git(blog, "add", ".")
    _git(blog, *_COMMIT, "--message", "a")
    begin = time.time()
    assert 0 == main(["build", "--site", str(blog), "--json"])
    end = time.time()
    run_of = json.loads(blog.joinpath("_data/builds/a.json").read_text(encoding="utf-8"))["run"]
    assert int(begin) <= dt.datetime.fromisoformat(run_of["date"]).timestamp() <= end
    assert 0.3 <= run_of["seconds"] <= end - begin
    assert 200 < run_of["peak_memory"] < 700
    assert platform.python_version() == run_of["python"]
    assert run_of["processor"]
    assert _git(blog, "rev-parse", "HEAD").strip() == run_of["commit"]


@pytest.mark.slow
def test_each_build_of_a_process_names_the_commit_that_it_found(blog: Path) -> None:
    """`watch` builds again after a commit."""
    _git(blog, "init", "--quiet")
    for message in ("first", "second"):
        write(blog, "_posts/a.md", f"{HEADER}```python\nprint('{message}')\n```\n")
        _git(blog, *_COMMIT, "--message", message)
        assert 0 == main(["build", "--site", str(blog), "--json"])
        record = json.loads(blog.joinpath("_data/builds/a.json").read_text(encoding="utf-8"))
        assert _git(blog, "rev-parse", "HEAD").strip() == record["run"]["commit"]


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True, text=True)
    return done.stdout


def test_git_need_not_be_installed(blog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A build succeeds without it; its record has no commit."""
    _git(blog, "init", "--quiet")
    _git(blog, *_COMMIT, "--message", "a")
    write(blog, "read.txt", "x")
    write(blog, "_posts/a.md", f"{HEADER}```python\nopen('read.txt').close()\n```\n")
    monkeypatch.setenv("PATH", str(blog / "an empty folder"))
    assert 0 == main(["build", "--site", str(blog), "--json"])
    record = json.loads(blog.joinpath("_data/builds/a.json").read_text(encoding="utf-8"))
    assert "" == record["run"]["commit"]
    assert ["read.txt"] == list(record["files"])
    assert 0 == main(["check", "--site", str(blog), "--json"])


@pytest.mark.slow
def test_windows_line_ends_and_a_missing_last_one_survive(blog: Path) -> None:
    """The post keeps its line endings, its byte order mark and its missing final newline."""
    body = "\nText  \n\n> ```python\n> print('a\\n\\nb')\n> ```\n\n```python\n1 + 1\n```"
    post = blog / "_posts/crlf.md"
    post.write_bytes(("\ufeff" + HEADER + body).replace("\n", "\r\n").encode())
    assert 0 == main(["build", "--site", str(blog), "--json"])
    shown = shown_text("a\n> &#10;b")
    expected = (
        "\ufeff" + HEADER + "\nText  \n\n> ```python\n> print('a\\n\\nb')\n> ```\n"
        f"> <!-- output -->\n> {shown}\n>\n> <!-- /output -->\n"
        "\n```python\n1 + 1\n```\n"
        f"<!-- output -->\n{shown_text('2', 'result')}\n\n<!-- /output -->"
    )
    assert expected.replace("\n", "\r\n").encode() == post.read_bytes()
    assert 0 == main(["build", "--site", str(blog), "--force", "--json"])
    assert expected.replace("\n", "\r\n").encode() == post.read_bytes()


@pytest.mark.slow
def test_figures_and_downloads_of_a_renamed_post_are_removed(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build says which files it removed; a build of one named post leaves the others alone."""
    post = toy / "_posts/2020-01-01-plain.md"
    post.write_text("---\ntitle: Plain\n---\n", encoding="utf-8")
    toy.joinpath("_posts/2020-01-01-toy.md").unlink()
    assert 2 == main(["build", "--site", str(toy), str(post)])
    assert toy.joinpath("_data/builds/toy.json").exists()
    assert f"{post} names no kernel, so nothing of it runs\n" in capsys.readouterr().err
    assert 0 == main(["build", "--site", str(toy)])
    removed = (
        *("assets/images/toy/points.svg", "assets/notebooks/toy.ipynb", "assets/notebooks/toy.py"),
        "_data/builds/toy.json",
    )
    kept = " (kept for a month in .post-builder/removed/)"
    lines = [
        f"{path}: removed, its post no longer exists{kept * path.startswith('assets/')}"
        for path in removed
    ]
    assert [*lines, "no executable posts"] == capsys.readouterr().out.splitlines()
