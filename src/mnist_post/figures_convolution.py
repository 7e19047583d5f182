"""The figures of Part II: data in, a matplotlib figure out."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from mnist_post.basics import label_lines


def plot_convolution(image: Tensor, kernel: Tensor, feature_map: Tensor) -> Figure:
    """Draw an image, the kernel that slides over it, and the result; each (H, W)."""
    figure, panels = plt.subplots(1, 3, figsize=(7, 2.7), width_ratios=[28, 16, 26])
    most = feature_map.abs().max().item()
    panels[0].imshow(image.numpy(), cmap="gray_r", interpolation="nearest")
    panels[1].imshow(kernel.numpy(), cmap="PuOr", vmin=-1.5, vmax=1.5)
    panels[2].imshow(feature_map.numpy(), cmap="PuOr", vmin=-most, vmax=most)
    for row, line in enumerate(kernel.tolist()):
        for column, weight in enumerate(line):
            panels[1].text(column, row, f"{weight:g}", ha="center", va="center")
    for axes, name in zip(panels, ["image", "kernel", "feature map"], strict=True):
        axes.set_title(name)
        axes.set_axis_off()
    return figure


def draw_cnn(shapes: Sequence[tuple[int, ...]]) -> Figure:
    """Draw feature maps, (channels, height, width), and rows of numbers, (N,)."""
    figure, axes = plt.subplots(figsize=(7, 2.8))
    left = 0.0
    for place, (channels, *sides) in enumerate(shapes):
        side = sides[0] if sides else 0
        for layer in reversed(range(min(channels, 8) if side else 0)):
            corner = (left + 0.8 * layer, 0.8 * layer - side / 2)
            axes.add_patch(Rectangle(corner, side, side, fc="white", ec="C0"))
        if not side:
            axes.add_patch(Rectangle((left, -10), 1.5, 20, fc="C2", ec="C2"))
        width = side + (0.8 * min(channels, 8) if side else 1.5)
        name = f"{channels} x\n{side} x {side}" if side else str(channels)
        axes.text(left + width / 2, -18, name, ha="center", va="top")
        left += width + 6
        if place < len(shapes) - 1:
            arrow = {"arrowstyle": "->"}
            axes.annotate("", (left - 1, 0), (left - 5, 0), arrowprops=arrow)
    axes.set(xlim=(-1, left), ylim=(-34, 20), aspect="equal")
    axes.set_axis_off()
    return figure


def plot_tiles(tiles: Tensor, columns: int = 8) -> Figure:
    """Draw small pictures, (N, H, W), as a sheet: white at zero, orange below."""
    rows = math.ceil(len(tiles) / columns)
    size = (7, 7 * rows / columns)
    figure, panels = plt.subplots(rows, columns, figsize=size, squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, tile in zip(panels.flat, tiles, strict=False):
        most = tile.abs().max().item()
        axes.imshow(
            tile.numpy(), cmap="PuOr", vmin=-most, vmax=most, interpolation="nearest"
        )
    return figure


def plot_plane(points: Tensor, labels: Tensor) -> Figure:
    """Draw points of a plane, (N, 2), as the digits that they stand for."""
    figure, axes = plt.subplots(figsize=(7, 5.6))
    for digit in range(10):
        own = points[labels == digit]
        across, up = own.unbind(dim=1)
        marker, colour = f"${digit}$", f"C{digit}"
        axes.scatter(across, up, s=40, marker=marker, linewidths=0, color=colour)
        x, y = own.median(dim=0).values.tolist()
        name = axes.text(x, y, str(digit), ha="center", va="center")
        name.set(fontsize=26, weight="bold")
    axes.set_axis_off()
    return figure


def plot_robustness(
    curves: dict[str, Tensor], corruptions: dict[str, list[float]]
) -> Figure:
    """Draw accuracy against severity, one panel per kind of corruption.

    A model's curves are (kinds, severities), in the order of `corruptions`.
    """
    kinds = len(corruptions)
    figure, panels = plt.subplots(kinds, 1, figsize=(7, 2.9 * kinds), squeeze=False)
    for kind, (name, severities) in enumerate(corruptions.items()):
        axes = panels[kind, 0]
        for model, accuracies in curves.items():
            percent = 100 * accuracies[kind]
            axes.plot(severities, percent, marker="o", markersize=3, label=model)
        axes.set(xlabel=name, xticks=severities, ylabel="accuracy (%)", ylim=(0, 103))
        label_lines(axes, gap=0.11)
    return figure


def plot_calibration(models: dict[str, Tensor]) -> Figure:
    """Draw accuracy against confidence, from rows of (confidence, accuracy, count).

    Bars are Wilson's 95% intervals, which hold their level in small bins.
    """
    count = len(models)
    figure, panels = plt.subplots(1, count, figsize=(7, 4), sharey=True, squeeze=False)
    for axes, (name, rows) in zip(panels[0], models.items(), strict=True):
        confidence, accuracy, answers = rows.T.numpy()
        square = 1.96**2 / answers
        middle = (accuracy + square / 2) / (1 + square)
        spread = (accuracy * (1 - accuracy) / answers + square / 4 / answers) ** 0.5
        half = 1.96 * spread / (1 + square)
        bars = ((accuracy - middle + half).clip(0), (middle + half - accuracy).clip(0))
        axes.plot([0, 1], [0, 1], color="0.75", linestyle="--", linewidth=1)
        axes.errorbar(confidence, accuracy, bars, marker="o", linewidth=1, capsize=2)
        axes.set(title=name, xlabel="confidence", xlim=(0, 1.04), ylim=(0, 1.04))
    panels[0, 0].set_ylabel("accuracy")
    return figure
