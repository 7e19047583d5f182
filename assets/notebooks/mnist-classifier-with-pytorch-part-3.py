# %% [markdown]
# # MNIST Classifier with Pytorch [Part III]

# %% [markdown]
# The networks of Parts I and II look at an image all at once.
# In this part a network reads a digit as you read this page: line by line, from the top, and all that it knows of the lines above is what it remembers.
# Such a network is *recurrent*: at each step it combines its input with its own memory of the steps before.
#
# Let me say it at once: an image is not a sequence.
# Nobody writes a digit from the top edge to the bottom edge, and for reading digits the convolutional network of Part II is the better tool.
# Why do it all the same?
# Because everything that makes recurrent networks hard and interesting can be *seen* on digits: memory that fades, gradients that vanish, gates that hold on.
# And because we can interrupt a network that reads in steps, and ask it after every row what it believes.
#
# As before, all outputs, figures and numbers about our networks come from the code on this page, except Part II's rows in the last table, which are carried over as its page printed them; and the blocks run when you paste them, from top to bottom.
# Boxes mark detours; one at the top of a section makes a detour of the whole section.
# Running everything takes a few minutes.
#
# ## Rows as time steps
#
# The folded block holds what we need from Part I, as in Part II.

# %% tags=["hide-input"]
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


# %%
import time
import warnings
from collections.abc import Callable

accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator or torch.device("cpu")
training, validation = split_by_writer(load_digits("data", train=True))
mean, std = training.tensors[0].mean().item(), training.tensors[0].std().item()
training = normalise(training, mean, std, device)
validation = normalise(validation, mean, std, device)
images, labels, writers = validation.tensors

def clock():  # as in Part II
    if accelerator is None:
        return time.process_time()
    torch.accelerator.synchronize()
    return time.perf_counter()


# %% [markdown]
# A recurrent layer takes a *sequence*: some number of steps, and at each step some numbers.
# An image of 28 rows of 28 pixels has that form already.
# At each step the layer computes a new *hidden state* from the row and the hidden state before.
# Drawn step by step, the network is *unrolled*, and the same weights are in every box: weight sharing again, over time instead of space.

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
draw_unrolled()
plt.show()

# %%
rows = images[:128].squeeze(1)  # (128, 28, 28): batch, steps, pixels
states, last = nn.RNN(28, 64, batch_first=True).to(device)(rows)
print("states:", tuple(states.shape), "last state:", tuple(last.shape))
print("the same:", torch.equal(states[:, -1], last[0]))


# %% [markdown]
# The layer returns the hidden state after every step, and once more the last one.
# `batch_first=True` puts the batch first in `rows` and `states`, but not in `last`, where the layers come first.
#
# ### One step by hand
#
# In the plain RNN, short for *recurrent neural network*, a step multiplies the row by one matrix and the hidden state by another, adds, and squashes the sum between -1 and 1 by a hyperbolic tangent.

# %%
def rnn_step(rnn: nn.RNN, row: Tensor, hidden: Tensor) -> Tensor:
    """Return the next hidden state, (N, hidden): one step of `nn.RNN`, by hand."""
    from_row = F.linear(row, rnn.weight_ih_l0, rnn.bias_ih_l0)
    from_hidden = F.linear(hidden, rnn.weight_hh_l0, rnn.bias_hh_l0)
    return torch.tanh(from_row + from_hidden)


# %%
rnn = nn.RNN(28, 64, batch_first=True).to(device)
hidden = torch.zeros(len(rows), 64, device=device)
for step in range(28):
    hidden = rnn_step(rnn, rows[:, step], hidden)
print("same as PyTorch's:", torch.allclose(rnn(rows)[0][:, -1], hidden, atol=1e-6))


# %% [markdown]
# ## What a gate does
#
# In a plain RNN the whole memory goes through a matrix at every step.
# [Further down](#where-the-gradient-gets-lost) we measure what that does to training: hardly anything of the gradient reaches the first rows.
# The remedy is almost disappointingly simple: do not pass the whole memory through a matrix at each step.
# *Keep* it, and change it only where there is something to change.
#
# An LSTM, or *long short-term memory*, has two states: the hidden state, which the outside sees, and the *cell state*, its memory.
# Three *gates* control them, each a number between 0 and 1 for every number of the state, computed from the row and the hidden state by a `sigmoid`, which squeezes any number between 0 and 1:
#
# - the **forget gate** says how much of the cell state stays,
# - the **input gate** says how much of a new *candidate* is added,
# - the **output gate** says how much of the cell state is shown as the hidden state.

# %%
def lstm_step(
    lstm: nn.LSTM, row: Tensor, hidden: Tensor, cell: Tensor
) -> tuple[Tensor, Tensor]:
    """Return the next hidden and cell state, each (N, hidden): a step of `nn.LSTM`."""
    from_row = F.linear(row, lstm.weight_ih_l0, lstm.bias_ih_l0)
    from_hidden = F.linear(hidden, lstm.weight_hh_l0, lstm.bias_hh_l0)
    both = from_row + from_hidden  # (N, 4 * hidden)
    input_gate, forget_gate, candidate, output_gate = both.chunk(4, dim=1)
    cell = forget_gate.sigmoid() * cell + input_gate.sigmoid() * candidate.tanh()
    return output_gate.sigmoid() * cell.tanh(), cell


# %%
lstm = nn.LSTM(28, 64, batch_first=True).to(device)
hidden = cell = torch.zeros(len(rows), 64, device=device)
for step in range(28):
    hidden, cell = lstm_step(lstm, rows[:, step], hidden, cell)
print("same as PyTorch's:", torch.allclose(lstm(rows)[0][:, -1], hidden, atol=1e-6))


# %% [markdown]
# Look at the line that changes the cell state: where the forget gate is open, what was there stays, and no matrix touches it.
# The idea is from [Hochreiter and Schmidhuber, 1997](https://www.bioinf.jku.at/publications/older/2604.pdf), and the forget gate was [added by Gers and others, 2000](https://doi.org/10.1162/089976600300015015).
# A GRU, or *gated recurrent unit* ([Cho and others, 2014](https://arxiv.org/abs/1406.1078)), has no separate cell state and two gates: an *update gate*, which decides both how much stays and how much is written, and a *reset gate*, which decides how much of the state the candidate sees.
#
# ## A network that reads
#
# This is the whole network: a recurrent layer, by default `nn.LSTM` with 64 numbers in each state, and a linear layer that turns the last hidden state into logits.
# An untrained gate is half open, so half of the cell state would be lost at each step.
# So `RowReader` starts the forget gate with a bias of 2, which opens it to 0.88 ([a detour](#how-open-is-open) shows what that is good for); in a GRU the same place holds the update gate.
# The argument `orthogonal` is for later.

