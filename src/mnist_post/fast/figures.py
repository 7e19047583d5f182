"""The figures of Part V: data in, a matplotlib figure out. Nothing here trains."""

# region figures
import math
import statistics
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure


def plot_ladder(seconds: Mapping[str, Sequence[float]], line: float) -> Figure:
    """Draw the seconds of each rung: a dot per seed, and the median with its number.

    Infinite ones are counted instead; `line` is a number of seconds to mark.
    """
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.55 * len(seconds)))
    for place, numbers in enumerate(seconds.values()):
        dots, median = [x for x in numbers if x < math.inf], statistics.median(numbers)
        never = len(numbers) - len(dots)
        label = f"{median:.1f}" + (f", {never} never" if never else "")
        axes.scatter(dots, [place] * len(dots), 24, "C0", alpha=0.6)
        axes.vlines(median, place - 0.3, place + 0.3, color="C1")
        axes.annotate(label, (max(dots), place), (8, 0), va="center",
                      textcoords="offset points")  # fmt: skip
    axes.axvline(line, color="0.7", linestyle="--", linewidth=1, zorder=0)
    axes.set(xscale="log", xlabel="seconds of training (logarithmic)")
    axes.set_yticks(range(len(seconds)), list(seconds))
    axes.set(ylim=(len(seconds) - 0.4, -0.6))
    low, high = axes.get_xlim()
    axes.set_xlim(low, 1.4 * high)
    ticks = [tick for tick in (0.5, 1, 2, 5, 10, 20, 50) if low < tick < high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    return figure


def plot_times(spent: Mapping[str, Mapping[str, float]]) -> Figure:
    """Draw milliseconds as bars with their number: a group per kind of operation."""
    first = next(iter(spent.values()))
    kinds = sorted(set().union(*spent.values()), key=lambda kind: -first.get(kind, 0))
    height = 0.8 / len(spent)
    figure, axes = plt.subplots(figsize=(7, 1 + 0.8 * len(kinds)))
    for number, (name, times) in enumerate(spent.items()):
        places = [place + (number + 0.5) * height - 0.4 for place in range(len(kinds))]
        bars = axes.barh(places, [times.get(kind, 0) for kind in kinds], 0.9 * height)
        labels = [f"{times.get(kind, 0):.0f}" for kind in kinds]
        labels[0] += f"  {name}"
        axes.bar_label(bars, labels, padding=4)
    axes.set_yticks(range(len(kinds)), kinds)
    longest = max(max(times.values()) for times in spent.values())
    axes.set(ylim=(len(kinds) - 0.5, -0.5), xlim=(0, 1.45 * longest))
    axes.set(xlabel="milliseconds per 1,000 digits")
    return figure


def plot_survival(
    unbroken: Sequence[float], attempts: Mapping[str, tuple[int, Sequence[float]]]
) -> Figure:
    """Draw the loss of an unbroken training, and over it those of several attempts.

    An attempt has the step that it began with, and its losses.
    """
    figure, axes = plt.subplots(figsize=(7, 4.4))
    axes.plot(unbroken, color="0.8", linewidth=8, label="never killed")
    axes.annotate("never killed", (3, unbroken[3]), (14, 6), color="0.4",
                  textcoords="offset points")  # fmt: skip
    for number, (name, (start, losses)) in enumerate(attempts.items()):
        steps = range(start, start + len(losses))
        axes.plot(steps, losses, color=f"C{number}", linewidth=2)
        axes.annotate(name, (steps[len(steps) // 2], losses[len(steps) // 2]), (6, 18),
                      color=f"C{number}", textcoords="offset points")  # fmt: skip
    axes.set(xlabel="step", ylabel="loss", ylim=(0, None))
    return figure


# endregion
