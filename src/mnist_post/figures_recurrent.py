"""The figures of Part III: what a network believes while it reads, and remembers."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from mnist_post.basics import label_lines


def draw_unrolled(steps: int = 4) -> Figure:
    """Draw a recurrent cell unrolled over some steps: the same weights in every box."""
    figure, axes = plt.subplots(figsize=(7, 3.2))
    arrow = {"arrowstyle": "->", "color": "0.4"}
    box = {"boxstyle": "round,pad=0.6", "facecolor": "#cfe3f2", "edgecolor": "C0"}
    names = [str(step + 1) for step in range(steps - 1)] + ["28"]
    for place, name in enumerate(names):
        axes.text(2 * place, 0, "cell", ha="center", va="center", bbox=box)
        axes.text(2 * place, -1.5, f"row {name}", ha="center", va="center")
        axes.annotate("", (2 * place, -0.45), (2 * place, -1.2), arrowprops=arrow)
        axes.annotate("", (2 * place + 1.5, 0), (2 * place + 0.5, 0), arrowprops=arrow)
        dots = "  …" if place == steps - 2 else ""
        axes.text(2 * place + 1, 0.6, f"state\n{name}{dots}", ha="center")
    end = 2 * steps + 0.4
    axes.text(end, 0, "linear", ha="center", va="center", bbox=box)
    axes.text(end, 1.3, "10 logits", ha="center", va="center")
    axes.annotate("", (end, 1.05), (end, 0.45), arrowprops=arrow)
    axes.set(xlim=(-0.8, 2 * steps + 1.4), ylim=(-1.9, 1.7))
    axes.set_axis_off()
    return figure


def plot_beliefs(image: Tensor, probabilities: Tensor) -> Figure:
    """Draw an image, (1, rows, width), and the beliefs after each row, (rows, 10)."""
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(7, 6.4), sharey=True, width_ratios=[1, 1.3]
    )
    left.imshow(image.squeeze(0).cpu().numpy(), cmap="gray_r", aspect="auto")
    right.imshow(probabilities.numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
    last = len(probabilities) - 1
    left.set(xticks=[], yticks=[0, *range(6, last, 7), last], ylabel="rows read")
    left.set_yticklabels([str(tick + 1) for tick in left.get_yticks()])
    right.set(xticks=range(10), xlabel="digit")
    right.tick_params(left=False)
    answers = probabilities.argmax(dim=1).tolist()
    for row in (last, *(r for r in range(last) if answers[r] != answers[r + 1])):
        sure = probabilities[row, answers[row]].item()
        colour = "white" if round(sure) else "0.2"
        right.text(answers[row], row, f"{100 * sure:.0f}", color=colour,
                   ha="center", va="center_baseline")  # fmt: skip
    return figure


def plot_by_row(curves: dict[str, Tensor], ink: Tensor) -> Figure:
    """Draw accuracies against rows read, each (rows,), over the ink, (rows,)."""
    rows = range(1, len(ink) + 1)
    figure, axes = plt.subplots(figsize=(7, 4.6))
    share = (25 * ink / ink.max()).tolist()  # a low hill behind the curves
    axes.bar(rows, share, width=1, color="0.9")
    axes.text(len(ink) / 2 + 2, 5, "ink in that row", ha="center", color="0.4")
    for name, accuracies in curves.items():
        axes.plot(rows, 100 * accuracies, label=name)
    axes.set(xticks=[1, *range(4, 29, 4)], xlim=(0.5, 28.5), ylim=(0, 103))
    axes.set(xlabel="rows read", ylabel="accuracy (%)")
    label_lines(axes)
    return figure


def plot_rows_needed(needed: Tensor, labels: Tensor) -> Figure:
    """Draw the rows that digits need, (N,), by label, (N,): middle half and median."""
    figure, axes = plt.subplots(figsize=(7, 4.2))
    for digit in range(10):
        quarters = torch.tensor([0.25, 0.5, 0.75])
        low, middle, high = needed[labels == digit].float().quantile(quarters).tolist()
        axes.plot([digit, digit], [low, high], color="C0", linewidth=8, alpha=0.35)
        axes.plot(digit, middle, marker="o", color="C0")
    axes.set(xticks=range(10), xlabel="digit")
    axes.set(yticks=[1, 7, 14, 21, 28], ylim=(28.5, 0.5), ylabel="rows until decided")
    return figure


def plot_gradients(norms: dict[str, Tensor]) -> Figure:
    """Draw the gradient norm of each step, (steps,), as a share of the last step's."""
    figure, axes = plt.subplots(figsize=(7, 4.4))
    for name, steps in norms.items():
        last = len(steps)
        axes.plot(range(1, last + 1), steps / steps[-1], label=name)
    axes.set(xticks=[1, last // 4, last // 2, 3 * last // 4, last])
    axes.set_xlim(-0.6 * last, 1.02 * last)  # the names are on the left
    axes.set(yscale="log", xlabel="step", ylabel="gradient (last step = 1)")
    axes.yaxis.set_major_formatter("{x:g}")  # exponents are too small for a phone
    label_lines(axes, end=0)
    return figure


def plot_steps(runs: dict[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw each step's loss and gradient norm on logarithmic axes, per run."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
    for name, steps in runs.items():
        losses, norms = zip(*steps, strict=True)
        left.plot(losses, linewidth=1)
        right.plot(norms, linewidth=1, label=name)
    left.set(xlabel="step", ylabel="loss")
    right.set(xlabel="step", ylabel="gradient norm")
    for axes, marks in ((left, [2, 5]), (right, [])):
        axes.set_yscale("log", subs=marks)
        axes.yaxis.set_major_formatter("{x:g}")  # exponents are too small for a phone
        axes.yaxis.set_minor_formatter("{x:g}")
    label_lines(right)
    return figure