# %%
class RowReader(nn.Module):
    """Reads an image from top to bottom, a row per step, and then answers."""

    def __init__(
        self,
        kind: type[nn.RNN | nn.GRU | nn.LSTM] = nn.LSTM,
        hidden: int = 64,
        *,
        width: int = 28,
        keep: float = 2.0,
        orthogonal: bool = False,
    ) -> None:
        """Create the layers: rows have `width` pixels, the state `hidden` numbers."""
        super().__init__()
        self.rnn = kind(width, hidden, batch_first=True)
        self.head = nn.Linear(hidden, 10)
        if kind is not nn.RNN:  # let the gate that keeps the state start open
            nn.init.constant_(self.rnn.bias_hh_l0[hidden : 2 * hidden], keep)
        if orthogonal:
            nn.init.orthogonal_(self.rnn.weight_hh_l0)

    def read(self, images: Tensor) -> Tensor:
        """Return the hidden state after each row, (N, rows, hidden)."""
        rows = images.squeeze(1)  # (N, 1, rows, width) -> (N, rows, width)
        states, _ = self.rnn(rows)
        return states

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits after the last row, (N, 10)."""
        return self.head(self.read(images)[:, -1])


# %% [markdown]
# From Part II come `Jitter`, the layer that shifts, turns and scales each image a little in training, and, for later, the comparison; again in one fold.

# %% tags=["hide-input"]
import math
from collections.abc import Sequence
from textwrap import fill
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from torchvision.transforms import v2


class Jitter(nn.Module):
    """Augmentation: move, turn and scale each image at random, only in training."""

    limits: Tensor

    def __init__(
        self, pixels: float = 1.5, degrees: float = 10, scale: float = 0.1
    ) -> None:
        """Keep the largest turn, change of scale, and shift to the right and down."""
        super().__init__()
        limits = torch.tensor([math.radians(degrees), scale, pixels / 14, pixels / 14])
        self.register_buffer("limits", limits)  # moves with the model, is not trained

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape, (N, 1, 28, 28); what comes in is paper."""
        if not self.training:
            return images
        draws = 2 * torch.rand(len(images), 4, device=images.device) - 1  # from -1 to 1
        turn, scale, right, down = (self.limits * draws).unbind(dim=1)
        cos, sin = (1 + scale) * turn.cos(), (1 + scale) * turn.sin()
        matrix = torch.stack([cos, -sin, right, sin, cos, down], dim=1)
        shape = list(images.shape)
        grid = F.affine_grid(matrix.reshape(-1, 2, 3), shape, align_corners=False)
        paper = images.min()
        return F.grid_sample(images - paper, grid, align_corners=False) + paper



# What may happen to a digit on its way to the model, and how severely.
CORRUPTIONS: dict[str, list[float]] = {
    "shift (pixels)": [1, 2, 3, 4],
    "rotation (degrees)": [15, 30, 45, 60],
    "noise": [0.2, 0.4, 0.6, 0.8],
    "blur (pixels)": [0.5, 1, 1.5, 2],
}


def move(
    images: Tensor, right: float = 0, down: float = 0, degrees: float = 0
) -> Tensor:
    """Shift images by pixels and turn them counterclockwise; what comes in is paper."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    matrix = images.new_tensor([[cos, -sin, -right / 14], [sin, cos, -down / 14]])
    shape = list(images.shape)
    grid = F.affine_grid(matrix.expand(len(images), 2, 3), shape, align_corners=False)
    paper = images.min()
    return F.grid_sample(images - paper, grid, align_corners=False) + paper


def corrupt(images: Tensor, kind: str, severity: float) -> list[Tensor]:
    """Return the images corrupted: once in each direction where there are several."""
    if kind.startswith("shift"):
        ways = [(severity, 0), (-severity, 0), (0, severity), (0, -severity)]
        return [move(images, right, down) for right, down in ways]
    if kind.startswith("rotation"):
        return [move(images, degrees=degrees) for degrees in (severity, -severity)]
    if kind == "noise":
        generator = torch.Generator(images.device).manual_seed(0)
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        step = images.max() - images.min()  # from paper to ink
        return [images + severity * step * noise]
    return [v2.functional.gaussian_blur(images, [13, 13], [severity, severity])]


def correct_on(model: nn.Module, copies: Sequence[Tensor], labels: Tensor) -> Tensor:
    """Return the share of each digit's copies that the model reads correctly, (N,)."""
    logits = [predict(model, TensorDataset(copy, labels)) for copy in copies]
    return (torch.stack(logits).argmax(dim=2) == labels).float().mean(dim=0).cpu()


def robustness(models: Sequence[nn.Module], digits: TensorDataset) -> Tensor:
    """Return what is read of each corrupted digit: (models, kinds, severities, N)."""
    images, labels = digits.tensors[:2]
    rows = []
    for kind, severities in CORRUPTIONS.items():
        for severity in severities:
            copies = corrupt(images, kind, severity)
            rows += [torch.stack([correct_on(each, copies, labels) for each in models])]
    return torch.stack(rows, dim=1).unflatten(1, (len(CORRUPTIONS), -1))




def calibration_bins(probabilities: Tensor, labels: Tensor, bins: int = 10) -> Tensor:
    """Return a row per bin with digits: mean confidence, accuracy, count."""
    confidence, answers = probabilities.max(dim=1)
    right = (answers == labels).float()
    number = (confidence * bins).long().clamp(max=bins - 1)
    rows = [(confidence[number == b], right[number == b]) for b in number.unique()]
    return torch.tensor([[sure.mean(), true.mean(), len(sure)] for sure, true in rows])


def calibration_error(probabilities: Tensor, labels: Tensor) -> float:
    """Return the mean gap between confidence and accuracy (arXiv 1706.04599)."""
    confidence, accuracy, count = calibration_bins(probabilities, labels).T
    return (count * (confidence - accuracy).abs()).sum().item() / len(labels)


def calibration_floor(probabilities: Tensor, draws: int = 50) -> tuple[float, float]:
    """Return the error of a perfectly calibrated model: mean and deviation.

    Its labels are drawn from the probabilities, so they agree with its confidence.
    """
    generator = torch.Generator().manual_seed(0)
    drawn = torch.multinomial(
        probabilities, draws, replacement=True, generator=generator
    )
    errors = [calibration_error(probabilities, labels) for labels in drawn.T]
    return torch.tensor(errors).mean().item(), torch.tensor(errors).std().item()


class Measured(NamedTuple):
    """What is known of a model trained from several seeds, in percent."""

    name: str
    parameters: int  # a count
    epochs: int  # of each training
    accuracies: tuple[float, ...]  # one per seed
    low: float  # the 95% interval of their mean, by writer
    high: float
    likelihood: float  # negative log-likelihood: the mean cross-entropy, no percentage
    error: float  # calibration error, mean over the seeds
    floor: float  # what a perfectly calibrated model would show
    gap: float  # confidence minus accuracy: positive is overconfident
    robustness: float  # mean accuracy over all corruptions and severities
    half: float  # half of its 95% interval, by writer
    mistakes: str  # of all seeds: per writer a character, "0" for none, "1" for one …


