"""The figures of Part IV: data in, a matplotlib figure out. Nothing here trains."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from mnist_post.basics import label_lines


def plot_sizes(
    tried: dict[str, Sequence[tuple[int, float]]], line: float, chosen: int
) -> Figure:
    """Draw accuracy in percent against size, a kind of network per colour.

    `line` is the accuracy of a larger network, `chosen` the size that we take.
    """
    figure, axes = plt.subplots(figsize=(7, 5))
    axes.set_xscale("log")
    for kind, dots in tried.items():
        axes.plot(*zip(*sorted(dots), strict=True), marker="o", label=kind)
    label_lines(axes, gap=0.12)
    axes.axhline(line, color="0.6", linestyle="--", linewidth=1)
    axes.annotate("Part II's CNN", (min(axes.get_xlim()), line), (4, 4),
                  textcoords="offset points")  # fmt: skip
    axes.axvline(chosen, color="0.8", linewidth=1, zorder=0)
    axes.set(xlabel="parameters", ylabel="validation accuracy (%)")
    ticks = [1000, 2000, 4000, 8000]
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    return figure


def plot_grid(rows: Sequence[Sequence[Tensor]], names: Sequence[str]) -> Figure:
    """Draw images, (H, W) each: a row per drawing, a column per step."""
    size = (7, 0.5 + 1.45 * len(rows))
    figure, panels = plt.subplots(len(rows), len(names), figsize=size, squeeze=False)
    for row, images in zip(panels, rows, strict=True):
        for axes, image in zip(row, images, strict=True):
            axes.imshow(image.numpy(), cmap="gray_r", interpolation="nearest")
            axes.set(xticks=[], yticks=[])
            for spine in axes.spines.values():
                spine.set(visible=True, color="0.8")
    for axes, name in zip(panels[0], names, strict=True):
        axes.set_title(name)
    return figure


def plot_bars(
    shares: dict[str, Sequence[float]], names: Sequence[str], what: str
) -> Figure:
    """Draw shares as bars with their percentage: a group per key, a bar per name.

    The names stand in the bars of the first group, which are long.
    """
    height = 0.8 / len(names)
    figure, axes = plt.subplots(figsize=(7, 1.1 + 0.42 * len(names) * len(shares)))
    columns = list(zip(*shares.values(), strict=True))
    for number, (name, column) in enumerate(zip(names, columns, strict=True)):
        places = [place + (number + 0.5) * height - 0.4 for place in range(len(shares))]
        bars = axes.barh(places, [100 * x for x in column], 0.9 * height)
        axes.bar_label(bars, [f"{100 * x:.1f}" for x in column], padding=4)
        axes.annotate(name, (2, places[0]), va="center_baseline", color="white")
    axes.set(xlim=(0, 112), ylim=(len(shares) - 0.5, -0.5), xlabel=what)
    axes.set_xticks(range(0, 101, 25))
    axes.set_yticks(range(len(shares)), list(shares))
    axes.tick_params(left=False)
    return figure


def plot_risk(curves: dict[str, tuple[Tensor, Tensor]]) -> Figure:
    """Draw the share misread against the share answered, a curve per score."""
    figure, axes = plt.subplots(figsize=(7, 4.4))
    for name, (coverage, risk) in curves.items():
        start = 4 * len(coverage) // 5  # the surest are hardly ever misread
        axes.plot(100 * coverage[start:], 100 * risk[start:], label=name)
    axes.set(xlabel="answered (%)", ylabel="misread, of those (%)", ylim=0)
    axes.set(xlim=(70, 100.5), xticks=[80, 85, 90, 95, 100])  # names stand on the left
    label_lines(axes, end=0, gap=0.12)
    return figure


def plot_answer(pixels: Tensor, probabilities: Tensor) -> Figure:
    """Draw what the network gets, (28, 28), and its ten probabilities as bars."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6), width_ratios=[1, 1.2])
    left.imshow(pixels.numpy(), cmap="gray_r", interpolation="nearest")
    left.set(xticks=[], yticks=[])
    best = int(probabilities.argmax())
    colours = ["C1" if digit == best else "C0" for digit in range(10)]
    right.barh(range(10), (100 * probabilities).numpy(), color=colours)
    middle = 50 * probabilities[best].item()  # of its bar
    name = f"{2 * middle:.1f}"
    right.text(middle, best, name, color="white", ha="center", va="center_baseline")
    right.set(
        yticks=range(10), ylim=(9.6, -1.2), xlabel="probability (%)", xlim=(0, 100)
    )
    right.tick_params(left=False)
    return figure
