"""How much a build with nothing to do costs, as a multiple of starting Python.

Warm-up runs are left out, and every trial is printed.

Run: make bench
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

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
    for name, trials in (("python -c pass", bare), ("fresh build", fresh)):
        print(f"{name:16}", " ".join(f"{trial * 1000:.0f}" for trial in trials), "ms")
    ratio = statistics.median(fresh) / statistics.median(bare)
    print(f"median: {statistics.median(bare) * 1000:.0f} ms and", end=" ")
    print(f"{statistics.median(fresh) * 1000:.0f} ms, a ratio of {ratio:.1f}")


if __name__ == "__main__":
    main()
