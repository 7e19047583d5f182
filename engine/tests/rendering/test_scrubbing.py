"""What belongs to a machine or to a moment is not published."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from post_builder.rendering.text.scrubbing import scrub, scrub_log

ROOT = Path("/nowhere/blog")


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("read /nowhere/blog/data/x.csv", "read data/x.csv"),
        ("('/nowhere/blog/_posts')", "('_posts')"),
        ("in /nowhere/blog, in /nowhere/blog/", "in ., in ./"),
        ("/nowhere/blog/.cache", ".cache"),
        (
            "/nowhere/blog2 /nowhere/blog-old /nowhere/blog_x",
            "/nowhere/blog2 /nowhere/blog-old /nowhere/blog_x",
        ),
        ("/nowhere/blog/a /nowhere/blog/b", "a b"),
    ],
)
def test_paths_of_the_site_become_relative(printed: str, expected: str) -> None:
    """The site's own folder goes; a folder whose name only starts like it stays."""
    assert expected == scrub(printed, ROOT)


def test_a_sites_folder_is_not_a_pattern() -> None:
    """Characters that mean something in a pattern are themselves in a folder's name."""
    assert "x /blogs(a.b)" == scrub("/blog+(a.b)/x /blogs(a.b)", Path("/blog+(a.b)"))


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("/opt/v/lib/python3.11/site-packages/torch/nn.py:3", "torch/nn.py:3"),
        ("/usr/lib/python3/dist-packages/yaml/x.py", "yaml/x.py"),
        ("/usr/lib/python3.11/json/decoder.py", "json/decoder.py"),
        (
            "'/v/site-packages/a.py' (/v/site-packages/b.py) </v/site-packages/c.py>",
            "'a.py' (b.py) <c.py>",
        ),
        ("/var/tmp/ipykernel_123/4567.py:1: Warning", "<cell>:1: Warning"),
        ("/tmp/tmpab12_xyz/file.txt", "/tmp/…/file.txt"),
        ("/var/folders/ab/c_d/T/tmpab12_xyz.png", "/tmp/….png"),
        ("/tmp/mine/file.txt /tmp/tmp1", "/tmp/mine/file.txt /tmp/tmp1"),
        ("/usr/lib/python3/x.py", "/usr/lib/python3/x.py"),
        ("path=/v/site-packages/a.py,/v/lib/python3.11/b.py", "path=a.py,b.py"),
        ("/a/site-packages/x:/b/lib/python3.11/y", "x:y"),
        ("[file:/v/site-packages/a.py]", "[file:a.py]"),
        ("at=/var/tmp/ipykernel_123/4567.py:1", "at=<cell>:1"),
        ("https://a.b/site-packages/x", "https://a.b/site-packages/x"),
        ("\x1b[1;32m/v/site-packages/a.py\x1b[0m", "\x1b[1;32ma.py\x1b[0m"),
        ("site-packages and lib", "site-packages and lib"),
        ("1/2 a/b", "1/2 a/b"),
    ],
)
def test_folders_of_packages_cells_and_temporary_files_go(printed: str, expected: str) -> None:
    """What is left of a path is the same on every machine."""
    assert expected == scrub(printed, ROOT)


@pytest.mark.parametrize(
    ("home", "expected"),
    [
        ("/home/ada", "~/x ~ /home/adam /home/ada-2 http://a/home/ada"),
        (os.sep, "/home/ada/x /home/ada /home/adam /home/ada-2 http://a/home/ada"),
    ],
)
def test_the_home_of_the_author_is_a_tilde(
    monkeypatch: pytest.MonkeyPatch, home: str, expected: str
) -> None:
    """Whatever it is; a home of `/`, as in some containers, is not found in every path."""
    monkeypatch.setenv("HOME", home)
    printed = "/home/ada/x /home/ada /home/adam /home/ada-2 http://a/home/ada"
    assert expected == scrub(printed, ROOT)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("<object object at 0x7f1b2c3d4e5f>", "<object object at 0x…>"),
        ("<f at 0xABCDEF> and <g at 0x7f0000>", "<f at 0x…> and <g at 0x…>"),
        ("<lightgbm.bas...x7fe64259d9d0>", "<lightgbm.bas...…>"),
        ("<a...at 0x7fe64259d9d0>, &lt;b...59d9d0&gt;", "<a...at 0x…>, &lt;b...…&gt;"),
        ("0x7f1b2c3d4e5f", "0x7f1b2c3d4e5f"),
        ("at 0xFF, that 0x7f1b2c3d", "at 0xFF, that 0x7f1b2c3d"),
    ],
)
def test_addresses_in_memory_go(printed: str, expected: str) -> None:
    """A number of the post's own, in hexadecimal or not, stays."""
    assert expected == scrub(printed, ROOT)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("pid 4711, PID=12, process: 99", "pid …, PID=…, process: …"),
        ("rapid 4711, processes 12", "rapid 4711, processes 12"),
        ("2026-11-25 20:15:00,123 INFO", "… INFO"),
        ("2026-11-25T20:15:00.5Z", "…Z"),
        ("\x1b[32m2026-11-25 20:15:00.123\x1b[0m | INFO", "\x1b[32m…\x1b[0m | INFO"),
        ("2026-11-25", "2026-11-25"),
        ("50%|█ | 5/10 [00:01<00:01, 3.1it/s]", "50%|█ | 5/10 […]"),
        ("took 1.5 s, 3ms, 12 minutes, 1 min, 2 secs", "took … s, …ms, … minutes, … min, … secs"),
        (
            "7 µs, 7us, 7 ns, 1 second, 2 seconds, 1 sec",
            "… µs, …us, … ns, … second, … seconds, … sec",
        ),
        ("5 samples, 3 sets, 10 m, x1 s", "5 samples, 3 sets, 10 m, x1 s"),
    ],
)
def test_processes_times_and_durations_go_from_logs(written: str, expected: str) -> None:
    """What libraries write to stderr does not differ between runs; other numbers stay."""
    assert expected == scrub_log(written)


@pytest.mark.timeout(30)
@pytest.mark.parametrize("piece", ["a/b", "/var/folders/", "/tmp/tmp", "/lib/python3.1", "at 0x"])
def test_the_time_grows_with_the_length_of_the_text(piece: str) -> None:
    """Two megabytes without a space take a second; with its square, this would not end."""
    assert scrub(piece * (2_000_000 // len(piece)), ROOT)
