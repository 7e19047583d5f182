"""The command line: calls, exit statuses, and what each command prints as JSON."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from toysite import PARTS, POST, replace

import post_builder
from post_builder.cli import main
from post_builder.cli.parser import make_parser

pytestmark = pytest.mark.usefixtures("forked_kernels")

COMMANDS = {
    "build": ["--force", "--jobs", "--json", "--keep-going", "--scheduler", "--site"],
    "check": ["--execute", "--jobs", "--json", "--site"],
    "watch": ["--jobs", "--json", "--site"],
    "new": ["--from", "--json", "--site"],
    "export": ["--json", "--output", "--site", "--to"],
    "adopt": ["--dry-run", "--json", "--no-run", "--site", "--yes"],
    "init": ["--json", "--site"],
    "clean": ["--dry-run", "--json", "--site"],
}
"""Each command and its options."""


def call(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> tuple[int, Any]:
    """Call a command with `--json`; return its exit status and what it printed."""
    status = main([*map(str, arguments), "--json"])
    printed = capsys.readouterr()
    assert "" == printed.err
    return status, json.loads(printed.out)


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Make a wrong call, and return what is said about it."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    printed = capsys.readouterr()
    assert (2, "") == (ended.value.code, printed.out)
    return printed.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """It is that of the package, and needs no site."""
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert 0 == ended.value.code
    assert f"post-builder {post_builder.__version__}\n" == capsys.readouterr().out


def test_the_program_ends_with_the_status_of_its_command(tmp_path: Path) -> None:
    """As `python -m post_builder`, and under the name that is installed."""
    installed = Path(sys.executable).with_name("post-builder")
    for program in ([sys.executable, "-m", "post_builder"], [str(installed)]):
        done = subprocess.run(
            [*program, "build", "--site", str(tmp_path)],
            capture_output=True,
            check=False,
            text=True,
        )
        expected = (
            f"there is no _config.yml in {tmp_path}\n"
            "help: run the command at the root of a Jekyll site, or name one with --site DIR\n"
        )
        assert (2, "", expected) == (done.returncode, done.stdout, done.stderr)


def test_every_command_describes_itself(capsys: pytest.CaptureFixture[str]) -> None:
    """`--help` lists all commands; that of a command lists its options, each with its meaning."""
    listed = re.findall(r"^    (\w+) +\w", make_parser().format_help(), re.MULTILINE)
    assert list(COMMANDS) == listed
    for name, options in COMMANDS.items():
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert 0 == ended.value.code
        text = capsys.readouterr().out
        given = re.findall(r"^  (?:-h, )?(--[\w-]+)(?: \S+)?\s+\S", text, re.MULTILINE)
        assert sorted(["--help", *options]) == sorted(given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["bake"], "invalid choice: 'bake'"),
        (["build", "--jobs", "0"], "argument --jobs: must be a whole number above 0, not '0'"),
        (["build", "--jobs", "x"], "argument --jobs: must be a whole number above 0, not 'x'"),
        (["check", "--jobs", "1.5"], "argument --jobs: must be a whole number above 0, not '1.5'"),
        (["build", "--execute"], "unrecognized arguments: --execute"),
        (["check", "--force"], "unrecognized arguments: --force"),
        (["new"], "one of the arguments TITLE --from is required"),
        (
            ["new", "A title", "--from", "a.ipynb"],
            "argument --from: not allowed with argument TITLE",
        ),
        (["watch", "_posts/a.md"], "unrecognized arguments: _posts/a.md"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the usage above it; nothing is done, and the status is 2."""
    error = refused(capsys, *arguments)
    assert error.startswith("usage: post-builder ")
    assert message in error