def measure(
    name: str, models: Sequence[nn.Module], digits: TensorDataset, epochs: int
) -> Measured:
    """Measure models on all digits, and their robustness on every tenth."""
    labels, writers = (tensor.cpu() for tensor in digits.tensors[1:])
    logits = [predict(model, digits).cpu() for model in models]
    correct = torch.stack([each.argmax(dim=1) == labels for each in logits]).float()
    low, high = interval(correct.mean(dim=0), writers)
    probabilities = [each.softmax(dim=1) for each in logits]
    errors = [calibration_error(each, labels) for each in probabilities]
    confidence = torch.stack(probabilities).amax(dim=2).mean().item()
    likelihood = sum(F.cross_entropy(each, labels).item() for each in logits)
    robust = robustness(models, TensorDataset(*digits[::10])).mean(dim=(0, 1, 2))
    bounds = interval(robust, writers[::10])
    number = writers.unique(return_inverse=True)[1]
    return Measured(
        name,
        count_parameters(models[0]),
        epochs,
        tuple(round(100 * each, 2) for each in correct.mean(dim=1).tolist()),
        round(100 * low, 2),
        round(100 * high, 2),
        round(likelihood / len(logits), 4),
        round(100 * sum(errors) / len(errors), 2),
        round(100 * calibration_floor(probabilities[0])[0], 2),
        round(100 * (confidence - correct.mean().item()), 2),
        round(100 * robust.mean().item(), 1),
        round(50 * (bounds[1] - bounds[0]), 1),
        "".join(chr(48 + int(n)) for n in number.bincount((1 - correct).sum(dim=0))),
    )


def lead(a: Measured, b: Measured, writers: Tensor) -> tuple[float, float, float]:
    """Return a's accuracy minus b's in points, and its 95% interval.

    Both have read the same digits, by `writers`, (N,), who are resampled.
    """
    _, number, count = writers.unique(return_inverse=True, return_counts=True)
    errors = [
        torch.tensor([ord(one) - 48 for one in row.mistakes]) / len(row.accuracies)
        for row in (a, b)
    ]
    gains = (100 * (errors[1] - errors[0]) / count)[number]  # a writer's mean per digit
    return gains.mean().item(), *interval(gains, writers)


class Table(str):
    """Rows of HTML, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        return str(self)


def compare(rows: Sequence[Measured], seconds: dict[str, float]) -> Table:
    """Show models side by side, with the seconds of one training."""
    heads = ["model", "parameters", "epochs", "seeds", "accuracy (%)", "95% interval"]
    heads += ["negative log-likelihood", "calibration error (floor)", "signed gap"]
    heads += ["robustness (%)", "training (s)"]
    html = "<table><thead><tr>" + "".join(f"<th>{head}</th>" for head in heads)
    html += "</tr></thead><tbody>"
    for row in rows:
        cells = [f"{row.parameters:,}", f"{row.epochs}", f"{len(row.accuracies)}"]
        cells += [f"{sum(row.accuracies) / len(row.accuracies):.2f}"]
        cells += [f"{row.low:.2f} to {row.high:.2f}", f"{row.likelihood:.3f}"]
        cells += [f"{row.error:.2f} ({row.floor:.2f})", f"{row.gap:+.2f}"]
        cells += [f"{row.robustness:.1f} ± {row.half:.1f}", f"{seconds[row.name]:.0f}"]
        columns = "".join(f"<td>{cell}</td>" for cell in cells)
        html += f"<tr><th>{row.name}</th>{columns}</tr>"
    return Table(html + "</tbody></table>")




def as_code(name: str, rows: Sequence[Measured]) -> str:
    """Write rows as Python, to be carried into the next part."""
    text = f"{name} = [\n"
    for row in rows:
        parts = [
            repr(row.mistakes[at : at + 74]) for at in range(0, len(row.mistakes), 74)
        ]
        code = f"Measured({', '.join(map(repr, row[:-1]))}, {' '.join(parts)}),"
        text += fill(code, 88, initial_indent="    ", subsequent_indent=" " * 8) + "\n"
    return text + "]"


# %% [markdown]
# How wide should its state be?
# As in Part II we try a few settings on a few training digits, here 4,000: three widths with two learning rates and two seeds each, for three epochs, compared on a third of the validation digits.

# %%
def train(build, seed, digits, judges, epochs=5, lr=1e-2):
    torch.manual_seed(seed)
    model = build().to(device)
    history = fit(model, digits, judges, epochs, lr)
    return model, history[-1][1].accuracy

few, third = TensorDataset(*training[:4000]), TensorDataset(*validation[::3])
tried = {}
for width in (32, 64, 128):
    for lr in (3e-3, 1e-2):
        build = lambda: nn.Sequential(Jitter(), RowReader(hidden=width))
        seeds = [train(build, seed, few, third, 3, lr)[1] for seed in range(2)]
        tried[width, lr] = seeds
        print(width, lr, " ".join(f"{accuracy:.1%}" for accuracy in seeds))

# %% tags=["hide-input"]
plot_search(tried, "hidden units")
plt.show()

# %% [markdown]
# I take width 64 and the larger learning rate; the best setting lies at the edge of the search, so larger values may be better still.
# Twice the width gains 2.4 points after so short a training run, but needs more than three times the multiplications: this is a trade-off between accuracy and training time.
# Now the real training, on all training digits, with the `fit` of Part I, and from five seeds.

# %%
start = clock()
build = lambda: nn.Sequential(Jitter(), RowReader())
runs = [train(build, seed, training, validation, epochs=3) for seed in range(5)]
lstm_seconds = (clock() - start) / len(runs)
readers, scores = [model[1] for model, _ in runs], [accuracy for _, accuracy in runs]
print("validation accuracy by seed:", " ".join(f"{score:.2%}" for score in scores))
print(f"{count_parameters(readers[0]):,} parameters")


# %% [markdown]
# With 16 times fewer parameters than the MLP in Part I, it reads 98.2% of the validation digits, and it never sees more than one row at a time.
#
# After each row we can stop it and ask: if the image ended here, what would you say?

# %%
@torch.inference_mode()
def beliefs(model: RowReader, images: Tensor) -> Tensor:
    """Return the model's probability for each digit after each row, (N, rows, 10)."""
    model.eval()
    return model.head(model.read(images)).softmax(dim=2)


# %% tags=["hide-input"]
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


# %%
correct = predict(readers[0], validation).argmax(dim=1) == labels
example = ((labels == 9) & correct).nonzero()[0].item()  # the first nine it reads
one = images[example : example + 1]
believed = beliefs(readers[0], one)[0].cpu()  # (28 rows, 10 digits)
plot_beliefs(images[example], believed)
plt.show()

# %% [markdown]
# Read the right side from top to bottom: each row is a row of the image, each column a digit, and the stronger the shade, the surer the network.
# Half way down, after 14 rows, its best guess is 0, at 29%; at the end it is 9, at 97.7%.
#
# Two questions remain, and they take up most of this post.
# What would become of the memory without gates?
# And could the network have known earlier?
#
# ## RNN, GRU and LSTM in the same loop
#
# PyTorch has three recurrent layers.
# We give each about the same number of parameters, and the plain RNN a second chance (GRU and LSTM have a gate that starts open), with a hidden matrix that starts *orthogonal*: the matrix then keeps the length of what it multiplies.
# All learn from the same 4,000 digits without `Jitter`, each with its own learning rate, the better of two by the first seed; the numbers are means of three seeds.

