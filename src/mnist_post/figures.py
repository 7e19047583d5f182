"""Figures of Part I and of several parts: data in, a matplotlib figure out."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mnist_post.basics import Score, label_lines


def plot_descent(loss: Callable[[float], float], weights: Sequence[float]) -> Figure:
    """Draw a loss of one weight, and the steps that gradient descent took on it."""
    line = torch.linspace(min(weights) - 0.3, max(weights) + 1.5, 100).tolist()
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.plot(line, [loss(weight) for weight in line], color="0.75")
    axes.plot(weights, [loss(weight) for weight in weights], marker="o", color="C1")
    for step, weight in enumerate(weights[:4]):
        point = (weight, loss(weight))
        axes.annotate(str(step), point, (8, 2), textcoords="offset points")
    axes.set(xlabel="weight", ylabel="loss")
    return figure


def draw_mlp(hidden: int) -> Figure:
    """Draw the network: pixels, some of the `hidden` units, ten logits, weights."""
    figure, axes = plt.subplots(figsize=(7, 4.6))
    columns = {0: 9, 1: 7, 2: 10}  # how many circles stand for each layer
    heights = {x: [y - (n - 1) / 2 for y in range(n)] for x, n in columns.items()}
    for x in (0, 1):
        for start in heights[x]:
            for end in heights[x + 1]:
                line = [x, x + 1], [start, end]
                axes.plot(*line, color="0.85", linewidth=0.5, zorder=0)
    for x, name in enumerate(["784 pixels", f"{hidden} hidden units", "10 logits"]):
        axes.scatter([x] * columns[x], heights[x], 90, f"C{x}", zorder=1)
        axes.text(x, -6, name, ha="center")
    for digit, y in enumerate(reversed(heights[2])):
        axes.text(2.06, y, str(digit), va="center")
    for place, name in [(0.5, "linear"), (1.5, "ReLU, dropout, linear")]:
        axes.text(place, 5.2, name, ha="center", color="0.4")
    axes.set_axis_off()
    return figure


def plot_history(history: Sequence[tuple[Score, Score]]) -> Figure:
    """Draw loss and error, in training and validation, against the epoch."""
    epochs = range(1, len(history) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
    for part, name in enumerate(["training", "validation"]):
        scores = [epoch[part] for epoch in history]
        errors = [100 - 100 * score.accuracy for score in scores]
        left.plot(epochs, [score.loss for score in scores], marker="o")
        right.plot(epochs, errors, marker="o", label=name)
    left.set(xticks=list(epochs), xlabel="epoch", ylabel="loss", ylim=0)
    right.set(xticks=list(epochs), xlabel="epoch", ylabel="error (%)", ylim=0)
    label_lines(right)
    return figure


def plot_confusion(matrix: Tensor) -> Figure:
    """Draw a confusion matrix, (10, 10); only the mistakes are shaded."""
    mistakes = matrix.clone().fill_diagonal_(0)
    figure, axes = plt.subplots(figsize=(7, 6.6))
    axes.imshow(mistakes.numpy(), cmap="Oranges", interpolation="nearest")
    for label in range(10):
        for answer in range(10):
            count = str(int(matrix[label, answer]) or "·")
            dark = mistakes[label, answer] > 0.6 * mistakes.max()
            colour = "0.6" if label == answer else "white" if dark else "0.2"
            axes.text(answer, label, count, ha="center", va="center", color=colour)
    axes.set(xticks=range(10), xlabel="the model's answer")
    axes.set(yticks=range(10), ylabel="label")
    return figure


def plot_spread(accuracies: dict[str, Sequence[float]]) -> Figure:
    """Draw the accuracies of several models: a dot per seed, a line at their mean."""
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.6 * len(accuracies)))
    for place, seeds in enumerate(accuracies.values()):
        percent = [100 * accuracy for accuracy in seeds]
        mean = sum(percent) / len(percent)
        axes.scatter(percent, [place] * len(percent), s=30, alpha=0.7, color="C0")
        axes.vlines(mean, place - 0.25, place + 0.25, color="C1")
        axes.annotate(f"{mean:.1f}", (mean, place + 0.27), ha="center", va="top")
    axes.set(yticks=range(len(accuracies)), yticklabels=list(accuracies))
    axes.set(xlabel="validation accuracy (%)", ylim=(len(accuracies) - 0.3, -0.5))
    return figure
