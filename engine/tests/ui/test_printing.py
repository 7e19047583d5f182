"""What comes from posts and file names is shown, and acts on nothing."""

from __future__ import annotations

import pytest

from post_builder.place import Place
from post_builder.ui.findings import Finding, report
from post_builder.ui.printing import show, visible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain\ttext\nof two lines", "plain\ttext\nof two lines"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("over\rwritten", r"over\rwritten"),
        ("half \ud83d of one", r"half \ud83d of one"),
        ("turned \u202e and \u2066", r"turned \u202e and \u2066"),
        ("Über 東京", "Über 東京"),
    ],
)
def test_characters_that_act_are_written_out(text: str, expected: str) -> None:
    """Line ends and tabs stay; escape codes, carriage returns and lone surrogates are seen."""
    assert expected == visible(text)


def test_half_a_character_can_be_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """No stream can encode it as it is."""
    show("a\ud800b")

    assert "a\\ud800b\n" == capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_posts/a\n::add-mask::x.md: failed", "_posts/a\n\\x3a:add-mask::x.md: failed"),
        (" \t::error::x", " \t\\x3a:error::x"),
        ("a ##[error]x", "a \\x23#[error]x"),
        ("std::vector ## [a]", "std::vector ## [a]"),
    ],
)
def test_no_text_is_a_command_for_github(
    monkeypatch: pytest.MonkeyPatch, text: str, expected: str
) -> None:
    """Names of files, tracebacks and what cells printed may start a line as one does."""
    assert text == visible(text)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert expected == visible(text)


def test_a_file_name_adds_no_command_for_github(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One finding is one line, whatever the file is called."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    place = Place("_posts/a\n::add-mask::b,c:d.md", 3)

    report([Finding("stale", place, "50 % old\n::add-mask::x", "build")], as_json=False)

    first, last = capsys.readouterr().out.splitlines()
    expected = "::error file=_posts/a%0A%3A%3Aadd-mask%3A%3Ab%2Cc%3Ad.md,line=3,"
    assert first == f"{expected}title=post-builder stale::50 %25 old%0A::add-mask::x%0Abuild"
    assert "1 found" == last