# %%
kinds = {
    "RNN": lambda: RowReader(nn.RNN, 74),
    "RNN, orthogonal": lambda: RowReader(nn.RNN, 74, orthogonal=True),
    "GRU": lambda: RowReader(nn.GRU, 38),
    "LSTM": lambda: RowReader(nn.LSTM, 32),
}
by_kind, best_lr = {}, {}
for name, build in kinds.items():
    first = {lr: train(build, 0, few, third, lr=lr)[1] for lr in (3e-3, 1e-2)}
    lr = best_lr[name] = max(first, key=first.get)
    others = [train(build, seed, few, third, lr=lr)[1] for seed in (1, 2)]
    by_kind[name] = [first[lr], *others]
    accuracy = sum(by_kind[name]) / 3
    size = f"{count_parameters(build()):,} parameters"
    print(f"{name:16} {size}, lr {lr}: {accuracy:.1%}")


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
plot_spread(by_kind)
plt.show()


# %% [markdown]
# Three of the four chose the larger rate; a still larger one was not tried.
# The plain RNN is far behind after so short a training run, and the orthogonal start makes up for part of that.
# So size does not explain it, but how a network starts explains some of it, and that can be seen before any training.
#
# ## Where the gradient gets lost
#
# The digit's upper rows are read first, and the loss is computed after the last row.
# To learn anything about the first row, the gradient must travel back through all 28 steps; this is *backpropagation through time*.
# At every step the chain rule multiplies it by the same matrix and by the slope of the hyperbolic tangent, which is never more than one.
#
# Let us measure it in networks that are not trained yet: how large is the gradient of the loss with respect to the first row, the second, and so on?

# %%
def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean norm of the gradient with respect to each row, (rows,)."""
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    (gradients,) = torch.autograd.grad(loss, images)  # (N, 1, rows, width)
    return gradients.squeeze(1).norm(dim=2).mean(dim=0)


# %% tags=["hide-input"]
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


# %%
def fresh(build, seed=0):
    torch.manual_seed(seed)
    return build().to(device)

norms, fade = {}, {}
for name, build in kinds.items():
    each = [gradient_norms(fresh(build, seed), images[:500], labels[:500]).cpu()
            for seed in range(5)]  # fmt: skip
    norms[name] = each[0]
    fade[name] = sorted((steps[-1] / steps[0]).item() for steps in each)
plot_gradients(norms)
plt.show()


# %% [markdown]
# In five untrained RNNs, each with initial weights of its own, the first row has a gradient between 7 and 112 million times smaller than the last, a factor of 0.50 to 0.56 per step.
# This is the *vanishing gradient*.
# With the orthogonal start it is 102 to 194 times smaller, in the GRU 19 to 23 times, and in the LSTM 7 to 14 times.
#
# Look again at the line of `lstm_step` that changes the cell state.
# On its way back along it, the gradient is multiplied by the forget gate and by nothing else; where that is nearly open, the gradient passes nearly unchanged.
#
# ### How open is open?
#
# **Detour.** Why the forget gate must start open; the path goes on at [What it believes, row by row](#what-it-believes-row-by-row).
#
# `RowReader` starts the forget gate with a bias of 2; [Jozefowicz and others](https://proceedings.mlr.press/v37/jozefowicz15.html) recommend a bias of 1.
# Over 28 rows the gradient then falls, but does not vanish, as we saw.
# Over a longer sequence, the 196 pixels of a digit of 14 x 14, it does:

# %%
def as_pixels(images: Tensor) -> Tensor:
    """Shrink images to 14 x 14 and arrange their pixels one per row: (N, 1, 196, 1)."""
    return F.avg_pool2d(images, 2).reshape(-1, 1, 196, 1)


# %%
strings = as_pixels(images[:200])
opened = {}
for keep in (0, 2, 5):  # the bias
    reader = fresh(lambda: RowReader(nn.LSTM, 32, width=1, keep=keep))
    name = f"{torch.tensor(float(keep)).sigmoid():.0%} open"
    opened[name] = gradient_norms(reader, strings, labels[:200]).cpu()
reach = [(steps[0] / steps[-1]).item() for steps in opened.values()]
plot_gradients(opened)
plt.show()


# %% [markdown]
# With the gate half open, the gradient shrinks by 37 powers of ten on its way to the first pixel; with a bias of 2 by 3.8, with a bias of 5 hardly at all.
# Losing half at each of 195 steps would alone be 59 powers of ten, more than the figure shows; the rest of the gradient comes back through the hidden state.
# A gradient that arrives is only the beginning, but LSTMs have learnt to read all 784 pixels one by one ([van der Westhuizen and Lasenby, 2018](https://arxiv.org/abs/1804.04849)).
#
# ### Clipping the gradient
#
# **Detour.** What to do against gradients that are too large; the path goes on at [What it believes, row by row](#what-it-believes-row-by-row).
#
# A gradient that is multiplied over and over can also grow.
# Then a single step throws the weights so far that nothing learnt is left.
# The usual remedy is *clipping*: if the gradient is longer than a limit, cut it to that length and keep its direction ([Pascanu and others, 2013](https://arxiv.org/abs/1211.5063)).

# %%
def descend(
    model: nn.Module, digits: TensorDataset, lr: float, limit: float
) -> list[tuple[float, float]]:
    """Train an epoch by plain gradient descent; return losses and gradient norms.

    A gradient longer than `limit` is cut to that length; its direction stays.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    steps = []
    for images, labels in batches(digits, 64, shuffle=True):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), limit)  # before the cut
        optimizer.step()
        steps.append(torch.stack([loss.detach(), norm]))
    return [(loss, norm) for loss, norm in torch.stack(steps).tolist()]


# %% tags=["hide-input"]
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


# %%
descents, descended = {}, {}
for name, limit in [("no limit", math.inf), ("limit 0.3", 0.3)]:
    descended[name] = []
    for seed in range(5):
        torch.manual_seed(seed)
        model = RowReader(nn.RNN).to(device)
        descents[name] = descend(model, few, lr=1.0, limit=limit)
        descended[name].append(evaluate(model, third).accuracy)
plot_steps(descents)  # of the last seed
plt.show()


# %% [markdown]
# The longest gradient in this figure has length 4,630.
# After an epoch without a limit, five seeds read between 8% and 23% of the digits; with the limit, between 30% and 39%.
# A smaller learning rate is the other remedy, and this figure does not say which is better.
# Clipping does nothing against vanishing gradients: it can shorten, not lengthen.
#
# ## What it believes, row by row
#
# Back to the network that we stop after each row.
# It makes up its mind late.
# Is that because the digit cannot be told earlier?
# Before you look: after how many of the 28 rows can nine digits in ten be told?
#
# Here is a suspicion.
# The network was only ever asked after the last row, so nobody taught it to have an opinion before.
#
# There are two ways to find out.
# The first is to teach it to answer early: in training, stop each image at a random row, and take the loss there.

