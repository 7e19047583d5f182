"""How much a build with nothing to do costs, as a multiple of starting Python.

Warm-up runs are left out, and every trial is printed.

Run: make bench
"""

import subprocess
import sys
import time
from pathlib import Path

from trials import report

TRIALS = 15
"""Runs of each command; odd, so that the median is one of them."""
ROOT = Path(__file__).resolve().parent.parent


def seconds(command: list[str]) -> list[float]:
    """Time a command `TRIALS` times, after one run to warm the disk's cache."""
    trials = []
    for _ in range(TRIALS + 1):
        begin = time.perf_counter()
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        trials.append(time.perf_counter() - begin)
    return trials[1:]


def main() -> None:
    """Print the trials, the medians and their ratio."""
    python = [sys.executable, "-c", "pass"]
    build = [sys.executable, "scripts/build_posts.py"]
    bare, fresh = seconds(python), seconds(build)
    report(("python -c pass", bare), ("fresh build", fresh))


if __name__ == "__main__":
    main()
