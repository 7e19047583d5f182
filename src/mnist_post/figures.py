"""The figures of the posts: data in, a matplotlib figure out. Nothing here trains."""

from collections.abc import Callable, Sequence

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from matplotlib.figure import Figure
from torch import Tensor

from mnist_post.training import Score


def plot_digits(
    images: Tensor, titles: Sequence[str] = (), columns: int = 8, marked: Sequence[int] = ()
) -> Figure:
    """Lay images, (N, 1, 28, 28), out as one sheet, dark on light, each below its title.

    N must fill the rows; the titles at the positions in `marked` stand out.
    """
    head = 9 if titles else 0
    tiles = F.pad(images.squeeze(1).cpu(), (2, 2, head, 0), value=images.min().item())
    rows, (height, width) = len(images) // columns, tiles.shape[1:]
    sheet = tiles.reshape(rows, columns, height, width).swapaxes(1, 2).flatten(2).flatten(0, 1)
    inches = min(7, 1.1 * columns)
    figure, axes = plt.subplots(figsize=(inches, inches * len(sheet) / sheet.shape[1]))
    axes.imshow(sheet.numpy(), cmap="gray_r", interpolation="nearest")
    axes.set_axis_off()
    for place, title in enumerate(titles):
        row, column = divmod(place, columns)
        colour = "C1" if place in marked else "0.2"
        axes.text((column + 0.5) * width, row * height + 8, title, ha="center", color=colour)
    return figure


def plot_class_balance(labels: Tensor) -> Figure:
    """Draw how often each digit occurs among labels, (N,)."""
    counts = labels.bincount(minlength=10).tolist()
    figure, axes = plt.subplots(figsize=(7, 4.2))
    bars = axes.barh(range(10), counts)
    axes.bar_label(bars, labels=[f"{count:,}" for count in counts], padding=4)
    axes.set(yticks=range(10), ylim=(9.6, -0.6), ylabel="digit", xlabel="images")
    return figure


def plot_descent(loss: Callable[[float], float], weights: Sequence[float]) -> Figure:
    """Draw a loss of one weight, and the steps that gradient descent took on it."""
    line = torch.linspace(min(weights) - 0.3, max(weights) + 1.5, 100).tolist()
    figure, axes = plt.subplots(figsize=(7, 3))
    axes.plot(line, [loss(weight) for weight in line], color="0.75")
    axes.plot(weights, [loss(weight) for weight in weights], marker="o", color="C1")
    for step, weight in enumerate(weights[:4]):
        axes.annotate(str(step), (weight, loss(weight)), (8, 2), textcoords="offset points")
    axes.set(xlabel="weight", ylabel="loss")
    return figure


def plot_validation(histories: dict[str, list[tuple[Score, Score]]]) -> Figure:
    """Draw the validation accuracy of several trainings against the epoch."""
    figure, axes = plt.subplots(figsize=(7, 4.8))
    for name, history in histories.items():
        epochs = range(1, len(history) + 1)
        accuracy = [100 * validation.accuracy for _, validation in history]
        axes.plot(epochs, accuracy, marker="o", label=name)
        axes.annotate(name, (len(history), accuracy[-1]), (8, -3), textcoords="offset points")
    axes.set(xticks=list(epochs), xlabel="epoch", ylabel="validation accuracy (%)")
    return figure


def plot_history(history: list[tuple[Score, Score]]) -> Figure:
    """Draw loss and error, in training and validation, against the epoch."""
    epochs = range(1, len(history) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.4))
    for part, name in enumerate(["training", "validation"]):
        scores = [epoch[part] for epoch in history]
        left.plot(epochs, [score.loss for score in scores], marker="o", label=name)
        right.plot(epochs, [100 - 100 * score.accuracy for score in scores], marker="o")
    left.set(xticks=list(epochs), xlabel="epoch", ylabel="loss", ylim=0)
    right.set(xticks=list(epochs), xlabel="epoch", ylabel="error (%)", ylim=0)
    left.legend()
    return figure


def plot_confusion(matrix: Tensor) -> Figure:
    """Draw a confusion matrix, (10, 10): shade for mistakes, plain numbers for right answers."""
    mistakes = matrix.clone().fill_diagonal_(0)
    figure, axes = plt.subplots(figsize=(7, 6.6))
    axes.imshow(mistakes.numpy(), cmap="Oranges", interpolation="nearest")
    for label in range(10):
        for answer in range(10):
            count = int(matrix[label, answer])
            dark = mistakes[label, answer] > 0.6 * mistakes.max()
            colour = "0.6" if label == answer else "white" if dark else "0.2"
            axes.text(answer, label, str(count or "·"), ha="center", va="center", color=colour)
    axes.set(xticks=range(10), yticks=range(10), xlabel="the model's answer", ylabel="label")
    return figure


def plot_reliability(reliabilities: dict[str, Tensor]) -> Figure:
    """Draw accuracy against confidence, from rows of (confidence, accuracy, share of answers)."""
    figure, axes = plt.subplots(figsize=(4.6, 4.2))
    axes.plot([0, 1], [0, 1], color="0.75", linestyle="--", linewidth=1)
    for name, rows in reliabilities.items():
        confidence, accuracy, share = rows.unbind(dim=1)
        (line,) = axes.plot(confidence, accuracy, linewidth=1, label=name)
        axes.scatter(confidence, accuracy, 15 + 300 * share, color=line.get_color(), alpha=0.7)
    axes.set(xlabel="confidence", ylabel="accuracy", xlim=(0, 1.04), ylim=(0, 1.04))
    axes.legend()
    return figure


def plot_robustness(curves: dict[str, Tensor], damages: dict[str, Sequence[float]]) -> Figure:
    """Draw accuracy against the strength of each kind of damage, one panel per kind.

    A model's curves are (kinds, strengths), in the order of `damages`.
    """
    rows = (len(damages) + 1) // 2
    figure, panels = plt.subplots(rows, 2, figsize=(7, 1 + 2.6 * rows), sharey=True)
    for kind, (name, strengths) in enumerate(damages.items()):
        axes = panels.flat[kind]
        for model, accuracies in curves.items():
            axes.plot(strengths, 100 * accuracies[kind], marker="o", markersize=3, label=model)
        axes.set(xlabel=name, ylim=(0, 103))
    figure.supylabel("accuracy (%)")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=2)
    return figure


def plot_spread(accuracies: dict[str, Sequence[float]]) -> Figure:
    """Draw the accuracies of several models, a dot a seed, and a line at their mean."""
    figure, axes = plt.subplots(figsize=(7, 0.9 + 0.6 * len(accuracies)))
    for place, seeds in enumerate(accuracies.values()):
        percent = [100 * accuracy for accuracy in seeds]
        mean = sum(percent) / len(percent)
        axes.scatter(percent, [place] * len(percent), s=30, alpha=0.7, color="C0")
        axes.vlines(mean, place - 0.25, place + 0.25, color="C1")
        axes.annotate(f"{mean:.1f}", (mean, place + 0.27), ha="center", va="top")
    axes.set(yticks=range(len(accuracies)), yticklabels=list(accuracies))
    axes.set(xlabel="accuracy (%)", ylim=(len(accuracies) - 0.3, -0.5))
    return figure
