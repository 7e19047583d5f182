"""How long a site's own posts take, beside the same cells as plain scripts.

A build of all posts from nothing, two at a time, and the scripts that the posts offer for download,
two at a time as well, longest first, in turns. Posts draw each figure when its cell ends; a script
draws its figures at its end, for it would draw none otherwise. Scripts leave out what only a
notebook runs, such as cells that must fail, and publish nothing.

Run: python engine/benchmarks/series.py SITE [ROUNDS]

SITE is copied, without what git ignores but with `data/`.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from afternoon import copy_site
from builds import processor
from contestants import JOBS, call, together

RUN = """import runpy, sys
import matplotlib
matplotlib.use("svg")
import matplotlib.pyplot as plt
runpy.run_path(sys.argv[1], run_name="__main__")
for number in plt.get_fignums():
    plt.figure(number).savefig(f"{sys.argv[1]}-{number}.svg")
"""
"""Runs a script, and draws what it left open."""


def scripts(site: Path) -> list[str]:
    """Return the downloads of a site's posts, the longest post first."""
    records = [json.loads(path.read_text("utf-8")) for path in site.glob("_data/builds/*.json")]
    records.sort(key=lambda record: -sum(record["run"]["cells"].values()))
    return [name for record in records for name in record["downloads"] if name.endswith(".py")]


def build(site: Path) -> None:
    """Build all posts."""
    call([sys.executable, "-m", "post_builder", "build", "--force", "--jobs", str(JOBS)], site)


def run(site: Path) -> None:
    """Run all scripts."""
    together([[sys.executable, "-c", RUN, name] for name in scripts(site)], site)


def measured(action: Callable[[Path], None], source: Path) -> tuple[float, float]:
    """Return the seconds on the clock, and of processors, that something takes in a fresh copy."""
    with tempfile.TemporaryDirectory(prefix="series-") as folder:
        site = copy_site(source, Path(folder, "site"))
        begin, before = time.perf_counter(), processor()
        action(site)
        return time.perf_counter() - begin, processor() - before


def report(name: str, trials: Sequence[tuple[float, float]]) -> list[float]:
    """Print the trials of one way; return their medians."""
    medians = [statistics.median(kind) for kind in zip(*trials, strict=True)]
    print(f"{name}: {medians[0]:.1f} s on the clock, {medians[1]:.1f} s of processors", flush=True)
    return medians


def main(source: str, rounds: str = "1") -> None:
    """Print how long both take, and their ratio."""
    ways = {"posts": build, "scripts": run}
    trials: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(int(rounds)):
        for name, action in ways.items():
            trials[name].append(measured(action, Path(source).resolve()))
            report(name, trials[name][-1:])
    print("medians:")
    posts, plain = (report(name, found) for name, found in trials.items())
    clock, processors = (one / other for one, other in zip(posts, plain, strict=True))
    print(f"ratios: {clock:.3f} on the clock, {processors:.3f} of processors")


if __name__ == "__main__":
    main(*sys.argv[1:])
