"""How long a change of words takes: of a line of prose, an alternative text, a caption.

The words of one of some posts are changed and built, in turns: by each Python that is given, each
in its own copy of the site, several rounds. The table has medians of the time on the clock and of
processor time, in seconds, beside those of starting Python. The first round, which warms the disk's
cache, does not count.

Run: python engine/benchmarks/words.py POSTS [PYTHON_WITH_POST_BUILDER …]

With a folder instead of a number, the posts of the built site there are used; they must be those
of `corpus.py`.
"""

from __future__ import annotations

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import corpus
from contestants import ENVIRONMENT

ROUNDS = 9
"""Rounds that count; odd, so that a median is one of them."""

CHANGES: dict[str, Callable[[str, int], str]] = {
    "prose": lambda text, number: re.sub(r"version \d+", f"version {number}", text, count=1),
    "alt text": lambda text, number: _option(text, f'data-alt="A line that rises, {number}"'),
    "caption": lambda text, number: _option(
        text, f'data-alt="A line that rises" data-caption="Caption {number}"'
    ),
}
"""What is changed, and how in the text of a post."""

Used = tuple[float, float]
"""Seconds on the clock, and of processor time."""


def _option(text: str, options: str) -> str:
    return re.sub(r"^\{: data-alt=.*\}$", f"{{: {options}}}", text, count=1, flags=re.MULTILINE)


def used(command: Sequence[str], folder: Path) -> Used:
    """Run a command and return the time that it took."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, env=ENVIRONMENT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return took, usage.ru_utime + usage.ru_stime


def build(python: str) -> list[str]:
    """Return the command that builds the posts in its folder."""
    return [python, "-m", "post_builder", "build"]


def make_site(folder: Path, posts: str) -> Path:
    """Write and build a site, or copy one; return it."""
    site = folder / "site"
    if not posts.isdecimal():
        return Path(shutil.copytree(posts, site))
    corpus.write(site / "_config.yml", "title: Words\n")
    for number in range(1, int(posts) + 1):
        corpus.write(site / f"_posts/2020-01-01-post-{number}.md", corpus.post(number))
    subprocess.run(build(sys.executable), cwd=site, check=True, capture_output=True)
    return site


def measure(sites: dict[str, Path]) -> dict[tuple[str, str], list[Used]]:
    """Return what each change took with each Python, in rounds."""
    trials = defaultdict(list)
    for number in range(ROUNDS + 1):
        for python, site in sites.items():
            trials[python, "python -c pass"].append(used([python, "-c", "pass"], site))
            post = min(site.glob("_posts/*-post-1.md"))
            for change, changed in CHANGES.items():
                text = post.read_text(encoding="utf-8")
                post.write_text(changed(text, 1000 + number), encoding="utf-8")
                trials[python, change].append(used(build(python), site))
    return {name: rounds[1:] for name, rounds in trials.items()}


def main(posts: str, *pythons: str) -> None:
    """Print a table of medians."""
    with tempfile.TemporaryDirectory() as folder:
        first = make_site(Path(folder), posts)
        names = pythons or (sys.executable,)
        sites = {
            python: Path(shutil.copytree(first, Path(folder, str(number))))
            for number, python in enumerate(names)
        }
        for python, site in sites.items():
            used(build(python), site)  # it has looked at its copy once
        trials = measure(sites)
    print("| python | change | on the clock | processor |\n|---|---|---|---|")
    for (python, change), rounds in trials.items():
        clock, processor = (statistics.median(times) for times in zip(*rounds, strict=True))
        print(f"| {python} | {change} | {clock:.3f} s | {processor:.3f} s |")
    print(f"{ROUNDS} rounds, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end")


if __name__ == "__main__":
    main(*sys.argv[1:])