# %%
class AnytimeReader(RowReader):
    """A row reader that is trained to answer after any row."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (N, 10): in training after a row drawn for each image."""
        if not self.training:
            return super().forward(images)
        count, rows = len(images), images.shape[2]
        stops = torch.randint(rows, (count,), device=images.device)
        everyone = torch.arange(count, device=images.device)
        return self.head(self.read(images)[everyone, stops])


# %% [markdown]
# This *talkative* reader starts from the weights that we have and trains for one more epoch, and a copy of it for yet another.
# To be fair, the *silent* reader, asked at the end only, trains for one more epoch as well.

# %%
def train_more(model, start):
    torch.manual_seed(0)
    model.to(device).load_state_dict(start.state_dict())
    fit(nn.Sequential(Jitter(), model), training, validation, epochs=1, lr=3e-3)
    return model

def right_at_the_end(model):
    return (predict(model, validation).argmax(dim=1) == labels).float().cpu()

silent = train_more(RowReader(), readers[0])
talkative = train_more(AnytimeReader(), readers[0])
longer = train_more(AnytimeReader(), talkative)
ends = [right_at_the_end(model) for model in (silent, talkative, longer)]
for name, end in zip(["silent", "talkative", "talkative, longer"], ends):
    print(f"{name}: {end.mean():.2%} after the last row")
for name, end in zip(["talkative", "talkative, longer"], ends[1:]):
    lag = 100 * (ends[0] - end)  # in points, per digit
    low, high = interval(lag, writers.cpu())
    print(f"{name}: {lag.mean():.2f} points behind silent, "
          f"from {low:.2f} to {high:.2f}")


# %% [markdown]
# The second way is to teach it nothing.
# Leave every weight as it is, and after each row fit a new last layer to the hidden states that 10,000 training digits leave there.
# Such a layer is called a *linear probe* ([Alain and Bengio, 2016](https://arxiv.org/abs/1610.01644)).
# It can only weigh and add the numbers of a state, so what it reads was there to be read.
# It is fitted by *least squares*, which needs no training loop.

# %%
@torch.inference_mode()
def probe(model: RowReader, digits: TensorDataset, images: Tensor) -> Tensor:
    """Score images by a last layer per row, by least squares: (N, rows, 10).

    The model stays as it is: a linear probe (Alain and Bengio, arXiv 1610.01644).
    """
    known, asked = (  # (rows, N, hidden + 1), with a one for the bias
        F.pad(model.read(each), (0, 1), value=1.0).swapaxes(0, 1)
        for each in (digits.tensors[0], images)
    )
    wanted = F.one_hot(digits.tensors[1], 10).float().expand(len(known), -1, -1)
    layers = torch.linalg.lstsq(  # on the CPU: states of the first rows are dependent
        known.cpu(), wanted.cpu(), driver="gelsy"
    ).solution  # (rows, hidden + 1, 10)
    return (asked @ layers.to(asked.device)).swapaxes(0, 1)


