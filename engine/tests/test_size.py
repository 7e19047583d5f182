"""Posts and sites of any size: bounded time of the processor, bounded memory.

The bounds are several times what an idle machine needs; what grew by the square missed them by far.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest
from runs import made_up_run, printed
from toysite import HEADER

from post_builder.cli import main
from post_builder.document.parsing.parser import inspect, parse
from post_builder.document.post import splice
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1_000)]

SITE = Site(Path("/nowhere/blog"))
CELL = "```python\nx = 1\n```\n\n"

READ = """
import re, sys, time
from pathlib import Path
from post_builder.document.parsing.parser import inspect
header, unit, size = sys.argv[1], sys.argv[2], int(sys.argv[3])
text = header + unit * (size // len(unit))
begin = time.process_time()
post, problems = inspect(text)
assert post and post.cells and not problems, problems
taken = time.process_time() - begin
memory = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
print(taken, int(memory[1]) // 1024)
"""
"""The system's count: getrusage's has in it what the process was that started this one."""


@pytest.mark.parametrize(
    "unit",
    [
        "- an item of a list\n",
        "1. a\n- b\n",
        "Some prose with `code` and *stress*, a [link](/a) and <b>HTML</b>.\n\n",
        "1. one\n   - two\n\n     three\n",
        "| a | b |\n",
        '<div class="a">\n<p>b</p>\n</div>\n\n',
    ],
    ids=["a list", "two kinds of lists", "prose", "lists in lists", "a table", "HTML"],
)
def test_ten_megabytes_are_read(unit: str) -> None:
    """A list of this size took 107 seconds and 3 GB once."""
    command = [sys.executable, "-c", READ, HEADER + CELL, unit, str(10_000_000)]
    done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=900)
    seconds, mebibytes = map(float, done.stdout.split())
    assert seconds < 60
    assert mebibytes < 1_000


def _seconds(begin: float) -> float:
    return time.process_time() - begin


@pytest.mark.parametrize(
    ("body", "cells", "values"),
    [
        (CELL * 10_000, 10_000, 0),
        (CELL + 'A <span data-value="x">1</span>.\n\n' * 10_000, 1, 10_000),
        (CELL + '<span data-value="x">1</span> ' * 10_000 + "\n", 1, 10_000),
    ],
    ids=["cells", "values", "values in a line"],
)
def test_ten_thousand_cells_or_values_are_built(body: str, cells: int, values: int) -> None:
    """From the text to the text with all outputs."""
    begin = time.process_time()
    post = parse(HEADER + body)
    assert post is not None
    assert (cells, values) == (len(post.cells), len(post.values))
    outputs = [[printed("1\n")] for _ in post.cells]
    run = made_up_run(transclude(post, SITE, {}), outputs, ["2"] * values)
    text = splice(post.text, region_edits(post, render(post, run, SITE, "slug")))
    assert cells == text.count("<!-- output -->")
    assert values == text.count(">2</span>")
    assert _seconds(begin) < 60


@pytest.mark.parametrize(
    "nested",
    [
        "> " * 1_000 + "a\n",
        "".join(f"{'  ' * depth}- a\n" for depth in range(1_000)),
        "<div>\n" * 1_000 + "a\n" + "</div>\n" * 1_000,
        "[" * 1_000 + "a" + "](b)" * 1_000 + "\n",
        "*a **b " * 1_000 + "\n",
        "{% if a %}" * 1_000 + "{% endif %}" * 1_000 + "\n",
        "{% raw %}" + "<b>" * 1_000 + "{% endraw %}\n",
    ],
    ids=["quotes", "lists", "HTML", "links", "stress", "Liquid", "tags"],
)
def test_a_thousand_levels_are_read_or_refused(nested: str) -> None:
    """No stack overflows, and the cell above is found."""
    begin = time.process_time()
    post, problems = inspect(f"{HEADER}{CELL}{nested}")
    assert problems or (post is not None and len(post.cells) == 1)
    assert _seconds(begin) < 10


def test_a_thousand_posts_are_checked(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is read once, and named once."""
    for number in range(1_000):
        path = blog / f"_posts/2020-01-01-post-{number}.md"
        path.write_text(f"{HEADER}# Post {number}\n\n{CELL}", encoding="utf-8")
    begin = time.process_time()
    assert 1 == main(["check", "--site", str(blog)])
    assert _seconds(begin) < 60
    assert "1000 found" in capsys.readouterr().out
