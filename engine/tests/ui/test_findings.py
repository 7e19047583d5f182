"""Findings as people, programs and GitHub get them."""

from __future__ import annotations

import io
import json
import sys

import pytest

from post_builder.place import Place
from post_builder.ui.findings import Finding, report

FINDINGS = [
    Finding("stale", Place("_posts/a.md", 3, "source"), "cell x edited", "build it"),
    Finding("orphan", Place("assets/b.svg"), "100 % [bold]\nnot used"),
]


@pytest.fixture(autouse=True)
def no_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run outside GitHub, wherever the tests run."""
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


def test_pipes_get_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    """Where, what kind, what, and what to do; the last line counts."""
    report(FINDINGS, as_json=False)
    expected = (
        "_posts/a.md:3: stale: cell x edited (build it)\n"
        "assets/b.svg: orphan: 100 % [bold]\nnot used\n2 found\n"
    )
    assert expected == capsys.readouterr().out


@pytest.mark.parametrize("workflow", ["", "true"])
def test_no_finding_is_said(
    workflow: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Silence would be taken for a check that did nothing."""
    monkeypatch.setenv("GITHUB_ACTIONS", workflow)
    report([], as_json=False)
    assert "everything is as the build left it\n" == capsys.readouterr().out


def test_programs_get_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A list, and nothing else, in a workflow of GitHub as well."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    report(FINDINGS, as_json=True)
    assert [
        {
            "kind": "stale",
            "place": {"path": "_posts/a.md", "line": 3, "source": "source"},
            "message": "cell x edited",
            "hint": "build it",
        },
        {
            "kind": "orphan",
            "place": {"path": "assets/b.svg", "line": None, "source": ""},
            "message": "100 % [bold]\nnot used",
            "hint": "",
        },
    ] == json.loads(capsys.readouterr().out)
    report([], as_json=True)
    assert "[]\n" == capsys.readouterr().out


def test_github_gets_annotations(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a workflow each finding is shown on its line of the change."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    report(FINDINGS, as_json=False)
    expected = (
        "::error file=_posts/a.md,line=3,title=post-builder stale::cell x edited%0Abuild it\n"
        "::error file=assets/b.svg,title=post-builder orphan::100 %25 [bold]%0Anot used\n"
        "2 found\n"
    )
    assert expected == capsys.readouterr().out


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        """Return whether it is one."""
        return True


def test_a_terminal_gets_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in a finding is taken for markup; without a finding there is no table."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "100")
    report(FINDINGS, as_json=False)
    lines = [line.split() for line in terminal.getvalue().splitlines()]
    assert ["┃", "where", "┃", "kind", "┃", "what", "┃", "what", "to", "do", "┃"] in lines
    row = ["│", "_posts/a.md:3", "│", "stale", "│", "cell", "x", "edited", "│", "build", "it", "│"]
    assert row in lines
    assert ["│", "assets/b.svg", "│", "orphan", "│", "100", "%", "[bold]", "│", "│"] in lines
    assert ["2", "found"] == lines[-1]
    terminal.truncate(0)
    terminal.seek(0)
    report([], as_json=False)
    assert "everything is as the build left it\n" == terminal.getvalue()
