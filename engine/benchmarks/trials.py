"""How the benchmarks report: every trial, the medians, and their ratio."""

import statistics
from collections.abc import Sequence


def report(first: tuple[str, Sequence[float]], second: tuple[str, Sequence[float]]) -> None:
    """Print two named kinds of trials, in seconds, and how their medians relate."""
    for name, trials in (first, second):
        print(f"{name:17}", " ".join(f"{1000 * trial:.1f}" for trial in trials), "ms")
    one, other = (statistics.median(trials) for _, trials in (first, second))
    print(f"median: {1000 * one:.1f} ms and {1000 * other:.1f} ms, a ratio of {other / one:.2f}")