# %%
def accuracy_by_row(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the accuracy after each row, (rows,), from scores, (N, rows, 10)."""
    return (scores.argmax(dim=2) == labels.unsqueeze(1)).float().mean(dim=0)


# %% [markdown]
# For comparison we bring back the nearest mean of Part I, and let it see as many rows.

# %% tags=["hide-input"]
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


# %%
means = mean_digits(*training.tensors[:2])
by_mean = [nearest(images[:, :, :r], means[:, :, :r]) == labels for r in range(1, 29)]
shown = TensorDataset(*training[:10_000])
always, probed = beliefs(talkative, images), probe(silent, shown, images)
curves = {
    "talkative": accuracy_by_row(always, labels),
    "silent": accuracy_by_row(beliefs(silent, images), labels),
    "silent, probed": accuracy_by_row(probed, labels),
    "nearest mean": torch.stack(by_mean).float().mean(dim=1),
}
curves = {name: curve.cpu() for name, curve in curves.items()}
half_way = [(each[:, 13].argmax(dim=1) == labels).float() for each in (probed, always)]
gap = interval((half_way[0] - half_way[1]).cpu(), writers.cpu())
taught = (probe(talkative, shown, images)[:, 13].argmax(dim=1) == labels).float()
behind = interval((taught - half_way[0]).cpu(), writers.cpu())
untrained = accuracy_by_row(probe(fresh(RowReader), shown, images), labels).cpu()
ninety = {name: int((each >= 0.9).int().argmax()) + 1 for name, each in curves.items()}
plot_by_row(curves, (images - images.min()).mean(dim=(0, 1, 3)).cpu())
plt.show()

# %% [markdown]
# This is the figure I would keep of the whole post.
# The silent reader reaches nine digits in ten after 23 rows, the talkative one after 17.
# Half way down, after 14 rows, they read 30% and 85%, and the nearest mean reads 69%.
#
# Now the third curve.
# Probed, with its memory untouched, the silent reader reads 85.4% half way: what tells the digit was in its memory, and its own last layer could hardly read it.
# The difference from the talkative reader lies between -0.3 and +1.2 points, by writer.
# That comparison favours the probe, which has a last layer of its own for each row.
# Given the same, the talkative reader reads 87.6%: teaching it to answer early put a little more into its memory, and the silent one is behind by between 1.6 and 2.9 points.
# And not all of it is learnt: an LSTM with random weights, probed, reads 73% half way.
# But that does not last: after the last row it reads 66%, and the trained one 98.0%.
#
# What does it cost to be taught to answer early?
# After the last row the talkative reader reads 96.9%, the silent one 98.2%.
# With one epoch more, the talkative reader has 97.2%: that closes only a part of the gap.
# All of this is about one network from one seed: the intervals say what other writers would change, and nothing about other seeds.

# %% tags=["hide-input"]
early = beliefs(talkative, one)[0].cpu()
plot_beliefs(images[example], early)
plt.show()


# %% [markdown]
# After 14 rows, where the reader of [the first figure like this](#a-network-that-reads) said 0 at 29%, the talkative reader says 9 at 65%.
#
# ### Which digit is told first?
#
# **Detour.** A look at single digits; the path goes on at [The comparison](#the-comparison).
#
# For each digit we count how many rows it takes until the answer of the talkative reader no longer changes.

# %%
def rows_needed(probabilities: Tensor) -> Tensor:
    """Count the rows after which the answer no longer changes, (N,), from 1 to all."""
    answers = probabilities.argmax(dim=2)  # (N, rows)
    undecided = answers != answers[:, -1:]
    rows = torch.arange(1, answers.shape[1] + 1, device=answers.device)
    return 1 + (undecided * rows).amax(dim=1)


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
needed = rows_needed(always).cpu()
medians = torch.stack([needed[labels.cpu() == digit].median() for digit in range(10)])
plot_rows_needed(needed, labels.cpu())
plt.show()


# %% [markdown]
# Earliest, after 6 rows by the median, comes 1.
# Latest, after 15 rows, comes 2.
# That says less than it seems: an answer that stays counts from the row on which it was first given, however unsure it was.
#
# ## Other ways to read
#
# **Detour.** How much the order of the rows matters; the path goes on at [The comparison](#the-comparison).
#
# Does it matter in which order a network reads?
# We try columns instead of rows, from the bottom up, the rows shuffled (the same way for every digit, in five different ways), and shuffled in blocks of four, which keeps most neighbours together.

# %%
def rearrange(digits: TensorDataset, way: Callable[[Tensor], Tensor]) -> TensorDataset:
    """Rearrange all images in the same way; everything else stays."""
    images, *rest = digits.tensors
    return TensorDataset(way(images), *rest)


# %%
def shuffle_rows(images: Tensor, seed: int = 0, block: int = 1) -> Tensor:
    """Reorder the rows of all images in the same random way, in blocks of `block`."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(images.shape[2] // block, generator=generator)
    rows = torch.arange(images.shape[2]).reshape(-1, block)[order].flatten()
    return images[:, :, rows.to(images.device)]


# %%
ways = {
    "rows": lambda images: images,
    "columns": lambda images: images.transpose(2, 3),
    "upwards": lambda images: images.flip(2),
    "blocks of 4": lambda images: shuffle_rows(images, block=4),
    "shuffled": shuffle_rows,
}
arranged = torch.cat([way(one) for way in ways.values()])
plot_digits(arranged, titles=list(ways), columns=5)
plt.show()


# %% [markdown]
# Write down two guesses: how will it do from the bottom up, and with the rows shuffled?

# %%
def score(way, seed):
    digits, judges = rearrange(few, way), rearrange(third, way)
    return train(kinds["LSTM"], seed, digits, judges, lr=best_lr["LSTM"])[1]

by_way = {"rows": by_kind["LSTM"]}
for name in ("columns", "upwards"):
    by_way[name] = [score(ways[name], seed) for seed in range(3)]
for name, block in (("blocks of 4", 4), ("shuffled", 1)):  # another order for each seed
    by_way[name] = []
    for order in range(5):
        way = lambda images: shuffle_rows(images, order, block)
        by_way[name].append(score(way, order))
average = {name: sum(seeds) / len(seeds) for name, seeds in by_way.items()}
plot_spread(by_way)
plt.show()

# %% [markdown]
# Rows give 88.0%, columns 91.1%, upwards 89.6%, blocks of four 86.1%, and shuffled rows 82.7%.
# In these few seeds, reading from the bottom up was no worse, and columns were best; the dots show how much seeds differ.
# Shuffling raises the error, but less than I expected, for pictures that you and I cannot read.
# Blocks, which keep most neighbours together, lie in between.
# The five shuffles, each with a seed of its own, differ by up to 3.9 points among themselves, and three seeds of rows in order by up to 2.0: one shuffle alone would have told us little.
# The MLP of Part I has no such preference: shuffling its inputs only renames its weights, as exercise 3 of Part II shows.
#
# But the order is fixed once it is learnt:

# %%
confused = evaluate(readers[0], rearrange(validation, shuffle_rows)).accuracy
print(f"trained on rows in order, asked about shuffled rows: {confused:.0%}")


# %% [markdown]
# ## Traps
#
# **Detour.** Four mistakes that PyTorch does not report, reports elsewhere, or hides in a warning; the path goes on at [The comparison](#the-comparison).
#
# **`batch_first` forgotten.**
# By default a recurrent layer takes the *first* axis for the steps.
# No error, no warning, and shapes that look right.
# The test: change one image of a batch, and see whether the answer to its neighbour changes.

# %%
def neighbour_matters(layer):
    torch.manual_seed(0)
    batch = torch.randn(128, 28, 28)
    changed = batch.clone()
    changed[0] = 0  # another first image
    before, after = layer(batch)[0], layer(changed)[0]
    return not torch.equal(before[1], after[1])  # of the second image

print("with:   ", neighbour_matters(nn.LSTM(28, 64, batch_first=True)))
print("without:", neighbour_matters(nn.LSTM(28, 64)))

# %% [markdown]
# **A state that is carried along.**
# For long texts, one keeps the hidden state of one batch for the next.
# It brings its history with it:

# %% tags=["raises-exception", "active-ipynb"]
# gru = nn.GRU(28, 64, batch_first=True)
# state = None
# for batch in torch.randn(256, 28, 28).split(128):
#     states, state = gru(batch, state)
#     states.sum().backward()

# %% [markdown]
# The second `backward()` wants to go back through the first batch as well.
# Do not set `retain_graph=True`, as the message suggests; write `state.detach()`, which keeps the numbers and forgets how they were computed.
#
# **Dropout that drops nothing.**
# `nn.LSTM(dropout=…)` drops *between* layers, and with one layer there is no between:

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    layer = nn.LSTM(28, 64, dropout=0.9, batch_first=True)
print(str(caught[0].message).split(",")[0])
batch = torch.randn(8, 28, 28)
first, second = layer(batch)[0], layer(batch)[0]
print("two passes in training mode agree:", torch.equal(first, second))

# %% [markdown]
# **Squeezed once too often.**
# `squeeze()` without an axis drops *every* axis of length one, so a batch of one image loses its batch:

# %%
for count in (2, 1):
    states, _ = nn.LSTM(28, 64, batch_first=True)(images[:count].cpu().squeeze())
    print(count, "image(s): states", [*states.shape], "last", [*states[:, -1].shape])


# %% [markdown]
# ## The comparison
#
# The LSTM trains more slowly than the MLP.
# How much of that is more work, and how much is reading one row after the other?

# %%
def milliseconds(build, rounds=30):
    model = build().to(device)
    optimizer = torch.optim.AdamW(model.parameters(), fused=True)
    for step in range(rounds + 5):
        if step == 5:  # the first steps are slower
            start = clock()
        train_step(model, images[:128], labels[:128], optimizer)
    return 1000 * (clock() - start) / rounds

class SlowReader(RowReader):
    def read(self, images):  # the same steps, in Python
        hidden = cell = images.new_zeros(len(images), 64)
        states = []
        for row in images.squeeze(1).unbind(dim=1):
            hidden, cell = lstm_step(self.rnn, row, hidden, cell)
            states.append(hidden)
        return torch.stack(states, dim=1)

work = {"MLP": 784 * 512 + 512 * 10, "LSTM": 28 * 4 * 64 * (28 + 64) + 64 * 10}
print(f"multiplications per image: {work['MLP']:,} and {work['LSTM']:,}")

# %% tags=["nbval-ignore-output"]
for name, build in [("MLP", MLP), ("LSTM", RowReader), ("LSTM in Python", SlowReader)]:
    print(f"{name}: {milliseconds(build):.1f} ms per step of training")

# %% [markdown]
# The LSTM does 1.6 times the multiplications of the MLP, and in smaller pieces, since no row can start before the one above is done.
# `nn.LSTM` runs its loop in compiled code, which is faster than the same loop in Python, but there are still 28 steps, one after the other.
# Going by multiplications alone, the LSTM would take clearly less time than it does; the rest is, I think, the price of so many small steps and of its sigmoids and tangents.
#
# All choices are made.
# Now the test digits, measured as in Part II; the folds hold the rows of its table, as its page printed them, with the mistakes of each writer's digits.

# %% tags=["hide-output"]
test = normalise(load_digits("data", train=False), mean, std, device)
part_3 = [measure("LSTM + aug.", readers, test, epochs=3)]
print(as_code("part_3", part_3))

# %% tags=["hide-input"]
part_2 = [
    Measured('MLP', 407050, 5, (98.29, 98.22, 98.12, 98.3, 98.34), 97.89, 98.6, 0.0599,
        0.56, 0.2, 0.51, 75.9, 1.0,
        '000550>:4Q5010J5:10020300211;0<590000@00205GO=5000020230001240001209001051'
        '<090A5:08E4113006000<20050;2405040100000030116008005105010020>10<005;00009'
        '008200003:000001305000095006050040105003007010004000980005008400;360072002'
        '378000005005:0300039:00D11F00050302010@65090007620203000090000100000800814'
        '0'),
    Measured('MLP + aug.', 407050, 5, (98.59, 98.67, 98.67, 98.52, 98.65), 98.33, 98.9,
        0.0423, 0.22, 0.22, -0.13, 81.3, 1.0,
        '033050549W1000E6410020400010;0>591000>00307@B61000040130004420000008000052'
        ';040=461:?044000420070100091409040401010005005106010005040310>009015100008'
        '00200000050010003050000760030300401000050060000050437200030080008232051004'
        '146000016100:0100003900<23600090007000=65060006520001020060000000000500712'
        '0'),
    Measured('CNN + BN + aug.', 34586, 2, (99.28, 99.23, 99.08, 99.25, 99.2), 99.0,
        99.4, 0.0241, 0.18, 0.14, 0.09, 75.1, 0.7,
        '004000110;3000L2500000100030118520000600007B702011050000002100000003000005'
        '5000808000140101500010200040002030100000000008002000008010000;007144100000'
        '0010000005300000602000018002102040200002001100004101:500000040100381034012'
        '03300001500050100001500400200132002000;05140001210011000000000110300400411'
        '0'),
    Measured('CNN + BN + aug., ensemble', 172930, 2, (99.5,), 99.32, 99.67, 0.0183,
        0.39, 0.15, -0.39, 77.2, 0.9,
        '00000000010000401000000000000011000001000014100000010000000000000000000001'
        '10001020000100001000000000100000000000000000010000000020000000002001000000'
        '00000000011000001000000010000000100000000000000000001100000010000120011000'
        '00000000100010000000100000000000000000201010000000000000000000000000000000'
        '0'),
]

# %% tags=["hide-input"]
part_2_seconds = {
    "MLP": 9.3,
    "MLP + aug.": 13.1,
    "CNN + BN + aug.": 10.4,
    "CNN + BN + aug., ensemble": 51.8
}

# %% tags=["hide-output", "nbval-ignore-output"]
part_3_seconds = {"LSTM + aug.": round(lstm_seconds, 1)}
print(f"{part_3_seconds = }")

# %% tags=["nbval-ignore-output"]
compare(part_2 + part_3, part_2_seconds | part_3_seconds)

# %%
lstm, test_writers = part_3[0], test.tensors[2].cpu()
for other in part_2:
    gain, low, high = lead(other, lstm, test_writers)
    print(f"{other.name} minus {lstm.name}: {gain:+.2f} points, "
          f"from {low:+.2f} to {high:+.2f}")
accuracy = {row.name: sum(row.accuracies) / 5 for row in part_2[:3] + part_3}

# %% [markdown]
# With 16 times fewer parameters than the MLP, the reader of rows reads 98.38 % of the test digits, the MLP with the same augmentation 98.62 %, and the CNN 99.21 %.
# The lines above compare them on the same digits, digit by digit, with writers resampled: an interval that holds zero leaves open which of the two is better.
# None of this is a race between architectures, since the epochs differ, as the table says.
# What was said in Part II holds here too: earlier versions of this page were scored on these test digits, and the layout of the network and the bias of the forget gate come from those versions; width and learning rate were chosen on validation digits.
# The seconds are those of one core of the machine that built these pages; read them as an order of magnitude.
#
# ## Exercises
#
# **1. Count the weights of the LSTM by hand.**
# It has 28 inputs, `hidden` numbers in each state, and four sets of weights; PyTorch keeps two biases for each set.
# Do not forget the last layer.

# %% tags=["hide-input", "hide-output"]
hidden = 64
by_hand = 4 * (28 * hidden + hidden * hidden + 2 * hidden) + 10 * hidden + 10
print(f"by hand {by_hand:,}, by PyTorch {count_parameters(readers[0]):,}")

# %% [markdown]
# **2. Stop when sure.**
# Let the talkative reader answer as soon as it gives one digit a probability of at least 0.95.
# How many rows does it read on average, and what does the haste cost?

# %% tags=["hide-input", "hide-output"]
sure = (always.amax(dim=2) >= 0.95).int()
stops = torch.where(sure.any(dim=1), sure.argmax(dim=1), 27)  # the first sure row
hasty = always[torch.arange(len(labels)), stops].argmax(dim=1)
read, right = (stops + 1).float().mean(), (hasty == labels).float().mean()
print(f"{read:.1f} rows on average, {right:.2%}")
print(f"all 28 rows: {(always[:, 27].argmax(dim=1) == labels).float().mean():.2%}")

# %% [markdown]
# **3. Read upside down.**
# Turn the page by half a turn and ask a trained reader (`rearrange` is from [Other ways to read](#other-ways-to-read)).
# Which digits survive? Guess first.

# %% tags=["hide-input", "hide-output"]
turned = rearrange(validation, lambda images: images.rot90(2, (2, 3)))
right = (predict(readers[0], turned).argmax(dim=1) == labels).float()
shares = [right[labels == digit].mean() for digit in range(10)]
print(" ".join(f"{digit}: {share:.0%}" for digit, share in enumerate(shares)))

# %% [markdown]
# **4. Read in both directions.**
# `bidirectional=True` adds a second reader that goes from the bottom up, and puts its states beside those of the first.
# Why is `states[:, -1]` a trap now? Change the first row, and see which half of it changes.

# %% tags=["hide-input", "hide-output"]
torch.manual_seed(0)
both = nn.LSTM(28, 64, batch_first=True, bidirectional=True)
page = torch.randn(1, 28, 28)
other = page.clone()
other[:, 0] = 0  # another first row
before, after = both(page)[0][0, -1], both(other)[0][0, -1]
print("the last state of the first reader changes:", not before[:64].equal(after[:64]))
print("that of the second, from below:", not before[64:].equal(after[64:]))
# The second reader has read one row there. Its full reading is states[:, 0, 64:].

# %% [markdown]
# ## What we learnt, over three parts
#
# - **Measure before you believe.**
#   Baselines, a split by writer, several seeds and intervals: where a claim of this series lacks one of them, be careful with it.
# - **What a network is told about its input can replace weights.**
#   The CNN shares weights over space, the reader of rows over time.
# - **Change one thing at a time.**
#   Convolution, batch norm and augmentation each could have claimed the credit of the others.
# - **What a network does not say, it may still hold.**
#   Half way down the page a new last layer read most digits from the silent reader's memory; its own read far fewer.
# - **A gradient that does not arrive teaches nothing.**
#   Gates let it arrive, a good start lets it arrive from the first step on, and [clipping](#clipping-the-gradient) catches it when it is too large.
#
# Images are still not sequences.
# But text and speech are, and most of what reads them today is built on [attention](https://arxiv.org/abs/1706.03762), which began as a way [to let a recurrent network look back](https://arxiv.org/abs/1409.0473) instead of remembering; in PyTorch it is `nn.MultiheadAttention`.
# You now know the problem that it was invented to solve.
#
# All our networks so far live in Python; in Part IV one of them leaves it, and reads what you draw on the page.
#
# ## Terms
#
# The terms, each with a link to the section that explains it.
#
# | term | explained in |
# |---|---|
# | accuracy | [Part I, What is the MNIST dataset?](/mnist-classifier-with-pytorch-part-1/#what-is-the-mnist-dataset) |
# | attention | [Part III, What we learnt, over three parts](#what-we-learnt-over-three-parts) |
# | augmentation | [Part II, Augmentation](/mnist-classifier-with-pytorch-part-2/#augmentation) |
# | autocast, `torch.compile` | [Part II, The test digits](/mnist-classifier-with-pytorch-part-2/#the-test-digits) |
# | backpropagation | [Part I, Gradient descent on one weight](/mnist-classifier-with-pytorch-part-1/#gradient-descent-on-one-weight) |
# | backpropagation through time | [Part III, Where the gradient gets lost](#where-the-gradient-gets-lost) |
# | baseline | [Part I, A baseline to beat](/mnist-classifier-with-pytorch-part-1/#a-baseline-to-beat) |
# | batch norm, running statistics | [Part II, The network](/mnist-classifier-with-pytorch-part-2/#the-network) |
# | batch, epoch | [Part I, Cut into batches](/mnist-classifier-with-pytorch-part-1/#cut-into-batches) |
# | bias, parameter | [Part I, The model](/mnist-classifier-with-pytorch-part-1/#the-model) |
# | bootstrap interval | [Part I, The test set](/mnist-classifier-with-pytorch-part-1/#the-test-set) |
# | buffer | [Part II, Augmentation](/mnist-classifier-with-pytorch-part-2/#augmentation) |
# | calibration, overconfident, negative log-likelihood | [Part II, Confidence and accuracy](/mnist-classifier-with-pytorch-part-2/#confidence-and-accuracy) |
# | channel, padding, stride, pooling | [Part II, Channels, padding, stride, pooling](/mnist-classifier-with-pytorch-part-2/#channels-padding-stride-pooling) |
# | clipping | [Part III, Clipping the gradient](#clipping-the-gradient) |
# | CNN | [Part II, The network](/mnist-classifier-with-pytorch-part-2/#the-network) |
# | confidence | [Part II, Confidence and accuracy](/mnist-classifier-with-pytorch-part-2/#confidence-and-accuracy) |
# | confusion matrix | [Part I, What it gets wrong](/mnist-classifier-with-pytorch-part-1/#what-it-gets-wrong) |
# | convolution | [Part II, Convolution by hand](/mnist-classifier-with-pytorch-part-2/#convolution-by-hand) |
# | corruption, robustness | [Part II, How the models are compared](/mnist-classifier-with-pytorch-part-2/#how-the-models-are-compared) |
# | cross-entropy, softmax | [Part I, The loss](/mnist-classifier-with-pytorch-part-1/#the-loss) |
# | device | [Part I, Normalise the images](/mnist-classifier-with-pytorch-part-1/#normalise-the-images) |
# | dropout, ReLU, linear layer, logits | [Part I, The model](/mnist-classifier-with-pytorch-part-1/#the-model) |
# | embedding, principal components | [Part II, What it has learnt](/mnist-classifier-with-pytorch-part-2/#what-it-has-learnt) |
# | ensemble | [Part II, An ensemble of the seeds](/mnist-classifier-with-pytorch-part-2/#an-ensemble-of-the-seeds) |
# | equivariance, invariance | [Part II, Convolution by hand](/mnist-classifier-with-pytorch-part-2/#convolution-by-hand) |
# | gradient, gradient descent, learning rate | [Part I, Gradient descent on one weight](/mnist-classifier-with-pytorch-part-1/#gradient-descent-on-one-weight) |
# | GRU, update gate, reset gate | [Part III, What a gate does](#what-a-gate-does) |
# | hidden state, unrolled | [Part III, Rows as time steps](#rows-as-time-steps) |
# | hyperparameter | [Part I, Choose the hyperparameters](/mnist-classifier-with-pytorch-part-1/#choose-the-hyperparameters) |
# | input, forget and output gate | [Part III, What a gate does](#what-a-gate-does) |
# | kernel, feature map, weight sharing | [Part II, Convolution by hand](/mnist-classifier-with-pytorch-part-2/#convolution-by-hand) |
# | linear probe, least squares | [Part III, What it believes, row by row](#what-it-believes-row-by-row) |
# | loss, weights | [Part I, Gradient descent on one weight](/mnist-classifier-with-pytorch-part-1/#gradient-descent-on-one-weight) |
# | LSTM, cell state, candidate, sigmoid | [Part III, What a gate does](#what-a-gate-does) |
# | MLP | [Part I, The model](/mnist-classifier-with-pytorch-part-1/#the-model) |
# | momentum, weight decay, scheduler | [Part I, Train and evaluate](/mnist-classifier-with-pytorch-part-1/#train-and-evaluate) |
# | normalisation | [Part I, Normalise the images](/mnist-classifier-with-pytorch-part-1/#normalise-the-images) |
# | optimizer, AdamW | [Part I, Train and evaluate](/mnist-classifier-with-pytorch-part-1/#train-and-evaluate) |
# | orthogonal start | [Part III, RNN, GRU and LSTM in the same loop](#rnn-gru-and-lstm-in-the-same-loop) |
# | overfitting | [Part I, Choose the hyperparameters](/mnist-classifier-with-pytorch-part-1/#choose-the-hyperparameters) |
# | receptive field | [Part II, Exercises](/mnist-classifier-with-pytorch-part-2/#exercises) |
# | RNN | [Part III, One step by hand](#one-step-by-hand) |
# | seed | [Part I, Three sets, split by writer](/mnist-classifier-with-pytorch-part-1/#three-sets-split-by-writer) |
# | tensor | [Part I, What is the MNIST dataset?](/mnist-classifier-with-pytorch-part-1/#what-is-the-mnist-dataset) |
# | test-time adaptation | [Part II, What batch norm does to noise](/mnist-classifier-with-pytorch-part-2/#what-batch-norm-does-to-noise) |
# | training, validation and test digits | [Part I, Three sets, split by writer](/mnist-classifier-with-pytorch-part-1/#three-sets-split-by-writer) |
# | vanishing gradient | [Part III, Where the gradient gets lost](#where-the-gradient-gets-lost) |
