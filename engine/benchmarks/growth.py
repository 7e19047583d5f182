"""How builds grow with the number of posts: seconds, memory, open files, and Jekyll beside them.

Posts of one small cell, two at a time: from nothing, with nothing changed, with the prose of one
post changed, and with its cell changed. The first is measured once, the others several times after
one that does not count. While the first runs, the memory and the open files of the engine and of
all that it started are looked at four times a second. Jekyll builds the same site, without a theme.

Run: python engine/benchmarks/growth.py [DOCUMENT.md FIGURE.svg] [POSTS …]
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import corpus
import psutil
from contestants import ENVIRONMENT, JOBS
from document import machine, put
from lines import draw
from words import Used, used

COUNTS = ("1", "10", "100", "1000")

ROUNDS = 5
"""Builds with something changed that count; odd, so that the median is one of them."""

PAUSE = 0.3
"""Seconds before a build: files that have just changed might change again unseen."""

GEMFILE = Path(__file__).resolve().parents[2] / "Gemfile"
"""Names the Jekyll of the blog."""

BUILD = [sys.executable, "-m", "post_builder", "build", "--json", "--jobs", str(JOBS)]


@dataclass(slots=True)
class Peak:
    """The most that was seen while a build ran."""

    engine: float = 0
    """MiB of the engine."""
    together: float = 0
    """MiB of the engine and of all that it started; what processes share counts once."""
    descriptors: int = 0
    """Files and sockets that the engine has open."""

    def look(self, engine: psutil.Process) -> None:
        """Look at a process and those that it started."""
        with suppress(psutil.Error):
            self.engine = max(self.engine, engine.memory_info().rss / 2**20)
            self.descriptors = max(self.descriptors, engine.num_fds())
            everything = [engine, *engine.children(recursive=True)]
            self.together = max(self.together, sum(map(_share, everything)) / 2**20)


def _share(process: psutil.Process) -> int:
    """Return the bytes of a process, with its part of what others have too."""
    with suppress(psutil.Error):
        return int(process.memory_full_info().pss)
    return 0


@dataclass(frozen=True, slots=True)
class Growth:
    """What was measured with some number of posts."""

    posts: int
    cold: float
    """Seconds on the clock."""
    processor: float
    """Seconds of the processor that the engine itself took in the cold build."""
    nothing: Used
    prose: Used
    cell: Used
    jekyll: float | None
    """Seconds on the clock; None if there is no Jekyll."""
    peak: Peak


def cold(site: Path) -> tuple[float, float, Peak]:
    """Build everything; return the seconds, those of the engine's processor, and the peak."""
    peak, begin = Peak(), time.perf_counter()
    with (site / "said").open("w") as said:
        process = psutil.Popen(BUILD, cwd=site, env=ENVIRONMENT, stdout=said, stderr=said)
    used = 0.0
    while process.poll() is None:
        peak.look(process)
        with suppress(psutil.Error):
            times = process.cpu_times()
            used = times.user + times.system
        time.sleep(0.25)
    if process.returncode:
        raise RuntimeError((site / "said").read_text(encoding="utf-8")[-2000:])
    return time.perf_counter() - begin, used, peak


def builds(site: Path, kind: str) -> Used:
    """Change some words of a post and build, in rounds; return the medians.

    Args:
        site: whose builds are measured; the first one does not count.
        kind: of words, which a number follows; empty if nothing changes.
    """
    path, times = site / "_posts/2020-01-01-post-1.md", []
    for number in range(1, ROUNDS + 2):
        text = path.read_text(encoding="utf-8")
        if kind:
            text = text.replace(f"{kind} {number - 1}", f"{kind} {number}", 1)
            path.write_text(text, encoding="utf-8")
        time.sleep(PAUSE)
        times.append(used(BUILD, site))
    clock, processor = zip(*times[1:], strict=True)
    return statistics.median(clock), statistics.median(processor)


def jekyll(site: Path) -> float | None:
    """Return how long Jekyll builds a site; None if there is none."""
    if shutil.which("bundle") is None:
        return None
    environment = {"BUNDLE_GEMFILE": str(GEMFILE), "JEKYLL_NO_BUNDLER_REQUIRE": "true"}
    names = [f"{name}={text}" for name, text in environment.items()]
    try:
        return used(["env", *names, "bundle", "exec", "jekyll", "build", "--quiet"], site)[0]
    except subprocess.CalledProcessError:
        return None


def measure(posts: int) -> Growth:
    """Write some posts and build them in all ways."""
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder, "site")
        corpus.write(site / "_config.yml", "title: Growth\nexclude: [said]\n")
        for number in range(1, posts + 1):
            corpus.write(site / f"_posts/2020-01-01-post-{number}.md", corpus.small(number))
        took, processor, peak = cold(site)
        idle, prose, cell = (builds(site, kind) for kind in ("", "version", "edit"))
        return Growth(posts, took, processor, idle, prose, cell, jekyll(site), peak)


def table(found: Sequence[Growth]) -> str:
    """Return what was measured as a table."""
    heads = (
        *("posts", "cold", "cold, per post", "engine's processor, per post"),
        *("nothing changed", "prose of one", "cell of one", "Jekyll's own build"),
        *("MiB, engine", "MiB, with kernels", "open files"),
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    for one in found:
        cells = (
            f"{one.posts:,}",
            f"{one.cold:.1f} s",
            f"{one.cold / one.posts:.2f} s",
            f"{one.processor / one.posts:.3f} s",
            *(f"{clock:.2f} ({own:.2f}) s" for clock, own in (one.nothing, one.prose, one.cell)),
            "" if one.jekyll is None else f"{one.jekyll:.1f} s",
            f"{one.peak.engine:.0f}",
            f"{one.peak.together:.0f}",
            str(one.peak.descriptors),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def figure(found: Sequence[Growth]) -> str:
    """Return the seconds as lines."""
    lines = {
        "cold": [(one.posts, one.cold) for one in found],
        "Jekyll's own build": [(one.posts, one.jekyll) for one in found if one.jekyll],
        "cell of one": [(one.posts, one.cell[0]) for one in found],
        "prose of one": [(one.posts, one.prose[0]) for one in found],
        "nothing changed": [(one.posts, one.nothing[0]) for one in found],
    }
    drawn = {name: points for name, points in lines.items() if points}
    return draw("Seconds that a build takes", "posts of one small cell", drawn)


def main(*arguments: str) -> None:
    """Measure, and print or write the table and the figure."""
    paths = [argument for argument in arguments if not argument.isdecimal()]
    counts = [argument for argument in arguments if argument.isdecimal()] or COUNTS
    found = []
    for count in map(int, counts):
        found.append(measure(count))
        print(table(found[-1:]).splitlines()[-1], flush=True)
    where = machine("post-builder", "ipykernel")
    how = f"Two posts at a time, medians of {ROUNDS}, in brackets seconds of the processor"
    text = f"{table(found)}\n\n{how}; {where}.\n"
    print(text)
    if paths:
        document, drawing = map(Path, paths)
        put(document, "growth", text)
        drawing.write_text(figure(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
