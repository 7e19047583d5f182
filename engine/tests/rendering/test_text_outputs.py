"""Text outputs: cleaned, cut, and the same wherever they are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.settings import Settings
from post_builder.site import Site

SITE = Site(Path("/nowhere/blog"), Settings(output_limit=1_000))

CLEAN = TextCleaner(SITE, {1: "plot", 12: "table"})


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("10 %\r100 %\n", "100 %"),
        ("a\n\n", "a\n"),
        ("a\x00b\x07c\x0cd\x85e", "a\ufffdb\ufffdc\ufffdd\ufffde"),
        ("\ud83d", "\ufffd"),
        ("a\tb\nc", "a\tb\nc"),
        ("\x1b[2K\x1b[31mred\x1b[0m\x1b[", "\x1b[31mred\x1b[0m\ufffd["),
        ("/nowhere/blog/data/x.csv", "data/x.csv"),
        ("took 3 s, pid 7", "took 3 s, pid 7"),
    ],
)
def test_text_is_cleaned_of_the_terminal_and_of_the_machine(printed: str, expected: str) -> None:
    """Tricks of terminals are carried out, one newline at the end goes, colours stay."""
    assert expected == CLEAN.text(printed)


def test_a_path_is_found_although_the_cursor_moved() -> None:
    """Cleaning starts from what a terminal shows in the end."""
    assert "see data/x.csv" == CLEAN.text("see /nowXX\b\bhere/blog/data/x.csv")


def test_logs_lose_times_and_processes_as_well() -> None:
    """What is written to stderr is mostly written by libraries."""
    assert "took … s, pid … in data" == CLEAN.log("took 3 s, pid 7 in /nowhere/blog/data\n")


@pytest.mark.parametrize("length", [999, 1_000])
def test_an_output_within_the_limit_is_whole(length: int) -> None:
    """Codes of colours do not count."""
    text = f"\x1b[31m{'x' * length}\x1b[0m"
    assert text == CLEAN.text(f"{text}\n")


def test_a_longer_output_is_cut_with_a_note() -> None:
    """The note says how much is missing; colours go, since one might not end."""
    text = f"\x1b[31m{'x' * 3_345}\x1b[0m"
    assert f"{'x' * 1_000}\n… 2,345 more characters not shown" == CLEAN.text(text)


TORCH = "\x1b[36mFile \x1b[39m\x1b[32m/venv/lib/python3.11/site-packages/torch/nn/x.py:1\x1b[39m"
NUMPY = "File /usr/lib/python3/dist-packages/numpy/x.py:1"
STANDARD = "File /usr/lib/python3.11/json/decoder.py:3"


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (["----", "Cell In[1], line 1\ncode", "E: no"], "----\nCell plot, line 1\ncode\nE: no"),
        (["Cell In[12], Cell In[3]"], "Cell table, Cell 3"),
        (["a", TORCH, TORCH, "b"], "a\n… 2 frames in torch\nb"),
        ([TORCH, NUMPY, STANDARD], "… 1 frame in torch\n… 1 frame in numpy\n… 1 frame in json"),
        (["File /nowhere/blog/src/own.py:1"], "File src/own.py:1"),
        (["x\nFile /usr/lib/python3.11/json/decoder.py:3"], "x\nFile json/decoder.py:3"),
    ],
)
def test_tracebacks_show_the_frames_of_the_post(frames: list[str], expected: str) -> None:
    """Cells have their names; what happened inside an installed package is one line."""
    assert expected == CLEAN.traceback(frames)


def test_an_empty_line_of_code_in_a_traceback_ends_with_its_number() -> None:
    """IPython leaves a blank after it, which validators of HTML complain about."""
    frame = "Cell In[1], line 3\n      1 a\n      2 \n----> 3 1 / 0"
    assert "\n      2\n----> 3" in CLEAN.traceback([frame])
