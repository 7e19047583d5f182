"""What Part I makes and the other parts use. Imports set what numbers depend on."""

# region basics
# region tools
import os

# My numbers hold for these settings: see Part I, exercise 3.
os.environ |= {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2"}
os.environ |= {"MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}

import gzip
import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from torchvision import datasets
from torchvision.datasets.utils import download_url

# region loading


def load_writers(root: str, *, train: bool) -> Tensor:
    """Load the number of each digit's writer, (N,), from the label files of QMNIST."""
    url, md5 = datasets.QMNIST.resources["train" if train else "test"][1]
    folder = Path(root, "QMNIST", "raw")
    download_url(url, folder, md5=md5)  # downloads nothing if the file is there
    content = gzip.decompress((folder / Path(url).name).read_bytes())
    table = torch.frombuffer(bytearray(content[12:]), dtype=torch.uint8)
    number = table.reshape(-1, 8, 4)[:, 2].long()  # four bytes, high to low
    return 256 * number[:, 2] + number[:, 3]


def load_digits(root: str, *, train: bool) -> TensorDataset:
    """Load images, (N, 1, 28, 28), paper 0 and ink 1; labels, (N,); writers, (N,)."""
    mnist = datasets.MNIST(root, train=train, download=True)
    images = mnist.data.unsqueeze(1) / 255
    writers = load_writers(root, train=train)[: len(images)]
    return TensorDataset(images, mnist.targets, writers)


# endregion


def split_by_writer(
    digits: TensorDataset, held_out: int = 90, seed: int = 0
) -> tuple[TensorDataset, TensorDataset]:
    """Set the digits of `held_out` writers apart: nobody has digits in both parts."""
    writers = digits.tensors[2]
    everybody = writers.unique()
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(everybody), generator=generator)
    apart = torch.isin(writers, everybody[order[:held_out]])
    return TensorDataset(*digits[~apart]), TensorDataset(*digits[apart])


def normalise(
    digits: TensorDataset, mean: float, std: float, device: torch.device
) -> TensorDataset:
    """Scale pixels to mean 0 and standard deviation 1; move all to the device."""
    images, *rest = (tensor.to(device) for tensor in digits.tensors)
    return TensorDataset((images - mean) / std, *rest)


def batches(
    digits: TensorDataset, size: int, *, shuffle: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images and labels, `size` at a time; the last batch may be smaller."""
    images, labels = digits.tensors[:2]
    arrange = torch.randperm if shuffle else torch.arange
    for rows in arrange(len(labels), device=labels.device).split(size):
        yield images[rows], labels[rows]


def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training adjusts."""
    return sum(parameter.numel() for parameter in model.parameters())


class Score(NamedTuple):
    """How well a model does: mean loss, and the share of digits read correctly."""

    loss: float
    accuracy: float


def train_step(
    model: nn.Module, images: Tensor, labels: Tensor, optimizer: torch.optim.Optimizer
) -> Tensor:
    """Move the weights one step; return summed loss and number of right answers."""
    logits = model(images)
    loss = F.cross_entropy(logits, labels)
    optimizer.zero_grad()  # forget the gradients of the step before
    loss.backward()  # backpropagation
    optimizer.step()
    correct = (logits.argmax(dim=1) == labels).sum()
    return torch.stack([loss.detach() * len(labels), correct])


@torch.inference_mode()  # records nothing for backpropagation
def predict(model: nn.Module, digits: TensorDataset) -> Tensor:
    """Return the logits of all digits, (N, 10)."""
    model.eval()  # dropout off
    return torch.cat([model(images) for images, _ in batches(digits, 1000)])


def evaluate(model: nn.Module, digits: TensorDataset) -> Score:
    """Score a model without changing its weights."""
    logits, labels = predict(model, digits), digits.tensors[1]
    correct = logits.argmax(dim=1) == labels
    return Score(F.cross_entropy(logits, labels).item(), correct.float().mean().item())


def fit(
    model: nn.Module,
    training: TensorDataset,
    validation: TensorDataset,
    epochs: int = 5,
    lr: float = 4e-3,
) -> list[tuple[Score, Score]]:
    """Train; return for each epoch the score along the way and that in validation."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, fused=True)
    steps = epochs * math.ceil(len(training) / 128)
    scheduler = torch.optim.lr_scheduler.LinearLR(optimizer, 1, 0, total_iters=steps)
    history = []
    for _ in range(epochs):
        model.train()  # dropout on
        totals = torch.zeros(2, device=training.tensors[1].device)
        for images, labels in batches(training, 128, shuffle=True):
            totals += train_step(model, images, labels, optimizer)
            scheduler.step()
        loss, accuracy = (totals / len(training)).tolist()
        history.append((Score(loss, accuracy), evaluate(model, validation)))
    return history


def interval(
    correct: Tensor, writers: Tensor, draws: int = 2000
) -> tuple[float, float]:
    """Return the 95% interval of an accuracy, by resampling writers.

    `correct` is (N,), a number between 0 and 1 per digit; `writers` is (N,).
    """
    count = torch.bincount(writers)
    right = torch.bincount(writers, correct.double())[count > 0]  # per writer
    count = count[count > 0]
    generator = torch.Generator().manual_seed(0)
    drawn = torch.randint(len(count), (draws, len(count)), generator=generator)
    accuracies = right[drawn].sum(dim=1) / count[drawn].sum(dim=1)
    low, high = accuracies.quantile(torch.tensor([0.025, 0.975]).double()).tolist()
    return low, high


def plot_digits(
    images: Tensor,
    titles: Sequence[str] = (),
    columns: int = 8,
    marked: Sequence[int] = (),
) -> Figure:
    """Draw images, (N, 1, 28, 28), below their titles; titles `marked` are orange."""
    rows = math.ceil(len(images) / columns)
    height = (1.15 if titles else 0.9) * rows * 8 / columns
    figure, panels = plt.subplots(rows, columns, figsize=(7, height), squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for place, (axes, image) in enumerate(zip(panels.flat, images.cpu(), strict=False)):
        axes.imshow(image[0].numpy(), cmap="gray_r", interpolation="nearest")
        if titles:
            colour = "C1" if place in marked else "0.2"
            axes.set_title(titles[place], color=colour, pad=3)
    return figure


def label_lines(axes: Axes, end: int = -1, gap: float = 0.1) -> None:
    """Name lines beside their last points (`end` 0: first), `gap` of the height off."""
    axes.autoscale_view()
    inside = axes.transData + axes.transAxes.inverted()
    points = [inside.transform(line.get_path().vertices)[end] for line in axes.lines]
    upwards = sorted(points, key=lambda point: point[1])
    for below, above in pairwise(upwards):
        above[1] = max(above[1], below[1] + gap)
    upwards[-1][1] = min(upwards[-1][1], 1)
    for above, below in pairwise(reversed(upwards)):
        below[1] = min(below[1], above[1] - gap)
    away, side = (7, "left") if end else (-7, "right")
    for line, point in zip(axes.lines, points, strict=True):
        dark = [0.65 * channel for channel in to_rgb(line.get_color())]
        axes.annotate(str(line.get_label()), tuple(point), (away, 0), "axes fraction",
                      "offset points", color=dark, ha=side, va="center")  # fmt: skip


# endregion


def mean_digits(images: Tensor, labels: Tensor) -> Tensor:
    """Average the images of each digit: (N, 1, 28, 28) becomes (10, 1, 28, 28)."""
    return torch.stack([images[labels == digit].mean(dim=0) for digit in range(10)])


def nearest(images: Tensor, references: Tensor) -> Tensor:
    """Return the index of the nearest reference for each image, (N,)."""
    distances = torch.cdist(images.flatten(1), references.flatten(1))  # (N, references)
    return distances.argmin(dim=1)


class MLP(nn.Module):
    """A multilayer perceptron: 784 pixels, one hidden layer, ten logits."""

    def __init__(self, hidden: int = 512, dropout: float = 0.1) -> None:
        """Create the layers, with random weights."""
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),  # (N, 1, 28, 28) -> (N, 784)
            nn.Linear(784, hidden),  # (N, 784) -> (N, hidden)
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(hidden, 10),  # (N, hidden) -> (N, 10)
        )

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        return self.layers(images)


def plot_search(tried: dict[Any, Sequence[float]], what: str) -> Figure:
    """Draw accuracies against the learning rate: a dot per seed, a line per choice."""
    figure, axes = plt.subplots(figsize=(7, 4.8))
    for number, choice in enumerate(sorted({choice for choice, _ in tried})):
        rates = sorted({lr for other, lr in tried if other == choice})
        dots = [[100 * accuracy for accuracy in tried[choice, lr]] for lr in rates]
        means = [sum(seeds) / len(seeds) for seeds in dots]
        axes.plot(rates, means, color=f"C{number}", label=f"{choice}\n{what}")
        for lr, seeds in zip(rates, dots, strict=True):
            axes.scatter([lr] * len(seeds), seeds, 18, f"C{number}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="validation accuracy (%)")
    label_lines(axes, gap=0.14)
    return figure


# endregion