@pytest.mark.parametrize("name", ["build", "check", "watch", "init", "clean", "new"])
def test_every_command_needs_a_site(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder without `_config.yml` is not one, nor is one that is not there."""
    title = ["A title"] if name == "new" else []
    for folder in (tmp_path, tmp_path / "none"):
        assert 2 == main([name, "--site", str(folder), *title])
        assert f"there is no _config.yml in {folder}\n" in capsys.readouterr().err
    assert [] == list(tmp_path.iterdir())


def test_settings_that_cannot_be_used_are_a_wrong_call(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With their line."""
    replace(blog / "_config.yml", "title", "post_builder: {jobs: many}\ntitle")
    assert 2 == main(["build", "--site", str(blog)])
    expected = "_config.yml:1: jobs must be a whole number above 0, not 'many'\n"
    assert capsys.readouterr().err.startswith(expected)


@pytest.mark.parametrize("name", ["build", "check", "clean"])
def test_a_file_that_is_not_a_post_is_a_wrong_call(
    name: str, blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whether it is there or not."""
    for path in ("missing.md", "_config.yml"):
        assert 2 == main([name, "--site", str(blog), path])
        expected = f"{path} is not a post of this site\nhelp: posts are _posts/*.md\n"
        assert ("", expected) == capsys.readouterr()


def test_a_post_that_may_be_meant_is_suggested(
    built_series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a part of its name, or by a slug with a slip; without one, where posts are."""
    first = PARTS[0].removeprefix("_posts/").removesuffix(".md")
    slug = first[len("2020-01-01-") :]
    slip = f"{slug[:3]}x{slug[3:]}"
    for typed in (slug, slug.upper(), slug[:-1], f"_posts/{slug}.md", slip):
        assert 2 == main(["build", "--site", str(built_series), typed])
        err = capsys.readouterr().err
        assert f"{typed} is not a post of this site\nhelp: did you mean " in err
        assert PARTS[0] in err
    assert 2 == main(["build", "--site", str(built_series), "quite-another"])
    assert "help: posts are _posts/*.md" in capsys.readouterr().err


def test_posts_are_named_from_here_or_from_the_site(
    built_series: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By an absolute path as well; the site is the working directory if none is named."""
    monkeypatch.chdir(built_series / "_posts")
    here = PARTS[0].removeprefix("_posts/")
    for name in (here, PARTS[0], built_series / PARTS[0]):
        status, outcomes = call(capsys, "build", "--site", "..", name)
        assert (0, [PARTS[0]]) == (status, [outcome["post"] for outcome in outcomes])
    monkeypatch.chdir(built_series)
    status, outcomes = call(capsys, "build")
    assert (0, list(PARTS)) == (status, [outcome["post"] for outcome in outcomes])


def test_build_as_json(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list with one outcome for each executable post: fresh, built or failed."""
    fresh = {
        "post": POST,
        "status": "fresh",
        "reasons": [],
        "cells": 0,
        "seconds": 0.0,
        "error": None,
        "note": "",
        "notices": [],
        "notes": [],
    }
    assert (0, [fresh]) == call(capsys, "build", "--site", toy)
    replace(toy / "rate.txt", "0.05", "0.06")
    status, [built] = call(capsys, "build", "--site", toy)
    assert 0 == status
    assert 0 < built["seconds"]
    reasons = ["rate.txt changed"]
    changed = {"status": "built", "reasons": reasons, "cells": 5, "seconds": built["seconds"]}
    assert fresh | changed == built
    line = replace(toy / POST, "rate = float", "rate = flaot")
    status, [failed] = call(capsys, "build", "--site", toy)
    assert 1 == status
    error = failed.pop("error")
    reasons = ["cell slope edited"]
    ran = {"status": "failed", "reasons": reasons, "cells": 3}  # the third one raised
    assert fresh | ran == failed | {"error": None}
    assert {"message", "place", "text"} == error.keys()
    assert "cell slope raised NameError: name 'flaot' is not defined" == error["message"]
    assert {"path": POST, "line": line} == {k: error["place"][k] for k in ("path", "line")}
    assert error["text"].startswith(f"{POST}:{line}: cell slope raised NameError")


def test_check_as_json(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A list of findings, empty for a site that passes."""
    assert (0, []) == call(capsys, "check", "--site", toy)
    replace(toy / "rate.txt", "0.05", "0.06")
    place = {"path": POST, "line": 1, "source": "---"}
    finding = {
        "kind": "stale",
        "place": place,
        "message": "rate.txt changed",
        "hint": "run `post-builder build`",
    }
    assert (1, [finding]) == call(capsys, "check", "--site", toy)


def test_check_execute_as_json(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Findings as well, of what a run gave; progress is left out."""
    line = replace(toy / POST, '"slope:.2f">2', '"slope:.2f">3')
    status, [finding] = call(capsys, "check", "--execute", "--site", toy, POST)
    assert (1, "drift", line) == (status, finding["kind"], finding["place"]["line"])
    assert finding["message"].startswith("value slope:.2f: '3")


def test_new_as_json(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The path of the post; people also get to know what to do with it."""
    today = dt.datetime.now().astimezone().date()
    path = f"_posts/{today}-one.md"
    assert (0, {"post": path, "notes": []}) == call(capsys, "new", "--site", blog, "One")
    assert blog.joinpath(path).is_file()
    assert 0 == main(["new", "--site", str(blog), "Two"])
    expected = f"_posts/{today}-two.md: written; `post-builder build` runs it\n"
    assert expected == capsys.readouterr().out


def test_clean_as_json(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The posts that changed and the files that are gone; people get them counted."""
    touched = [
        *(POST, "assets/images/toy/points.svg", "assets/notebooks/toy.ipynb"),
        *("assets/notebooks/toy.py", "_data/builds/toy.json"),
    ]
    assert (0, touched) == call(capsys, "clean", "--site", toy, "--dry-run")
    assert all(toy.joinpath(path).exists() for path in touched)
    assert (0, touched) == call(capsys, "clean", "--site", toy)
    assert (0, []) == call(capsys, "clean", "--site", toy)
    assert 0 == main(["clean", "--site", str(toy)])
    assert "0 files cleaned\n" == capsys.readouterr().out


def test_clean_counts_what_it_cleaned(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line for each file; what was made for posts that are gone is removed with the rest."""
    toy.joinpath(POST).unlink()
    assert 0 == main(["clean", "--site", str(toy)])
    assert ["_data/builds/toy.json", "4 files cleaned"] == capsys.readouterr().out.splitlines()[-2:]


def test_clean_of_one_post_leaves_the_others(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what was made for posts that are gone."""
    series.joinpath(PARTS[0]).unlink()
    status, touched = call(capsys, "clean", "--site", series, PARTS[1])
    assert (0, PARTS[1]) == (status, touched[0])
    assert series.joinpath("_data/builds/part-1.json").exists()


@pytest.mark.slow
def test_garbage_is_looked_for_as_usual_where_kernels_run(toy: Path) -> None:
    """And seldom where none does: what is imported stays."""
    code = "import gc; usual = gc.get_threshold(); from post_builder.cli import main\n"
    code += "main(['build', '--site', {site!r}{force}])\n"
    code += "import sys; print(gc.get_threshold() == usual, file=sys.stderr)"

    def is_usual(force: str) -> str:
        text = code.format(site=str(toy), force=force)
        done = subprocess.run([sys.executable, "-c", text], capture_output=True, check=True)
        return done.stderr.decode().splitlines()[-1]

    toy.joinpath("_posts/new.md").touch()  # so that the last look does not hold
    assert ("False", "True") == (is_usual(""), is_usual(", '--force'"))
