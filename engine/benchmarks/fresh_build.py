"""How long a build with nothing to do takes, next to starting Python.

Warm-up runs are left out, and every trial is printed.

Run: make bench, or python engine/benchmarks/fresh_build.py SITE
"""

import subprocess
import sys
import time
from pathlib import Path

from trials import report

TRIALS = 15
"""Runs of each command; odd, so that the median is one of them."""

BLOG = Path(__file__).resolve().parents[2]
"""The blog that comes with the engine, all of whose posts are fresh."""


def seconds(command: list[str], site: str) -> list[float]:
    """Time a command `TRIALS` times in a site's folder, after one run to warm the disk's cache."""
    trials = []
    for _ in range(TRIALS + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=site, check=True, capture_output=True)
        trials.append(time.perf_counter() - begin)
    return trials[1:]


def main(site: str = str(BLOG)) -> None:
    """Print the trials, the medians and their ratio."""
    bare = seconds([sys.executable, "-c", "pass"], site)
    fresh = seconds([sys.executable, "-m", "post_builder", "build"], site)
    report(("python -c pass", bare), ("fresh build", fresh))


if __name__ == "__main__":
    main(*sys.argv[1:])
