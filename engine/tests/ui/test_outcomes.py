"""Outcomes of a build as people and programs get them."""

from __future__ import annotations

import json

import pytest

from post_builder.errors import ExecutionError
from post_builder.place import Place
from post_builder.ui.outcomes import Outcome, report

BUILT = Outcome("_posts/a.md", "built", ("never built",), 5, 1.25)
NOTED = Outcome("_posts/b.md", "built", ("forced",), 1, note="files are not observed")
FRESH = Outcome("_posts/c.md", "fresh")
PLACE = Place("_posts/d.md", 7, "1 / 0")
FAILED = Outcome("_posts/d.md", "failed", error=ExecutionError("cell x raised", PLACE, "fix it"))
PLACELESS = Outcome("_posts/e.md", "failed", error=ExecutionError("lost"))


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], "no executable posts"),
        ([FRESH], "all up to date (1 post)"),
        ([FRESH, FRESH], "all up to date (2 posts)"),
        ([BUILT], "1 post: 1 built; 5 cells ran"),
        ([NOTED, FRESH], "2 posts: 1 built, 1 up to date; 1 cell ran"),
        ([BUILT, NOTED, FRESH, FAILED], "4 posts: 2 built, 1 up to date, 1 failed; 6 cells ran"),
        ([FAILED, PLACELESS], "2 posts: 2 failed; 0 cells ran"),
    ],
)
def test_the_last_line_counts(
    outcomes: list[Outcome], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Posts by what happened to them, and cells that ran."""
    report(outcomes, [], as_json=False)
    assert expected == capsys.readouterr().out.splitlines()[-1]


def test_errors_go_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Notes and removed files are part of the result."""
    removed = ["assets/images/x/y.svg: removed, its post no longer exists"]
    report([FAILED, NOTED, PLACELESS], removed, as_json=False)
    printed = capsys.readouterr()
    expected = "\n_posts/d.md:7: cell x raised\n    1 / 0\nhelp: fix it\n\nlost\n"
    assert expected == printed.err
    assert [
        "_posts/b.md: files are not observed",
        "assets/images/x/y.svg: removed, its post no longer exists",
        "3 posts: 1 built, 2 failed; 1 cell ran",
    ] == printed.out.splitlines()


def test_programs_get_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object for each post, with the same keys; an error also as people read it."""
    report([BUILT, FAILED, PLACELESS], ["removed.svg"], as_json=True)
    printed = capsys.readouterr()
    assert "" == printed.err
    built, failed, placeless = json.loads(printed.out)
    assert {
        "post": "_posts/a.md",
        "status": "built",
        "reasons": ["never built"],
        "cells": 5,
        "seconds": 1.25,
        "error": None,
        "note": "",
        "notices": [],
        "notes": [],
    } == built
    assert built.keys() == failed.keys()
    assert {
        "message": "cell x raised",
        "place": {"path": "_posts/d.md", "line": 7, "source": "1 / 0"},
        "text": "_posts/d.md:7: cell x raised\n    1 / 0\nhelp: fix it",
    } == failed["error"]
    assert {"message": "lost", "place": None, "text": "lost"} == placeless["error"]
