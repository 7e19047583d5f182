"""What people see while posts run."""

from __future__ import annotations

import io
import os
import re
import sys
from collections.abc import Callable

import pytest
from msgspec.structs import replace
from rich.console import Console
from rich.progress import Progress as Display
from rich.progress import TextColumn

from post_builder.document.post import Post
from post_builder.ui.progress import Bars, Lines, Progress, Silent, live

BODY = "```python\nx\n```\n{: #one}\n\n```python\ny\n```\n{: #two}\n"


@pytest.fixture
def post(read: Callable[[str], Post]) -> Post:
    """Return a post of two cells."""
    return read(BODY)


def follow(progress: Progress, post: Post) -> None:
    """Report a run of a post."""
    progress.post_started(post, ["never built", "[red]"])
    for cell in post.cells:
        progress.cell_started(post, cell)
    progress.post_ended(post, "built in 0.1 s [b]")


LINES = [
    "post: never built; [red]",
    "post:4: [1/2] one",
    "post:9: [2/2] two",
    "post: built in 0.1 s [b]",
]


def test_pipes_get_one_line_for_each_event(post: Post) -> None:
    """At once, so that a log shows which cell runs."""
    stream = io.StringIO()
    follow(Lines(stream), post)
    assert LINES == stream.getvalue().splitlines()


def test_programs_get_nothing(post: Post, capfd: pytest.CaptureFixture[str]) -> None:
    """JSON must not be mixed with progress."""
    with live(silent=True) as progress:
        assert isinstance(progress, Silent)
        follow(progress, post)
    assert ("", "") == capfd.readouterr()


def test_lines_go_to_standard_error(post: Post, capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output is for the result."""
    with live(silent=False) as progress:
        follow(progress, post)
    printed = capsys.readouterr()
    assert ("", LINES) == (printed.out, printed.err.splitlines())


def test_a_bar_shows_the_running_cell(post: Post) -> None:
    """And how many cells have run; it gives way to a line when the post has ended."""
    stream = io.StringIO()
    display = Display(TextColumn("{task.description}"), console=Console(file=stream, width=80))
    bars = Bars(display)
    bars.post_started(post, ["never built", "[red]"])
    (bar,) = display.tasks
    assert ("", 0, 2) == (bar.description, bar.completed, bar.total)
    for count, cell in enumerate(post.cells):
        bars.cell_started(post, cell)
        assert (cell.name, count) == (bar.description, bar.completed)
    bars.post_ended(post, "built in 0.1 s [b]")
    assert [] == display.tasks
    assert [LINES[0], LINES[-1]] == stream.getvalue().splitlines()


def test_each_post_has_a_bar_of_its_own(read: Callable[[str], Post], post: Post) -> None:
    """Several may run at once."""
    display = Display(console=Console(file=io.StringIO()))
    bars = Bars(display)
    other = replace(read(f"{BODY}\nOther.\n"), path="other")
    bars.post_started(post, [])
    bars.post_started(other, [])
    bars.cell_started(other, other.cells[1])
    assert [("", 0), ("two", 1)] == [(bar.description, bar.completed) for bar in display.tasks]
    bars.post_ended(post, "built")
    assert ["two"] == [bar.description for bar in display.tasks]


def _plain(shown: bytes) -> list[str]:
    """Return what a terminal was sent, by lines, without codes."""
    text = re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", shown.decode("utf-8", "ignore"))
    return text.replace("\r", "\n").split("\n")


def test_a_terminal_gets_bars(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    """A display that is redrawn in place."""
    parent, child = os.openpty()
    with os.fdopen(child, "w", encoding="utf-8") as terminal, os.fdopen(parent, "rb", 0) as screen:
        monkeypatch.setattr(sys, "stderr", terminal)
        monkeypatch.setenv("TERM", "xterm")
        with live(silent=False) as progress:
            assert isinstance(progress, Bars)
            follow(progress, post)
        shown = screen.read(100_000)
        while LINES[-1] not in _plain(shown):  # a terminal gives what has arrived so far
            shown += screen.read(100_000)
    lines = _plain(shown)
    assert [line for line in lines if line in LINES] == [LINES[0], LINES[-1]]
    assert any("━" in line and "0/2" in line for line in lines)
