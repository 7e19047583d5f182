# %% [markdown]
# # MNIST Classifier with Pytorch [Part V]

# %% [markdown]
# The networks of this series train in seconds, and nobody needs them faster.
# But speed is where the most advice is given and the least is measured, and a network this small can be trained a hundred times, so that a claim about speed can have an interval.
# In this part we take a plain training loop, change one thing at a time, and time each change from ten seeds, those that do not pay included.
# Then we leave the single process: two of them train one network, one of them is killed in the middle, and the training goes on as if nothing had happened.
#
# Two kinds of numbers are on this page, and I keep them apart.
# The *trials* take longer than a page may, so a script ran them beforehand, with all instructions of the machine, on the day and with the versions that their file names.
# All else is run by this page, with the older instructions that all parts use.
# Both use one thread per training.
#
# The blocks run when you paste them, from top to bottom.
# Boxes mark detours.
# Running everything takes a few minutes.
#
# ## What counts
#
# The folded blocks hold what we need from Parts I and II.

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


# %%
import inspect
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

from torch.utils.data import DistributedSampler

cpu = torch.device("cpu")
mnist = datasets.MNIST("data", train=True, download=True)
whole = TensorDataset(mnist.data, mnist.targets, load_writers("data", train=True))
digits, held_out = split_by_writer(whole)
digits = TensorDataset(*digits.tensors[:2])  # bytes and labels


# %% tags=["hide-input"]
def stage(convolution: nn.Conv2d, *, pool: bool, norm: bool) -> nn.Sequential:
    """Build one stage: convolve, pool if asked to, normalise if asked to, ReLU."""
    layers: list[nn.Module] = [convolution]
    if pool:
        layers.append(nn.MaxPool2d(2))  # before norm and ReLU, to save work
    if norm:
        layers.append(nn.BatchNorm2d(convolution.out_channels))
    return nn.Sequential(*layers, nn.ReLU())


class CNN(nn.Module):
    """Four stages of convolution, then two linear layers."""

    def __init__(
        self, channels: Sequence[int] = (8, 16, 32, 32), *, norm: bool = True
    ) -> None:
        """Create the layers; batch norm can be left out."""
        super().__init__()
        a, b, c, d = channels
        self.stages = nn.Sequential(
            stage(nn.Conv2d(1, a, 5), pool=True, norm=norm),  # (N, a, 12, 12)
            stage(nn.Conv2d(a, b, 3), pool=True, norm=norm),  # (N, b, 5, 5)
            stage(nn.Conv2d(b, c, 3, padding=1), pool=False, norm=norm),  # (N, c, 5, 5)
            stage(nn.Conv2d(c, d, 3), pool=False, norm=norm),  # (N, d, 3, 3)
        )
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(9 * d, 64), nn.ReLU(), nn.Dropout(0.2)
        )  # (N, 64)
        self.head = nn.Linear(64, 10)
        self.to(memory_format=torch.channels_last)  # the fastest order on CPUs

    def embed(self, images: Tensor) -> Tensor:
        """Return what the network has made of images before the last layer, (N, 64)."""
        return self.body(self.stages(images))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        return self.head(self.embed(images))


# %% [markdown]
# A race needs rules before it starts.
#
# - **The target** is an accuracy on [validation digits of unseen writers](/mnist-classifier-with-pytorch-part-1/#three-sets-split-by-writer), as all choices in this series are.
#   I wanted 99 in a hundred, but the plain loop does not get there within its epochs, and a race that one side does not end compares nothing.
#   So the target is 98.5, and [a table of its own](#what-99-costs) shows the race to 99.
# - **The clock** runs from bytes in memory to the evaluation that finds the target reached.
#   Converting the bytes counts; compiling is timed apart, and given with and without.
#   It counts the seconds that the processor spends on our one thread, so that other programs do not count.
# - **Evaluations**, eight per epoch, are outside the clock.
#   The best of many looks is partly luck, but every rung has the same eight.
# - **Ten seeds** per rung, and all of them are in the file; one that does not arrive counts as never.
#   We compare medians, which do not mind a *never*, with intervals, and each rung with the one before it by seed.
#
# A *rung* is a set of choices.
# Its defaults are the plain loop as most tutorials write it: images converted one at a time, batches of 64, and Adam (as AdamW) at its usual rate.

# %%
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset
from torchvision.transforms import v2

Network = Callable[[Tensor], Tensor]  # from images, (N, 1, 28, 28), to logits, (N, 10)
Train = Callable[[Tensor, Tensor], None]  # from images, (N, 1, 28, 28), and labels
MEAN, STD = 0.1307, 0.3081  # of MNIST's pixels, as in Part I


@dataclass(frozen=True)
class Rung:
    """How a network is trained; what is left as it is here is the plain loop."""

    name: str = "plain loop"
    in_memory: bool = False  # all digits as one tensor, or an image at a time
    fused: bool = False  # the optimiser updates all weights in one pass
    channels_last: bool = False  # the channels of a pixel lie side by side
    batch: int = 64
    lr: float = 1e-3  # the highest, where there is a schedule
    one_cycle: bool = False  # up from lr / 25, then down to nearly nothing
    epochs: float = 4  # the length of the schedule, and the end of any race
    bfloat16: bool = False  # 16 bits instead of 32 in convolutions and linear layers
    compiled: bool = False  # torch.compile
    one_launch: bool = False  # a GPU repeats a whole step by itself: a CUDA graph
    smoothing: float = 0  # of labels: this share goes to all digits alike
    target: float = 98.5  # percent of the validation digits
    dropout: float = 0.2  # of the 64 values before the last layer


class Trial(NamedTuple):
    """One training from one seed: a row in the file of trials."""

    rung: str
    seed: int
    seconds: float  # of training; compilation and evaluations are not in it
    compilation: float  # its seconds, or those that a GPU needs to load its libraries
    steps: int
    epochs: float
    accuracy: float  # of the last evaluation, on validation digits
    reached: bool  # whether that is the target


# %% tags=["hide-input"]
class OneByOne(Dataset[tuple[Tensor, int]]):
    """Digits as most tutorials load them: converted one at a time, when asked for."""

    def __init__(self, pixels: Tensor, labels: Tensor) -> None:
        """Keep bytes, (N, 28, 28), and labels, (N,)."""
        self.pixels, self.labels = pixels.numpy(), labels
        steps = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True)]
        self.transform = v2.Compose([*steps, v2.Normalize([MEAN], [STD])])

    def __len__(self) -> int:
        """Return the number of digits."""
        return len(self.labels)

    def __getitem__(self, place: int) -> tuple[Tensor, int]:
        """Return an image, (1, 28, 28), and its label."""
        image = Image.fromarray(self.pixels[place])
        return self.transform(image), int(self.labels[place])


def stream(
    rung: Rung, digits: TensorDataset, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a rung's batches without end, from bytes, (N, 28, 28), and labels."""
    pixels, labels = digits.tensors
    if not rung.in_memory:
        loader = DataLoader(OneByOne(pixels, labels), rung.batch, shuffle=True)
        while True:
            for images, answers in loader:
                yield images.to(device), answers.to(device)
    images = (pixels.to(device).unsqueeze(1) / 255 - MEAN) / STD
    labels = labels.to(device)
    while True:
        for rows in torch.randperm(len(labels), device=device).split(rung.batch):
            if len(rows) == rung.batch:  # all batches are of one size
                yield images[rows], labels[rows]


def step_loss(rung: Rung, network: Network, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean loss of a batch, in the precision of the rung."""
    device = images.device.type
    with torch.autocast(device, torch.bfloat16, enabled=rung.bfloat16):
        logits = network(images)
        return F.cross_entropy(logits, labels, label_smoothing=rung.smoothing)


def build(rung: Rung, device: torch.device) -> tuple[CNN, Network]:
    """Return Part II's network, and what to call in training: itself, or compiled."""
    model = CNN().to(device)
    model.body = nn.Sequential(*model.body[:-1], nn.Dropout(rung.dropout))
    if not rung.channels_last:
        model.to(memory_format=torch.contiguous_format)
    return model, torch.compile(model) if rung.compiled else model


def step_function(
    rung: Rung, network: Network, optimizer: torch.optim.Optimizer
) -> Train:
    """Return what trains on a batch."""

    def step(images: Tensor, labels: Tensor) -> None:
        loss = step_loss(rung, network, images, labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def warm_up(
    rung: Rung, step: Train, model: CNN, optimizer: torch.optim.Optimizer
) -> Train:
    """Take three steps and undo them: a network is compiled, a GPU's libraries loaded.

    Returns the step, or for `one_launch` what makes the GPU repeat it.
    """
    device = next(model.parameters()).device
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    images = torch.randn(rung.batch, 1, 28, 28, device=device)
    labels = torch.zeros(rung.batch, dtype=torch.long, device=device)
    aside = torch.cuda.Stream() if rung.one_launch else None  # noting asks for that
    with torch.cuda.stream(aside):
        for _ in range(3):
            step(images, labels)
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.load_state_dict(before)
    for state in optimizer.state.values():
        for tensor in state.values():
            tensor.zero_()
    if not rung.one_launch:
        return step
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):  # notes what the step launches, and runs nothing
        step(images, labels)

    def launch(new_images: Tensor, new_labels: Tensor) -> None:
        images.copy_(new_images)  # where the noted step reads
        labels.copy_(new_labels)
        graph.replay()

    return launch


def rates(
    rung: Rung, optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """Return the schedule of the learning rate: one cycle, or constant.

    One cycle moves the first beta as well, which a GPU cannot read in one launch.
    """
    if rung.one_cycle:
        beta = not rung.one_launch
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer, rung.lr, steps + 1, cycle_momentum=beta
        )
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1)


def now(device: torch.device) -> float:
    """Return a time in seconds: of a GPU, after all that it still has to do.

    On the CPU it is the time that the processor spent on this process, so that other
    programs do not count; with one thread, on an idle machine, a clock says the same.
    """
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def race(
    rung: Rung, seed: int, digits: TensorDataset, validation: TensorDataset
) -> Trial:
    """Train until one of eight evaluations per epoch finds the target reached.

    `digits` are bytes and labels; `validation` is normalised, and on the device.
    """
    device = validation.tensors[0].device
    torch.manual_seed(seed)
    began = time.perf_counter()
    model, network = build(rung, device)
    lr = torch.tensor(rung.lr, device=device) if rung.one_launch else rung.lr
    optimizer = torch.optim.AdamW(
        model.parameters(), lr, fused=rung.fused, capturable=rung.one_launch
    )
    epoch = len(digits) / rung.batch  # steps
    most = round(rung.epochs * epoch)
    schedule = rates(rung, optimizer, most)
    train = step_function(rung, network, optimizer)
    if rung.compiled or device.type == "cuda":
        train = warm_up(rung, train, model, optimizer)
    compilation = time.perf_counter() - began
    seconds, accuracy = -now(device), 0.0
    for step, (images, labels) in enumerate(stream(rung, digits, device), 1):
        train(images, labels)
        schedule.step()
        if step % round(epoch / 8) == 0 or step == most:
            seconds += now(device)
            accuracy = 100 * evaluate(model, validation).accuracy
            if accuracy >= rung.target or step == most:
                break
            model.train()
            seconds -= now(device)
    times = (round(seconds, 3), round(compilation, 1), step, round(step / epoch, 3))
    return Trial(rung.name, seed, *times, round(accuracy, 3), accuracy >= rung.target)


# %% [markdown]
# ## The ladder
#
# Each line makes one change to the rung before it.
# Two of these changes need several settings, because one would be wrong without the others.
# A one-cycle schedule can afford a higher peak than a constant rate, and it pays only if it ends early, so it comes with its own rate and length; and twice the batch means half as many steps, so the rate is doubled with it.
# What the table says of these two holds for the settings together.

# %%
from dataclasses import replace
from itertools import product
from typing import Any

# Each line changes the rung before it.
CHANGES: list[dict[str, Any]] = [
    {"name": "digits in memory", "in_memory": True},
    {"name": "fused optimiser", "fused": True},
    {"name": "channels last", "channels_last": True},
    {"name": "one-cycle schedule", "one_cycle": True, "lr": 5e-3, "epochs": 1},
    {"name": "batches of 128", "batch": 128, "lr": 1e-2},
    {"name": "label smoothing", "smoothing": 0.2},
    {"name": "no dropout", "dropout": 0.0},
    {"name": "shorter schedule", "epochs": 0.6},
    {"name": "bfloat16", "bfloat16": True},
    {"name": "torch.compile", "compiled": True},
]

LADDER = [Rung()]
for change in CHANGES:
    LADDER.append(replace(LADDER[-1], **change))
# Another race: to 99.0, from the plain loop, and from the last rung before compiling.
FARTHER = [
    replace(LADDER[0], name="plain loop to 99.0", target=99.0),
    replace(LADDER[-2], name="bfloat16 to 99.0", target=99.0, epochs=2, smoothing=0.1),
]
# On a GPU, to 99.0: what was searched through, the setting that was chosen, and the
# same without Python between the operations of a step.
SEARCH = [
    replace(FARTHER[1], name=f"{size} {lr} {epochs}", batch=size, lr=lr, epochs=epochs)
    for size, lr, epochs in product((256, 512, 1024), (0.01, 0.02, 0.04), (2, 3))
]
LARGE = replace(SEARCH[9], name="large batch to 99.0")
ON_A_GPU = [LARGE, replace(LARGE, name="one launch to 99.0", one_launch=True)]

# %% [markdown]
# `scripts/fast_trials.py`, in the repository of this site, runs `race` for all of them.
# The fold holds the file that it wrote, which is also [here for download](/assets/models/trials-cpu.csv).

# %% tags=["hide-input"]
CPU_TRIALS = """\
# command: python scripts/fast_trials.py --device cpu --seeds 10 --jobs 2
# date: 2026-11-26
# machine: AMD EPYC, one thread per trial; AVX512
# versions: Python 3.11.7, torch 2.15.0+cu132
rung,seed,seconds,compilation,steps,epochs,accuracy,reached
plain loop,0,27.497,0.0,1470,1.878,98.76,1
plain loop,1,26.64,0.0,1372,1.752,98.52,1
plain loop,2,25.117,0.0,1274,1.627,98.51,1
plain loop,3,20.566,0.0,1176,1.502,98.53,1
plain loop,4,28.294,0.0,1666,2.128,98.51,1
plain loop,5,28.94,0.0,1666,2.128,98.56,1
plain loop,6,23.795,0.0,1372,1.752,98.67,1
plain loop,7,33.269,0.0,2058,2.629,98.51,1
plain loop,8,18.402,0.0,1078,1.377,98.53,1
plain loop,9,26.554,0.0,1568,2.003,98.52,1
digits in memory,0,11.19,0.0,1176,1.502,98.6,1
digits in memory,1,15.297,0.0,1568,2.003,98.52,1
digits in memory,2,14.543,0.0,1470,1.878,98.58,1
digits in memory,3,16.676,0.0,1666,2.128,98.5,1
digits in memory,4,11.242,0.0,1078,1.377,98.52,1
digits in memory,5,12.326,0.0,1372,1.752,98.52,1
digits in memory,6,12.49,0.0,1470,1.878,98.72,1
digits in memory,7,13.561,0.0,1666,2.128,98.6,1
digits in memory,8,9.838,0.0,1176,1.502,98.5,1
digits in memory,9,9.779,0.0,1176,1.502,98.53,1
fused optimiser,0,10.617,0.0,1274,1.627,98.68,1
fused optimiser,1,12.137,0.0,1470,1.878,98.51,1
fused optimiser,2,12.485,0.0,1470,1.878,98.56,1
fused optimiser,3,13.963,0.0,1666,2.128,98.54,1
fused optimiser,4,8.746,0.0,1078,1.377,98.56,1
fused optimiser,5,9.673,0.0,1274,1.627,98.5,1
fused optimiser,6,10.945,0.0,1470,1.878,98.53,1
fused optimiser,7,12.809,0.0,1666,2.128,98.53,1
fused optimiser,8,12.119,0.0,1568,2.003,98.64,1
fused optimiser,9,10.4,0.0,1372,1.752,98.52,1
channels last,0,8.168,0.0,1274,1.627,98.61,1
channels last,1,8.282,0.0,1274,1.627,98.54,1
channels last,2,7.421,0.0,1274,1.627,98.51,1
channels last,3,9.15,0.0,1568,2.003,98.66,1
channels last,4,6.425,0.0,1078,1.377,98.55,1
channels last,5,10.248,0.0,1666,2.128,98.67,1
channels last,6,9.042,0.0,1470,1.878,98.54,1
channels last,7,9.995,0.0,1666,2.128,98.63,1
channels last,8,9.521,0.0,1568,2.003,98.52,1
channels last,9,7.222,0.0,1176,1.502,98.71,1
one-cycle schedule,0,4.298,0.0,686,0.876,98.73,1
one-cycle schedule,1,4.303,0.0,686,0.876,98.71,1
one-cycle schedule,2,4.181,0.0,686,0.876,98.51,1
one-cycle schedule,3,4.133,0.0,686,0.876,98.6,1
one-cycle schedule,4,5.166,0.0,783,1.0,98.26,0
one-cycle schedule,5,4.34,0.0,686,0.876,98.68,1
one-cycle schedule,6,3.741,0.0,588,0.751,98.5,1
one-cycle schedule,7,3.782,0.0,588,0.751,98.56,1
one-cycle schedule,8,4.239,0.0,686,0.876,98.62,1
one-cycle schedule,9,4.503,0.0,686,0.876,98.76,1
batches of 128,0,3.79,0.0,343,0.876,98.72,1
batches of 128,1,4.359,0.0,391,0.999,98.61,1
batches of 128,2,3.939,0.0,343,0.876,98.58,1
batches of 128,3,3.771,0.0,343,0.876,98.51,1
batches of 128,4,4.295,0.0,391,0.999,98.51,1
batches of 128,5,3.385,0.0,294,0.751,98.53,1
batches of 128,6,4.025,0.0,343,0.876,98.75,1
batches of 128,7,3.903,0.0,343,0.876,98.51,1
batches of 128,8,3.418,0.0,294,0.751,98.54,1
batches of 128,9,3.93,0.0,343,0.876,98.67,1
label smoothing,0,3.402,0.0,294,0.751,98.56,1
label smoothing,1,3.745,0.0,343,0.876,98.76,1
label smoothing,2,3.248,0.0,294,0.751,98.63,1
label smoothing,3,2.883,0.0,245,0.626,98.59,1
label smoothing,4,3.525,0.0,294,0.751,98.5,1
label smoothing,5,3.535,0.0,294,0.751,98.66,1
label smoothing,6,3.442,0.0,294,0.751,98.72,1
label smoothing,7,3.467,0.0,294,0.751,98.64,1
label smoothing,8,2.952,0.0,245,0.626,98.61,1
label smoothing,9,2.861,0.0,245,0.626,98.68,1
no dropout,0,3.388,0.0,294,0.751,98.69,1
no dropout,1,2.892,0.0,245,0.626,98.5,1
no dropout,2,3.419,0.0,294,0.751,98.74,1
no dropout,3,2.806,0.0,245,0.626,98.58,1
no dropout,4,2.758,0.0,245,0.626,98.52,1
no dropout,5,3.278,0.0,294,0.751,98.64,1
no dropout,6,3.213,0.0,294,0.751,98.84,1
no dropout,7,2.841,0.0,245,0.626,98.58,1
no dropout,8,3.456,0.0,294,0.751,98.95,1
no dropout,9,3.454,0.0,294,0.751,98.72,1
shorter schedule,0,2.393,0.0,196,0.501,98.63,1
shorter schedule,1,2.679,0.0,235,0.6,98.6,1
shorter schedule,2,2.235,0.0,196,0.501,98.62,1
shorter schedule,3,2.226,0.0,196,0.501,98.55,1
shorter schedule,4,2.314,0.0,196,0.501,98.56,1
shorter schedule,5,2.612,0.0,235,0.6,98.62,1
shorter schedule,6,2.71,0.0,235,0.6,98.64,1
shorter schedule,7,2.746,0.0,235,0.6,98.34,0
shorter schedule,8,2.472,0.0,196,0.501,98.56,1
shorter schedule,9,2.367,0.0,196,0.501,98.64,1
bfloat16,0,2.369,0.0,235,0.6,98.66,1
bfloat16,1,2.439,0.0,235,0.6,98.58,1
bfloat16,2,2.021,0.0,196,0.501,98.58,1
bfloat16,3,2.303,0.0,235,0.6,98.61,1
bfloat16,4,2.078,0.0,196,0.501,98.59,1
bfloat16,5,2.563,0.0,235,0.6,98.59,1
bfloat16,6,2.104,0.0,196,0.501,98.53,1
bfloat16,7,2.536,0.0,235,0.6,98.43,0
bfloat16,8,2.163,0.0,196,0.501,98.54,1
bfloat16,9,2.249,0.0,196,0.501,98.63,1
torch.compile,0,2.185,22.8,196,0.501,98.5,1
torch.compile,1,2.651,0.0,235,0.6,98.52,1
torch.compile,2,2.376,0.0,196,0.501,98.66,1
torch.compile,3,2.438,0.0,196,0.501,98.62,1
torch.compile,4,2.841,0.0,235,0.6,98.46,0
torch.compile,5,2.741,0.0,235,0.6,98.51,1
torch.compile,6,2.431,0.0,196,0.501,98.5,1
torch.compile,7,2.671,0.0,235,0.6,98.46,0
torch.compile,8,2.844,0.0,235,0.6,98.51,1
torch.compile,9,2.876,0.0,235,0.6,98.62,1
# command: python scripts/fast_trials.py --device cpu --seeds 10 --jobs 2
# with: --rungs 'plain loop to 99.0' 'bfloat16 to 99.0'
# date: 2026-11-27
# machine: AMD EPYC, one thread per trial; AVX512
# versions: Python 3.11.7, torch 2.15.0+cu132
plain loop to 99.0,0,63.705,0.0,3132,4.001,98.555,0
plain loop to 99.0,1,62.816,0.0,3132,4.001,98.555,0
plain loop to 99.0,2,69.418,0.0,3132,4.001,98.807,0
plain loop to 99.0,3,70.258,0.0,3132,4.001,98.595,0
plain loop to 99.0,4,61.056,0.0,3132,4.001,98.989,0
plain loop to 99.0,5,62.202,0.0,3132,4.001,98.898,0
plain loop to 99.0,6,63.033,0.0,3132,4.001,98.626,0
plain loop to 99.0,7,63.697,0.0,3132,4.001,98.525,0
plain loop to 99.0,8,66.807,0.0,3132,4.001,98.626,0
plain loop to 99.0,9,65.618,0.0,3132,4.001,98.585,0
bfloat16 to 99.0,0,6.88,0.0,588,1.502,99.03,1
bfloat16 to 99.0,1,7.234,0.0,637,1.627,99.03,1
bfloat16 to 99.0,2,6.677,0.0,588,1.502,99.02,1
bfloat16 to 99.0,3,7.768,0.0,686,1.752,99.08,1
bfloat16 to 99.0,4,7.366,0.0,686,1.752,99.02,1
bfloat16 to 99.0,5,6.843,0.0,637,1.627,99.01,1
bfloat16 to 99.0,6,7.301,0.0,637,1.627,99.171,1
bfloat16 to 99.0,7,7.72,0.0,686,1.752,99.08,1
bfloat16 to 99.0,8,8.164,0.0,686,1.752,99.03,1
bfloat16 to 99.0,9,6.821,0.0,588,1.502,99.01,1
"""

# %% tags=["hide-input"]
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch.autograd.profiler import record_function
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import TensorDataset


def read_trials(text: str) -> dict[str, list[Trial]]:
    """Return the trials of each rung, in the order of the file.

    Lines that begin with # say how the file was made; the first other one has heads.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    trials = defaultdict(list)
    for line in lines[1:]:
        name, seed, *numbers, reached = line.split(",")
        seconds, compilation, steps, epochs, accuracy = map(float, numbers)
        found = (seconds, compilation, int(steps), epochs, accuracy, reached == "1")
        trials[name].append(Trial(name, int(seed), *found))
    return dict(trials)


def median_interval(numbers: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, and the 95% interval of the true one.

    Each number is below the true median or above it as a coin falls, so a number
    with few others below it is nearly always below: the second of ten, for example.
    Raises ValueError for fewer than six numbers.
    """
    ranked, count = sorted(numbers), len(numbers)
    chances = [math.comb(count, heads) / 2**count for heads in range(count)]
    safe = [below for below in range(count // 2) if sum(chances[: below + 1]) <= 1 / 40]
    if not safe:
        raise ValueError(f"{count} numbers are too few for an interval")
    return statistics.median(ranked), ranked[safe[-1]], ranked[-1 - safe[-1]]


def training_seconds(trials: Sequence[Trial]) -> list[float]:
    """Return the seconds to the target; infinite where it was not reached."""
    return [trial.seconds if trial.reached else math.inf for trial in trials]


def as_table(ladder: dict[str, list[Trial]]) -> str:
    """Write a line per rung: medians, and how many trials arrived.

    Accuracy is that of the last evaluation, in percent; the first rung has speed 1.
    Where half of the trials or more did not arrive, there is no speed.
    """
    plain = statistics.median(training_seconds(next(iter(ladder.values()))))
    lines = [
        "rung                seconds (interval)      accuracy   reached  epochs  speed"
    ]
    for name, trials in ladder.items():
        median, low, high = median_interval(training_seconds(trials))
        interval = f"{median:5.2f} ({low:.2f} to {high:.2f})"
        accuracy = statistics.median(trial.accuracy for trial in trials)
        reached = f"{sum(trial.reached for trial in trials)} of {len(trials)}"
        epochs = statistics.median(trial.epochs for trial in trials)
        speed = f"{plain / median:.1f}" if max(plain, median) < math.inf else "-"
        line = f"{name:19} {interval:23} {accuracy:8.2f} {reached:>9} {epochs:7.2f}"
        lines.append(f"{line} {speed:>6}")
    return "\n".join(lines)


RARE = 0.05  # a chance below this one decides


class Step(NamedTuple):
    """A rung compared with the one before it, each seed with the same seed."""

    rung: str
    faster: int  # in so many seeds
    seeds: int  # of so many; one that arrived on neither rung does not tell
    times: float  # as fast, by the median of the seeds
    chance: float  # that a coin falls at least so unevenly: a sign test

    def verdict(self) -> str:
        """Return what the seeds tell."""
        if self.chance >= RARE:
            return "undecided"
        return "faster" if 2 * self.faster > self.seeds else "slower"


def compare_steps(ladder: dict[str, list[Trial]]) -> list[Step]:
    """Compare each rung with the one before it, by seed.

    Raises ValueError where two rungs have other seeds, or none arrived on both.
    """
    steps = []
    for before, after in pairwise(ladder.values()):
        if [trial.seed for trial in before] != [trial.seed for trial in after]:
            raise ValueError(f"{before[0].rung} and {after[0].rung} have other seeds")
        pairs = zip(training_seconds(before), training_seconds(after), strict=True)
        times = [old / new for old, new in pairs if min(old, new) < math.inf]
        count, faster = len(times), sum(ratio > 1 for ratio in times)
        rare = range(min(faster, count - faster) + 1)
        chance = min(1, 2 * sum(math.comb(count, heads) for heads in rare) / 2**count)
        ratio = statistics.median(times)
        steps.append(Step(after[0].rung, faster, count, ratio, chance))
    return steps


def steps_table(steps: Sequence[Step]) -> str:
    """Write a line per rung: how it compares with the one before it."""
    lines = ["rung                faster in    times  chance"]
    for step in steps:
        count = f"{step.faster} of {step.seeds}"
        line = f"{step.rung:19} {count:>9} {step.times:8.2f} {step.chance:7.3f}"
        lines.append(f"{line} {step.verdict()}")
    return "\n".join(lines)


# %%
models = Path("assets/models")  # for what this page writes
models.mkdir(parents=True, exist_ok=True)
(models / "trials-cpu.csv").write_text(CPU_TRIALS)
trials = read_trials(CPU_TRIALS)
ladder = {rung.name: trials[rung.name] for rung in LADDER}
farther = {rung.name: trials[rung.name] for rung in FARTHER}
print(as_table(ladder))
seconds = {name: training_seconds(trials) for name, trials in ladder.items()}
median = {name: median_interval(numbers)[0] for name, numbers in seconds.items()}
best = min(median, key=median.get)

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
plot_ladder(seconds, median["plain loop"] / 8)
plt.show()

# %% [markdown]
# The plain loop needs 26.6 seconds, and the fastest rung, bfloat16, 2.28: it is 11.7 times as fast.
# I was after eight times.
# Each training stops as soon as it is past the target, so the accuracies are alike; what differs is when.
# One thing favours the later rungs: I chose their rates, lengths and smoothing on the validation digits, by trials that I did not keep, and left the plain loop at the settings that most tutorials have.
# A plain loop with as much care would arrive sooner, so part of the factor is the care.
#
# Are ten seeds enough to tell one rung from the next?
# Intervals are a blunt way to ask: they often overlap, though seed by seed one rung is the faster one.
# So we compare each seed with the same seed on the rung before, and ask how often a coin would fall so unevenly: a *sign test*.

# %%
steps = compare_steps(ladder)
print(steps_table(steps))
undecided = [step.rung for step in steps if step.verdict() == "undecided"]

# %% [markdown]
# The trials do not decide 3 of 10 steps: fused optimiser, batches of 128, no dropout.
# They may help a little, or not at all.
# Nor is the rest beyond doubt: of ten steps that change nothing, one would look decided in every few such ladders, and those decided by a single seed, as a chance near 0.05 says, are the ones to doubt first.
# A seed that arrived on neither rung does not count.
#
# What each rung costs to understand, and what it does:
#
# - **Digits in memory.**
#   `DataLoader` converts 64 images, one at a time, in Python, for each step.
#   The whole of MNIST is 188 MB as numbers of 32 bits: convert it once, and take rows.
#   It costs one idea, and less code than before.
# - **Fused optimiser.**
#   All weights in one pass instead of a dozen operations per layer.
#   It costs one word, `fused=True`, and nothing to understand.
# - **Channels last.**
#   The numbers of one pixel lie side by side in memory, which is how convolutions on CPUs like to read them.
#   It costs one line, and the idea that a tensor's shape does not say in which order it is stored; you look that up again when a `view` fails.
# - **One-cycle schedule.**
#   The rate climbs to five times the plain one and falls to nearly nothing within an epoch ([Smith and Topin, 2017](https://arxiv.org/abs/1708.07120)).
#   No step is faster, but 0.88 epochs are enough in the first trial, where 1.63 were needed.
#   It costs the most: the length must be known before training, the peak must be searched for, and a training that was stopped early cannot simply go on.
# - **Batches of 128**, with twice the rate: half as many steps, each with less Python around it.
#   It costs a rule of thumb for the rate, and a search, since the rule is only roughly right.
# - **Label smoothing.**
#   A fifth of each label is spread over all digits ([Szegedy and others, 2015](https://arxiv.org/abs/1512.00567)), so that the network is not rewarded for being ever surer of what it knows.
#   It costs one word, but the network's probabilities no longer mean what they say.
# - **No dropout.**
#   Dropout guards against learning by heart, for which half an epoch leaves no time.
#   It costs less than nothing: a layer fewer to explain, until somebody trains for longer.
# - **Shorter schedule.**
#   A schedule pays when it ends, so let it end when the target is in reach.
#   It costs one number, and safety: it fits this target and this network, and some trials miss.
# - **bfloat16** keeps eight bits of precision where there were 24.
#   This processor multiplies such numbers natively; on one that does not, they are slower than 32 bits.
#   It costs a `with` block, and knowing which operations stay in 32 bits, and what your processor can do.
# - **`torch.compile`** turns the network into C++ that is compiled for its shapes.
#   It costs one line, a C++ compiler, and [traps](#three-traps).
#
# The last rung does not pay here: compiled, a median training takes 2.70 seconds where it took 2.28, and 25 with the compilation before it.
# The convolutions are the same library's either way, and what the compiler fuses around them is little.
# Nor do all trials arrive: with a schedule that short, 1 in ten of *bfloat16* ends below the target, and counts as never.
#
# ### What 99 costs
#
# 99 in a hundred is another race.
# We run it from both ends of the ladder: the plain loop as it is, and *bfloat16* with two epochs and half of the smoothing.

# %%
print(as_table(farther))

# %% [markdown]
# The plain loop arrives in 0 of 10 trials of 4 epochs; its best ends at 98.99.
# From *bfloat16* it takes 7.3 seconds, and 10 of 10 trials arrive: half a point more costs 3.2 times as much.
# Neither is compiled, so no compilation is left out.
# A dash stands where so many trials did not arrive that their median is *never*.
#
# ### Is the file still true?
#
# A file of results can grow old.
# So this page runs two rungs live, one seed each, with one thread and the older instructions: seconds may differ, and we ask whether the network must train as far.
# The fast one is *shorter schedule*, the last rung in 32 bits, since the older instructions cannot multiply bfloat16.

# %%
images = ((held_out.tensors[0].unsqueeze(1) / 255 - MEAN) / STD)
validation = TensorDataset(images, *held_out.tensors[1:])
eager = replace(LADDER[8], name="shorter schedule")
live = [race(rung, 0, digits, validation) for rung in (LADDER[0], eager)]
for trial in live:
    epochs = [other.epochs for other in ladder[trial.rung]]
    print(f"{trial.rung}: {trial.accuracy:.2f}% after {trial.epochs:.2f} epochs;",
          f"in the file after {min(epochs):.2f} to {max(epochs):.2f}")

# %% tags=["nbval-ignore-output"]
print("seconds:", *(f"{trial.seconds:.1f}" for trial in live))

# %% [markdown]
# For *shorter schedule* it is: the epochs are within the range of the file.
# For the plain loop this seed says no: it arrives before any of the ten in the file.
# It is just above the target, in one evaluation out of eight per epoch, and at a constant rate the accuracy jumps from one to the next; I do not know whether it would stay there.
# Ten seeds with the older instructions would tell, and take longer than this page may.
# One seed can cast doubt on a file, and cannot prove it right or wrong: that is why the table has ten.
#
# ## Where the time goes
#
# A *profiler* notes which operation ran when.
# We ask it about 6,400 digits, with the *plain loop* and with *shorter schedule*, and sort the operations by what they are for.

# %% tags=["hide-input"]
# Parts of names of operations, and what we call them
KINDS = {
    "Optimizer.step": "optimiser",
    "zero_grad": "optimiser",
    "conv": "convolution",
    "batch_norm": "batch norm",
    "BatchNorm": "batch norm",
    "pool": "pooling",
    "Pool": "pooling",
}


def kind_of(event: torch.autograd.profiler_util.FunctionEvent) -> str:
    """Return what an event of the profiler belongs to."""
    names = [event.name]
    parent = event.cpu_parent
    while parent:
        names.append(parent.name)
        parent = parent.cpu_parent
    if "loading" in names:
        return "loading"
    for name in names:
        for part, kind in KINDS.items():
            if part in name:
                return kind
    return "everything else"


def where_time_goes(
    rung: Rung, digits: TensorDataset, count: int = 6400
) -> dict[str, float]:
    """Return the milliseconds per 1,000 digits that each kind of operation takes."""
    device = torch.device("cpu")
    model, network = build(rung, device)
    optimizer = torch.optim.AdamW(model.parameters(), rung.lr, fused=rung.fused)
    train = step_function(rung, network, optimizer)
    batches = stream(rung, digits, device)

    def step() -> None:
        with record_function("loading"):
            images, labels = next(batches)
        train(images, labels)

    step()  # the first one warms up
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(count // rung.batch):
            with record_function("step"):
                step()
    spent: dict[str, float] = defaultdict(float)
    for event in profiler.events():
        spent[kind_of(event)] += event.self_cpu_time_total / count  # µs per digit: ms
    return dict(spent)


# %% tags=["remove-stderr"]
spent = {
    rung.name: where_time_goes(rung, digits) for rung in (LADDER[0], eager)
}

# %% tags=["hide-input", "nbval-ignore-output"]
plot_times(spent)
plt.show()

# %% [markdown]
# Loading is the largest part of the plain loop's time, and nearly nothing in *shorter schedule*.
# Convolution and pooling together take about half as long, which is *channels last* at work, and the larger batch.
# What is left is mostly convolution: a still faster loop around it would not show.
#
# ## A GPU
#
# For a quarter of an hour I was lent one, an NVIDIA H200, and the same script ran there.
# Its results are a file of their own, with its day, machine and commands, [here for download](/assets/models/trials-gpu.csv) and in the fold.
# A build of this page reads that file and cannot repeat it, and nothing else on the page ran on a GPU.
#
# ```console
# $ python scripts/fast_trials.py --device cuda --output src/mnist_post/fast/trials_gpu.py
# ```
#
# The script waits for the card before it reads the clock, moving the digits to the card counts, and loading the card's libraries stands where compiling does.
# Four trials ran at a time.

# %% tags=["hide-input"]
GPU_TRIALS = """\
# command: python scripts/fast_trials.py --device cuda --seeds 10 --jobs 4
# with: --rungs 'plain loop' 'digits in memory' 'fused optimiser' 'channels last'
#   'one-cycle schedule' 'batches of 128' 'label smoothing' 'no dropout' 'shorter
#   schedule' bfloat16 torch.compile
# date: 2026-11-27
# machine: Intel(R) Xeon(R) Processor, one thread per trial, NVIDIA H200; AVX512
# versions: Python 3.12.3, torch 2.11.0+cu130
rung,seed,seconds,compilation,steps,epochs,accuracy,reached
plain loop,0,19.711,0.4,1274,1.627,98.585,1
plain loop,1,20.692,0.5,1372,1.752,98.595,1
plain loop,2,25.559,0.5,1666,2.128,98.747,1
plain loop,3,23.236,0.5,1666,2.128,98.636,1
plain loop,4,25.841,0.0,1568,2.003,98.575,1
plain loop,5,25.662,0.0,1568,2.003,98.676,1
plain loop,6,20.723,0.0,1372,1.752,98.727,1
plain loop,7,33.248,0.0,2058,2.629,98.585,1
plain loop,8,18.828,0.0,1176,1.502,98.535,1
plain loop,9,19.37,0.0,1274,1.627,98.514,1
digits in memory,0,5.888,0.5,1274,1.627,98.747,1
digits in memory,1,7.498,0.4,1666,2.128,98.656,1
digits in memory,2,8.271,0.4,1862,2.378,98.565,1
digits in memory,3,5.984,0.4,1274,1.627,98.504,1
digits in memory,4,3.009,0.0,686,0.876,98.545,1
digits in memory,5,6.155,0.0,1470,1.878,98.646,1
digits in memory,6,6.467,0.0,1470,1.878,98.676,1
digits in memory,7,6.091,0.0,1372,1.752,98.585,1
digits in memory,8,6.699,0.0,1470,1.878,98.525,1
digits in memory,9,6.018,0.0,1274,1.627,98.514,1
fused optimiser,0,3.617,0.4,1274,1.627,98.656,1
fused optimiser,1,3.763,0.3,1372,1.752,98.535,1
fused optimiser,2,4.327,0.3,1568,2.003,98.575,1
fused optimiser,3,3.63,0.4,1274,1.627,98.585,1
fused optimiser,4,3.851,0.0,1372,1.752,98.696,1
fused optimiser,5,4.15,0.0,1470,1.878,98.646,1
fused optimiser,6,4.099,0.0,1470,1.878,98.747,1
fused optimiser,7,5.623,0.0,1862,2.378,98.525,1
fused optimiser,8,3.945,0.0,1470,1.878,98.565,1
fused optimiser,9,2.513,0.0,882,1.127,98.535,1
channels last,0,3.817,0.5,1274,1.627,98.525,1
channels last,1,4.932,0.4,1666,2.128,98.504,1
channels last,2,4.846,0.4,1568,2.003,98.535,1
channels last,3,5.237,0.4,1764,2.253,98.585,1
channels last,4,5.177,0.0,1666,2.128,98.636,1
channels last,5,4.096,0.0,1470,1.878,98.555,1
channels last,6,3.881,0.0,1470,1.878,98.747,1
channels last,7,5.815,0.0,2058,2.629,98.676,1
channels last,8,4.607,0.0,1568,2.003,98.504,1
channels last,9,3.471,0.0,1274,1.627,98.514,1
one-cycle schedule,0,1.891,0.4,686,0.876,98.605,1
one-cycle schedule,1,2.381,0.4,783,1.0,98.484,0
one-cycle schedule,2,1.605,0.4,588,0.751,98.565,1
one-cycle schedule,3,1.858,0.4,686,0.876,98.585,1
one-cycle schedule,4,1.932,0.0,686,0.876,98.585,1
one-cycle schedule,5,1.895,0.0,686,0.876,98.514,1
one-cycle schedule,6,2.257,0.0,783,1.0,98.595,1
one-cycle schedule,7,2.337,0.0,783,1.0,98.454,0
one-cycle schedule,8,2.227,0.0,783,1.0,98.535,1
one-cycle schedule,9,1.868,0.0,686,0.876,98.646,1
batches of 128,0,1.06,0.3,343,0.876,98.555,1
batches of 128,1,1.193,0.3,391,0.999,98.545,1
batches of 128,2,0.924,0.4,343,0.876,98.636,1
batches of 128,3,0.981,0.4,343,0.876,98.504,1
batches of 128,4,1.046,0.0,391,0.999,98.555,1
batches of 128,5,0.997,0.0,343,0.876,98.525,1
batches of 128,6,0.861,0.0,343,0.876,98.545,1
batches of 128,7,0.945,0.0,343,0.876,98.565,1
batches of 128,8,1.26,0.0,391,0.999,98.514,1
batches of 128,9,1.126,0.0,343,0.876,98.514,1
label smoothing,0,0.747,0.4,245,0.626,98.626,1
label smoothing,1,0.865,0.4,294,0.751,98.626,1
label smoothing,2,0.909,0.4,294,0.751,98.717,1
label smoothing,3,0.896,0.5,294,0.751,98.545,1
label smoothing,4,0.834,0.0,294,0.751,98.706,1
label smoothing,5,0.759,0.0,245,0.626,98.514,1
label smoothing,6,0.857,0.0,294,0.751,98.848,1
label smoothing,7,0.82,0.0,294,0.751,98.646,1
label smoothing,8,1.1,0.0,294,0.751,98.636,1
label smoothing,9,1.151,0.0,343,0.876,98.777,1
no dropout,0,0.747,0.4,245,0.626,98.666,1
no dropout,1,0.845,0.4,294,0.751,98.585,1
no dropout,2,0.809,0.4,294,0.751,98.555,1
no dropout,3,0.753,0.4,245,0.626,98.646,1
no dropout,4,0.645,0.0,245,0.626,98.615,1
no dropout,5,0.848,0.0,294,0.751,98.807,1
no dropout,6,0.874,0.0,294,0.751,98.868,1
no dropout,7,0.936,0.0,294,0.751,98.727,1
no dropout,8,0.763,0.0,245,0.626,98.525,1
no dropout,9,0.953,0.0,294,0.751,98.848,1
shorter schedule,0,0.636,0.5,196,0.501,98.595,1
shorter schedule,1,0.759,0.4,235,0.6,98.444,0
shorter schedule,2,0.595,0.4,196,0.501,98.504,1
shorter schedule,3,0.72,0.5,235,0.6,98.484,0
shorter schedule,4,0.552,0.0,196,0.501,98.504,1
shorter schedule,5,0.724,0.0,235,0.6,98.535,1
shorter schedule,6,0.609,0.0,196,0.501,98.504,1
shorter schedule,7,0.688,0.0,235,0.6,98.434,0
shorter schedule,8,0.755,0.0,235,0.6,98.585,1
shorter schedule,9,0.844,0.0,235,0.6,98.656,1
bfloat16,0,0.667,0.4,196,0.501,98.555,1
bfloat16,1,0.84,0.4,235,0.6,98.585,1
bfloat16,2,0.787,0.5,235,0.6,98.494,0
bfloat16,3,0.876,0.5,235,0.6,98.525,1
bfloat16,4,0.673,0.0,196,0.501,98.535,1
bfloat16,5,0.776,0.0,235,0.6,98.514,1
bfloat16,6,0.642,0.0,196,0.501,98.585,1
bfloat16,7,0.818,0.0,235,0.6,98.413,0
bfloat16,8,0.981,0.0,235,0.6,98.575,1
bfloat16,9,0.97,0.0,235,0.6,98.474,0
torch.compile,0,0.709,14.5,196,0.501,98.605,1
torch.compile,1,0.825,0.0,235,0.6,98.666,1
torch.compile,2,0.682,0.0,196,0.501,98.615,1
torch.compile,3,0.814,0.0,235,0.6,98.464,0
torch.compile,4,0.716,0.0,196,0.501,98.585,1
torch.compile,5,0.744,0.0,196,0.501,98.555,1
torch.compile,6,0.766,0.0,196,0.501,98.545,1
torch.compile,7,0.998,0.0,235,0.6,98.343,0
torch.compile,8,0.945,0.0,235,0.6,98.555,1
torch.compile,9,0.707,0.0,196,0.501,98.504,1
# command: python scripts/fast_trials.py --device cuda --seeds 10 --jobs 1
# with: --rungs 'one launch to 99.0' 'large batch to 99.0' 'bfloat16 to 99.0'
# date: 2026-11-27
# machine: Intel(R) Xeon(R) Processor, one thread per trial, NVIDIA H200; AVX512
# versions: Python 3.12.3, torch 2.11.0+cu130
bfloat16 to 99.0,0,1.869,0.9,539,1.377,99.03,1
bfloat16 to 99.0,1,2.925,0.0,783,2.0,99.02,1
bfloat16 to 99.0,2,2.653,0.0,783,2.0,98.929,0
bfloat16 to 99.0,3,2.23,0.0,637,1.627,99.07,1
bfloat16 to 99.0,4,2.425,0.0,686,1.752,99.01,1
bfloat16 to 99.0,5,2.339,0.0,588,1.502,99.121,1
bfloat16 to 99.0,6,2.756,0.0,686,1.752,99.05,1
bfloat16 to 99.0,7,3.106,0.0,783,2.0,98.979,0
bfloat16 to 99.0,8,2.457,0.0,637,1.627,99.06,1
bfloat16 to 99.0,9,2.011,0.0,539,1.377,99.02,1
large batch to 99.0,0,0.827,0.6,204,2.085,99.01,1
large batch to 99.0,1,0.912,0.0,228,2.33,99.01,1
large batch to 99.0,2,1.261,0.0,252,2.575,99.01,1
large batch to 99.0,3,0.83,0.0,204,2.085,99.01,1
large batch to 99.0,4,1.016,0.0,240,2.452,99.03,1
large batch to 99.0,5,0.908,0.0,228,2.33,99.09,1
large batch to 99.0,6,0.816,0.0,180,1.839,99.01,1
large batch to 99.0,7,1.265,0.0,294,3.004,98.848,0
large batch to 99.0,8,0.7,0.0,180,1.839,99.02,1
large batch to 99.0,9,0.96,0.0,240,2.452,99.03,1
one launch to 99.0,0,0.181,0.7,180,1.839,99.04,1
one launch to 99.0,1,0.174,0.0,228,2.33,99.02,1
one launch to 99.0,2,0.165,0.0,216,2.207,99.01,1
one launch to 99.0,3,0.148,0.0,192,1.962,99.07,1
one launch to 99.0,4,0.181,0.0,240,2.452,99.04,1
one launch to 99.0,5,0.18,0.0,240,2.452,99.09,1
one launch to 99.0,6,0.155,0.0,204,2.085,99.141,1
one launch to 99.0,7,0.22,0.0,294,3.004,98.969,0
one launch to 99.0,8,0.164,0.0,216,2.207,99.02,1
one launch to 99.0,9,0.164,0.0,216,2.207,99.01,1
# command: python scripts/fast_trials.py --device cuda --seeds 13 --first 10 --jobs 9
# with: --rungs '256 0.01 2' '256 0.01 3' '256 0.02 2' '256 0.02 3' '256 0.04 2'
#   '256 0.04 3' '512 0.01 2' '512 0.01 3' '512 0.02 2' '512 0.02 3' '512 0.04 2'
#   '512 0.04 3' '1024 0.01 2' '1024 0.01 3' '1024 0.02 2' '1024 0.02 3' '1024
#   0.04 2' '1024 0.04 3'
# date: 2026-11-27
# machine: Intel(R) Xeon(R) Processor, one thread per trial, NVIDIA H200; AVX512
# versions: Python 3.12.3, torch 2.11.0+cu130
256 0.01 2,10,1.477,1.1,360,1.839,99.04,1
256 0.01 2,11,1.298,0.9,312,1.594,99.02,1
256 0.01 2,12,1.25,0.7,312,1.594,99.03,1
256 0.01 3,10,1.925,1.3,432,2.207,99.05,1
256 0.01 3,11,1.984,0.7,408,2.085,99.09,1
256 0.01 3,12,1.701,0.8,384,1.962,99.01,1
256 0.02 2,10,1.689,0.9,360,1.839,99.02,1
256 0.02 2,11,1.319,1.0,288,1.471,99.06,1
256 0.02 2,12,1.306,0.6,336,1.717,99.03,1
256 0.02 3,10,1.701,0.6,408,2.085,99.06,1
256 0.02 3,11,1.933,1.0,408,2.085,99.07,1
256 0.02 3,12,2.186,0.7,456,2.33,99.09,1
256 0.04 2,10,1.449,0.6,336,1.717,99.06,1
256 0.04 2,11,1.235,0.6,288,1.471,99.04,1
256 0.04 2,12,1.543,0.7,336,1.717,99.09,1
256 0.04 3,10,1.949,0.9,408,2.085,99.06,1
256 0.04 3,11,1.556,0.7,360,1.839,99.03,1
256 0.04 3,12,1.935,0.9,456,2.33,99.121,1
512 0.01 2,10,0.831,0.7,196,2.003,98.818,0
512 0.01 2,11,1.314,0.8,196,2.003,98.888,0
512 0.01 2,12,1.023,0.7,196,2.003,98.898,0
512 0.01 3,10,1.183,0.6,240,2.452,99.01,1
512 0.01 3,11,1.397,0.7,264,2.698,99.03,1
512 0.01 3,12,1.033,0.6,252,2.575,99.02,1
512 0.02 2,10,0.87,0.6,196,2.003,98.979,0
512 0.02 2,11,0.932,0.7,196,2.003,99.0,0
512 0.02 2,12,0.848,0.8,192,1.962,99.01,1
512 0.02 3,10,1.006,0.6,204,2.085,99.02,1
512 0.02 3,11,0.906,0.6,204,2.085,99.01,1
512 0.02 3,12,1.066,0.6,228,2.33,99.01,1
512 0.04 2,10,0.904,0.8,196,2.003,98.898,0
512 0.04 2,11,0.826,0.6,196,2.003,98.969,0
512 0.04 2,12,0.923,0.7,196,2.003,98.939,0
512 0.04 3,10,1.106,0.6,240,2.452,99.02,1
512 0.04 3,11,1.062,0.7,276,2.82,99.01,1
512 0.04 3,12,0.916,0.6,216,2.207,99.101,1
1024 0.01 2,10,0.506,0.7,98,2.003,98.535,0
1024 0.01 2,11,0.483,0.7,98,2.003,98.545,0
1024 0.01 2,12,0.506,0.7,98,2.003,98.605,0
1024 0.01 3,10,0.727,0.7,147,3.004,98.767,0
1024 0.01 3,11,0.726,0.6,147,3.004,98.767,0
1024 0.01 3,12,0.741,0.6,147,3.004,98.727,0
1024 0.02 2,10,0.392,0.7,98,2.003,98.615,0
1024 0.02 2,11,0.501,0.8,98,2.003,98.565,0
1024 0.02 2,12,0.507,0.7,98,2.003,98.767,0
1024 0.02 3,10,0.711,0.6,147,3.004,98.828,0
1024 0.02 3,11,0.816,0.8,147,3.004,98.747,0
1024 0.02 3,12,0.65,0.6,147,3.004,98.909,0
1024 0.04 2,10,0.456,0.6,98,2.003,98.322,0
1024 0.04 2,11,0.464,0.6,98,2.003,98.656,0
1024 0.04 2,12,0.522,0.8,98,2.003,98.666,0
1024 0.04 3,10,0.654,0.6,147,3.004,98.878,0
1024 0.04 3,11,0.755,0.6,147,3.004,98.979,0
1024 0.04 3,12,0.657,0.7,147,3.004,98.898,0
"""

# %%
(models / "trials-gpu.csv").write_text(GPU_TRIALS)
gpu = read_trials(GPU_TRIALS)
gpu_ladder = {rung.name: gpu[rung.name] for rung in LADDER}
gpu_steps = compare_steps(gpu_ladder)
print(as_table(gpu_ladder))
print()
print(steps_table(gpu_steps))
step_ms = {
    name: 1000 * statistics.median(trial.seconds / trial.steps for trial in trials)
    for name, trials in gpu.items()
}
decided = [step.rung for step in gpu_steps if step.verdict() != "undecided"]

# %% [markdown]
# Other rungs pay here.
# Decided are digits in memory, fused optimiser, batches of 128, label smoothing.
# The trials do not decide *channels last* and *bfloat16*, which help a CPU with its arithmetic, nor *torch.compile*.
# A step says why: with 64 digits in memory it takes 4.5 ms, with 128 and everything up to *bfloat16* 3.5.
# Twice the digits in no more time: the card is not what we wait for.
# It is Python, which asks for each operation of a step by itself, and what helps is to ask less often, by a fused optimiser or larger batches.
#
# ### 99 on a GPU
#
# So we take still larger batches.
# Their size, rate and epochs I searched for, and this search is in the file: 18 settings from 3 seeds that the ladder does not use.

# %%
arrived = {
    rung.name: statistics.median(trial.steps for trial in gpu[rung.name])
    for rung in SEARCH
    if all(trial.reached for trial in gpu[rung.name])
}
print(f"{len(arrived)} settings arrive from every seed; fewest steps:")
for name in sorted(arrived, key=arrived.get)[:3]:
    size, lr, epochs = name.split()
    print(f"{arrived[name]:.0f} with batches of {size}, rate {lr}, {epochs} epochs")

# %% [markdown]
# I took the first one.
# A step of 512 digits takes 4.1 ms, about as long as one of 128.
#
# The end of that road is a *CUDA graph*: the card notes once what a step launches, and from then on repeats it by itself, at one request.
# `warm_up`, in the code of the race, does that in a few lines.
# What the notes hold is fixed, so new digits are copied to where the old ones lay, the rate is a tensor whose content changes, and the first beta, which one cycle would move as well, stays where it is.

# %%
print(as_table({rung.name: gpu[rung.name] for rung in (FARTHER[1], *ON_A_GPU)}))
graph = median_interval(training_seconds(gpu["one launch to 99.0"]))


# %% [markdown]
# One launch makes a step of 0.76 ms, and 99.0 takes 0.17 seconds (0.15 to 0.18), one trial at a time; 9 of 10 arrive.
# The arithmetic is that of *large batch*, in 5 times less time: the rest was asking.
#
# The best that I found in public is [train_mnist_fast](https://github.com/tuomaso/train_mnist_fast): a mean of 99.04% in 0.76 s on a laptop's GeForce GTX 1660 Ti, in one epoch, by a ladder like ours.
# It is no race between the two.
# Their card is many times smaller than ours, their accuracy is that of test digits, by which their steps were chosen too, and preparing the digits is outside their clock.
#
# ## Three traps
#
# **Detour.** Three ways to lose the time again; the path goes on at [Two processes](#two-processes).
#
# **A last batch of another size.**
# `torch.compile` writes a program for the shapes that it saw.
# 50,105 digits do not divide by 128, so the last batch of an epoch has another size, and is a new program: on a large network, minutes.
# A backend of our own, which only keeps count, shows when: the usual one needs a C++ compiler.

# %%
def programs(sizes: list[int], **options: bool) -> int:
    """Count how often a network is compiled for batches of these sizes."""
    written = []

    def backend(graph, inputs):  # a compiler that only keeps count
        written.append(graph)
        return graph.forward

    torch.compiler.reset()
    network = torch.compile(nn.Linear(784, 10), backend=backend, **options)
    for size in sizes:
        network(torch.zeros(size, 784))
    return len(written)

print("all of one size:", programs([128, 128, 128, 128]))
print("a smaller last batch:", programs([128, 128, 128, 57]))
print("each of its own size:", programs([128, 127, 126, 57], dynamic=False))
print("any size from the start:", programs([128, 127, 126, 57], dynamic=True))


# %% [markdown]
# The second size makes PyTorch write a program for *any* size, which is the last one; with `dynamic=False` each size gets its own.
# Our `stream` drops what does not fill a batch: those digits come in another epoch.
#
# **`.item()` in every step.**
# `running += loss.item()` waits until the loss is known.
# On a CPU it is known anyway; a GPU works on a queue, and each `.item()` empties it, so that it idles while Python prepares the next step.
# Add up tensors instead, as Part I's `fit` does, and ask once per epoch.

# %% tags=["nbval-ignore-output"]
def milliseconds(work) -> float:
    """Time a hundred calls, and return the mean."""
    began = time.perf_counter()
    for _ in range(100):
        work()
    return 10 * (time.perf_counter() - began)

loss, total = torch.rand(()), torch.zeros(())
print(f"loss.item():   {milliseconds(lambda: loss.item()):.4f} ms")
print(f"total += loss: {milliseconds(lambda: total.add_(loss)):.4f} ms")

# %% [markdown]
# Both take thousandths of a millisecond or less, and a step takes several milliseconds: on this page's CPU the advice is worth nothing, and I follow it for the sake of GPUs.
#
# **Timing the compilation.**
# A first step of a compiled network contains the compilation: in the trials 23 seconds.
# Whoever times ten steps from the first one finds that `torch.compile` is slow, and whoever leaves it out and trains for a second finds that it is fast.
# Give both numbers.
#
# ## Two processes
#
# *Data-parallel* training gives each of several processes a copy of the network and a share of each batch; after `backward()` they average their gradients, and all take the same step.
# `DistributedDataParallel` does the averaging, while `backward()` still runs; `gloo` carries it between CPUs, `NCCL` between GPUs.
# `torchrun` starts the processes and tells each its number, its *rank*.
# It starts a file, not a notebook, so the functions below go into one.

# %%
import json
import os
import signal
import time
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler, TensorDataset
from torchvision import datasets


def network() -> nn.Module:
    """Return a small CNN without batch norm, and with dropout."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5),
        nn.MaxPool2d(2),
        nn.ReLU(),  # (N, 8, 12, 12)
        nn.Conv2d(8, 16, 3),
        nn.MaxPool2d(2),
        nn.ReLU(),  # (N, 16, 5, 5)
        nn.Flatten(),
        nn.Dropout(0.2),
        nn.Linear(400, 10),
    )


def share_digits(path: Path) -> tuple[Tensor, Tensor]:
    """Return images, (N, 1, 28, 28), and labels; one process prepares the file."""
    if dist.get_rank() == 0 and not path.exists():
        mnist = datasets.MNIST("data", train=True, download=True)
        images = (mnist.data.unsqueeze(1) / 255 - 0.1307) / 0.3081
        aside = path.with_suffix(".part")
        torch.save((images, mnist.targets), aside)
        aside.replace(path)  # one step of the file system: nobody sees half a file
    dist.barrier()  # the others wait here
    images, labels = torch.load(path)
    return images, labels


def rows_of(step: int, count: int, batch: int) -> Tensor:
    """Return this process's rows of a batch, which all processes share.

    The order depends on the epoch alone, so a step has the same digits whoever
    works on it: the position in the data is the number of the step.
    """
    epoch, place = divmod(step, count // batch)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(epoch))
    rows = order[place * batch : (place + 1) * batch]
    return rows[dist.get_rank() :: dist.get_world_size()]


def save(
    path: Path, step: int, model: nn.Module, optimizer: torch.optim.Optimizer
) -> None:
    """Write all that the next step depends on: whole, or not at all."""
    mine = torch.get_rng_state()
    states = [torch.empty_like(mine) for _ in range(dist.get_world_size())]
    dist.all_gather(states, mine)
    if dist.get_rank() == 0:
        state = {"step": step, "model": model.state_dict(), "random": states}
        aside = path.with_suffix(".part")
        torch.save(state | {"optimizer": optimizer.state_dict()}, aside)
        aside.replace(path)
    dist.barrier()


def resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Take up what `save` wrote; return the step to go on with, 0 without a file."""
    torch.manual_seed(1000 + dist.get_rank())  # each process its own dropout
    if not path.exists():
        return 0
    state = torch.load(path)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    if dist.get_rank() < len(state["random"]):  # a new worker keeps its own
        torch.set_rng_state(state["random"][dist.get_rank()])
    return int(state["step"])


@torch.inference_mode()
def count_right(
    model: nn.Module, images: Tensor, labels: Tensor, *, padded: bool = False
) -> tuple[int, int]:
    """Return how many digits all processes read correctly, and of how many.

    Each process reads its share. With `padded` it is that of DistributedSampler, which
    makes all shares as large as the largest by handing out digits a second time.
    """
    everything = range(len(labels))
    rows = list(everything[dist.get_rank() :: dist.get_world_size()])
    if padded:
        rows = list(DistributedSampler(TensorDataset(labels), shuffle=False))
    model.eval()  # dropout off
    right = (model(images[rows]).argmax(dim=1) == labels[rows]).sum()
    counts = torch.stack([right, torch.tensor(len(rows))])
    dist.all_reduce(counts)  # adds up
    return int(counts[0]), int(counts[1])


def train(
    folder: Path, images: Tensor, labels: Tensor, steps: int, die_at: int = -1
) -> nn.Module:
    """Train to a number of steps, with a checkpoint every 20; log each loss.

    In the first attempt, the last process kills itself at step `die_at`.
    """
    rank, workers = dist.get_rank(), dist.get_world_size()
    attempt = int(os.environ["TORCHELASTIC_RESTART_COUNT"])
    torch.manual_seed(0)
    model = network()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    start = resume(folder / "checkpoint.pt", model, optimizer)
    parallel = DistributedDataParallel(model)  # averages gradients in backward()
    log = (folder / "log.jsonl").open("a")
    began = time.perf_counter()
    for step in range(start, steps):
        if (attempt, rank, step) == (0, workers - 1, die_at):
            os.kill(os.getpid(), signal.SIGKILL)
        rows = rows_of(step, len(labels), 128)
        loss = F.cross_entropy(parallel(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mean = loss.detach() / workers
        dist.all_reduce(mean)  # the loss of the whole batch
        if rank == 0:
            entry = [attempt, workers, step, mean.item(), time.perf_counter() - began]
            print(json.dumps(entry), file=log, flush=True)
        if (step + 1) % 20 == 0:
            save(folder / "checkpoint.pt", step + 1, model, optimizer)
    return model


def work(arguments: list[str]) -> None:
    """Join the other processes, train, count what is read correctly, and part."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo")  # between CPUs
    folder, steps, die_at = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    images, labels = share_digits(folder / "digits.pt")
    left_out = images[-9999:], labels[-9999:]  # of training
    model = train(folder, images[:-9999], labels[:-9999], steps, die_at=die_at)
    for padded in (False, True):
        counts = count_right(model, *left_out, padded=padded)
        if dist.get_rank() == 0:
            with (folder / "scores.jsonl").open("a") as scores:
                print(json.dumps([dist.get_world_size(), padded, *counts]), file=scores)
    dist.destroy_process_group()


# %% [markdown]
# One process alone unpacks the data, or all would write the same file at once; it writes aside and renames, so that a process that dies leaves no half file for the next attempt.
# Nothing here depends on *how many* processes there are, except that each takes its part of the rows.
#
# Between GPUs more changes than the word `gloo`.
# Model, batches and losses move to `torch.device("cuda", int(os.environ["LOCAL_RANK"]))`, since each process takes a GPU of its machine.
# NCCL carries only tensors of GPUs, and the states of random generators are tensors of the CPU, so the process group needs both, `"cpu:gloo,cuda:nccl"`.
# And dropout then draws from the GPU's generator, whose state, `torch.cuda.get_rng_state()`, belongs into the checkpoint too.
# I had no two GPUs to try this on: the one of this page came alone.

# %%
HEAD = """import json, os, signal, sys, time
from pathlib import Path
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DistributedSampler, TensorDataset
from torchvision import datasets
"""
parts = [network, share_digits, rows_of, save, resume, count_right, train, work]
script = Path("assets/models/workers.py")
text = "\n\n".join([HEAD, *map(inspect.getsource, parts), "work(sys.argv[1:])\n"])
script.write_text(text)

def torchrun(folder: Path, workers: int, steps: int, die_at: int = -1) -> str:
    """Train with several workers here; return what torchrun complains of."""
    folder.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "torch.distributed.run", "--max-restarts", "1"]
    command += ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    command += ["--local-addr", "127.0.0.1", "--nproc-per-node", str(workers)]
    command += [script, folder, str(steps), str(die_at)]
    environment = os.environ | {"TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr

def read_log(folder: Path) -> list[list]:
    """Return a row per step: attempt, workers, step, loss, seconds."""
    lines = (folder / "log.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]

folder = Path(tempfile.mkdtemp())
complaints = [torchrun(folder / "one", 1, 60), torchrun(folder / "two", 2, 100)]


# %% [markdown]
# ### One and the same
#
# Is it the same training?
# With equal shares, the average of the gradients of two halves *is* the gradient of the whole batch, but for the order in which numbers are added.
# Unless a layer looks at the batch: batch norm normalises each half by its own mean, which is another computation.

# %%
def halves_apart(model: nn.Module) -> float:
    """Compare the mean gradient of two halves with that of the whole batch."""
    batch, labels = validation.tensors[0][:128], validation.tensors[1][:128]
    gradients = []
    for rows in (slice(None), slice(0, None, 2), slice(1, None, 2)):
        model.zero_grad()
        F.cross_entropy(model(batch[rows]), labels[rows]).backward()
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    whole, first, second = gradients
    return ((first + second) / 2 - whole).abs().max().item() / whole.abs().max().item()

for norm in (False, True):
    torch.manual_seed(0)
    model = CNN(norm=norm)
    model.body[-1].p = 0.0  # dropout draws other numbers for other batches
    apart = halves_apart(model)
    print(f"batch norm {str(norm):5}: largest difference",
          "below one in 100,000" if apart < 1e-5 else f"{apart:.0%} of the largest")


# %% [markdown]
# The package's tests compare gradients and weights of two real processes with those of one, and find the same.
# Where batch norm matters and shares are small, `SyncBatchNorm` computes its means over all processes, for a message more per layer.
#
# Two more things go wrong quietly, both in `DistributedSampler`, the usual way to share digits out.

# %%
def ranks(**options) -> list[list[int]]:
    """Return the rows that each of two ranks gets of five digits."""
    five = TensorDataset(torch.arange(5))
    samplers = [DistributedSampler(five, 2, rank, **options) for rank in range(2)]
    return [list(sampler) for sampler in samplers]

print("unshuffled:", ranks(shuffle=False))
print("first epoch:", ranks(seed=0), "second:", ranks(seed=0))
sampler = DistributedSampler(TensorDataset(torch.arange(5)), 2, 0)
sampler.set_epoch(1)
print("second epoch, after set_epoch(1):", list(sampler))

# %% [markdown]
# So that all ranks have the same number of digits, the last one gets a digit again: in an evaluation that digit counts twice.
# And without `set_epoch` every epoch has the same order.
# Our `rows_of` takes the order from the epoch itself, and `count_right` gives each rank the digits `rank::workers` and adds the counts up.
# We let it count the last 9,999 digits, which the training left out, and again with the shares of `DistributedSampler`; then one process takes up the same checkpoint, and counts alone.

# %%
torchrun(folder / "two", 1, 100)  # nothing is left to train
for line in (folder / "two" / "scores.jsonl").read_text().splitlines():
    workers, padded, right, count = json.loads(line)
    print(f"{workers} workers, {'padded' if padded else 'by rank'}:",
          f"{right} of {count}")


# %% [markdown]
# Two processes by rank find what one finds; padded, they count a digit too many.
# Here that is a digit in ten thousand, but with many ranks and few digits it is more, and the accuracy depends on how many ranks there were.
#
# ### Twice as fast?
#
# Two ranks, each on one thread, on two cores, against one; and against two trainings side by side, a seed each.

# %% tags=["nbval-ignore-output"]
def rate(name: str, workers: int) -> float:
    """Train anew, and return steps per second, by the median step."""
    torchrun(folder / name, workers, 150)
    ends = [row[4] for row in read_log(folder / name)]
    return 1 / statistics.median(end - start for start, end in pairwise(ends))

alone, together = rate("alone", 1), rate("together", 2)
with ThreadPoolExecutor(2) as pool:
    side = list(pool.map(lambda name: rate(name, 1), ["left", "right"]))
print(f"one process: {alone:.0f} steps/s")
print(f"two ranks: {together:.0f}, {together / alone:.1f} times")
print(f"side by side: {side[0]:.0f} + {side[1]:.0f}, {sum(side) / alone:.1f} times")


# %% [markdown]
# Two ranks wait for each other at every step, and for such a small network the messages take much of what the second core gives.
# In builds of this page they have been ahead of one process and behind it, as other programs left them the cores: nothing clear is gained.
# Two trainings side by side wait for nobody, and I nearly always want more than one seed; with few cores, that is the better use of a second process.
#
# What would more machines bring?
# A ring *all-reduce* of *n* workers takes 2(*n* − 1) messages from each, which together are just under two copies of the gradients, whatever *n* ([Patarasuk and Yuan, 2009](https://doi.org/10.1016/j.jpdc.2008.09.002)).

# %%
def all_reduce_seconds(
    workers: int, size: float, bandwidth: float, latency: float
) -> float:
    """Return the time of a ring all-reduce of `size` bytes.

    Each worker sends 2 (n - 1) / n of the bytes over a link of so many bytes per
    second, in 2 (n - 1) messages (Patarasuk and Yuan, 2009).
    """
    messages = 2 * (workers - 1)
    return messages / workers * size / bandwidth + messages * latency


# %%
small = 4 * count_parameters(CNN())  # bytes of gradients: ours
large = 4 * 10_000_000  # a network of ten million
print("speed-up, if the step of one worker is shared out")
print("workers                   2     8    64")
for what, step, size, bandwidth, latency in [
    ("ours, 10 ms, Ethernet", 0.01, small, 1.25e9, 50e-6),
    ("large, 10 ms, Ethernet", 0.01, large, 1.25e9, 50e-6),
    ("large, 100 ms, Ethernet", 0.1, large, 1.25e9, 50e-6),
    ("large, 10 ms, NVLink", 0.01, large, 300e9, 5e-6),
]:
    gains = [step / (step / n + all_reduce_seconds(n, size, bandwidth, latency))
             for n in (2, 8, 64)]
    print(f"{what:23}", *(f"{gain:5.2f}" for gain in gains))

# %% [markdown]
# This is a model, not a measurement: 10 gigabits and 50 microseconds per message for Ethernet, 300 gigabytes and 5 microseconds between GPUs in one box, nothing overlapped with `backward()`, the same batch for all.
# How long one worker's step takes is an assumption too, and decides: the same large network gains nothing over Ethernet if its step takes 10 ms, and a little if it takes 100.
# And the model flatters: it promises our network nearly twice the speed on two workers, and two ranks in one machine, with no Ethernet between them, had far less above.
# It knows nothing of the Python around each message, of ranks that wait for the slower one, or of the parts of a step that do not halve with the batch.
# Still, it shows that sharing out one batch has an end: what each worker saves on arithmetic, it spends on messages.
# In practice the batch grows with the workers, which is another training, with other rates.
#
# ## A worker is killed
#
# Machines fail, and rented ones are taken back.
# A *checkpoint* is only as good as what is in it: ours has the weights, the optimiser's averages, the state of each process's random numbers, which dropout draws from, and the position in the data, which is the step.
# It is written aside and renamed, so a process that dies while it writes leaves the old one whole; a test of the package kills one there.
#
# Now the second worker kills itself with `kill -9` at step 50, ten steps after a checkpoint.
# `torchrun` sees it die, stops the other one, and starts both again.

# %%
complaints += [torchrun(folder / "killed", 2, 60, die_at=50)]
unbroken = {step: loss for _, _, step, loss, _ in read_log(folder / "two")}
print("torchrun says:", *set(re.findall(r"exitcode: -9", complaints[-1])))
for attempt, workers, step, loss, _ in read_log(folder / "killed"):
    if step in (0, 20, 39, 40, 49, 50, 59):
        equal = "as unbroken" if loss == unbroken[step] else "another"
        print(f"attempt {attempt}, {workers} workers, step {step:2}:",
              f"loss {loss:.6f}, {equal}")

# %% [markdown]
# Steps 40 to 49 were done twice, and the second time gave the same losses, to the last bit.
# Leave one thing out of the checkpoint, and they differ; exercise 2 tries.
#
# The line `TORCH_DISABLE_SHARE_RDZV_TCP_STORE` above cost me an hour.
# By default the processes of a second attempt find the addresses of the first in a store that outlives them, knock where nobody is at home, and give up: a [known problem](https://github.com/pytorch/pytorch/issues/135712) of restarts.
#
# Then one worker is gone for good: we start `torchrun` again by hand, with one, which goes on from the last checkpoint with the same batches.

# %%
torchrun(folder / "killed", 1, 100)
attempts = {"two workers": [], "restarted": [], "one worker": []}
for attempt, workers, step, loss, _ in read_log(folder / "killed"):
    name = "one worker" if workers == 1 else list(attempts)[attempt]
    attempts[name] += [(step, loss)]
after = attempts["one worker"]
gap = sum(loss - unbroken[step] for step, loss in after) / len(after)
print(f"one worker from step {after[0][0]}; its loss less that of two:",
      f"{gap:+.3f} on average")

# %% tags=["hide-input"]
plot_survival(
    list(unbroken.values()),
    {name: (rows[0][0], [loss for _, loss in rows]) for name, rows in attempts.items()},
)
plt.show()

# %% [markdown]
# One process draws other numbers for dropout than two, so its losses are not those of two; they go on where those ended.
# Where machines come and go, `torchrun --nnodes 1:4` is made to start a new attempt by itself whenever their number changes.
# I have not tried that, and the file as it is would need one thing more: rank 0 alone writes the digits and the checkpoints, so all machines must see one folder, on a shared disk.
#
# ## The test digits
#
# All choices are made.
# Now the test digits, once: *shorter schedule* from five seeds, to the end of its schedule.

# %%
test = load_digits("data", train=False)
test = TensorDataset((test.tensors[0] - MEAN) / STD, *test.tensors[1:])
right = []
for seed in range(5):
    torch.manual_seed(seed)
    model, network = build(eager, cpu)
    optimizer = torch.optim.AdamW(model.parameters(), eager.lr, fused=True)
    steps = round(eager.epochs * len(digits) / eager.batch)
    schedule = rates(eager, optimizer, steps)
    for _, (images, answers) in zip(range(steps), stream(eager, digits, cpu)):
        optimizer.zero_grad()
        step_loss(eager, network, images, answers).backward()
        optimizer.step()
        schedule.step()
    right += [predict(model, test).argmax(dim=1) == test.tensors[1]]
right = torch.stack(right).float()
low, high = interval(right.mean(dim=0), test.tensors[2])
print("accuracies (%):", *(f"{100 * each:.2f}" for each in right.mean(dim=1).tolist()))

# %% [markdown]
# The mean is 98.82 %, with an interval by writer from 98.56 to 99.08.
# Batch sizes, rates and rungs were chosen on validation digits; the network itself is Part II's, whose layout was tried on test digits in earlier versions of that page.
#
# ## Exercises
#
# **1. Another size.**
# How many programs does a network need whose batches have sizes 1, 2, 3, 4?
# Guess before you count.

# %% tags=["hide-input", "hide-output"]
print(programs([1, 2, 3, 4]))

# %% [markdown]
# **2. What a checkpoint must hold.**
# Take the random numbers out of `resume`, and kill the worker again.
# Which step is the first whose loss differs?

# %% tags=["hide-input", "hide-output"]
forgotten = 'torch.set_rng_state(state["random"][dist.get_rank()])'
amnesia = text.replace(forgotten, "pass")
assert amnesia != text
script.write_text(amnesia)
torchrun(folder / "amnesia", 2, 60, die_at=50)
script.write_text(text)
print(next(step for attempt, _, step, loss, _ in read_log(folder / "amnesia")
           if loss != unbroken[step]))

# %% [markdown]
# **3. Ten seeds, or five?**
# How wide is the interval of a median from six seeds, compared with that from ten?
# Use the first six trials of the plain loop.

# %% tags=["hide-input", "hide-output"]
for count in (6, 10):
    middle, low_end, high_end = median_interval(seconds["plain loop"][:count])
    print(f"{count} seeds: {middle:.1f} s, from {low_end:.1f} to {high_end:.1f}")

# %% [markdown]
# ## What we learnt
#
# - **Measure the seconds to a result.**
#   A step that is twice as fast is worth nothing if twice as many are needed, and a schedule that makes no step faster saved more than most that do.
# - **Look where the time goes before you save any.**
#   The largest part of the plain loop's went into loading, and no change to the network would have saved any of it.
# - **A claim about speed needs seeds, an interval, and a file with all trials.**
# - **State is more than weights.**
#   A training that can be killed is one that knows its random numbers and its place in the data.
#
# Where to go next?
# [PyTorch's own notes on performance](https://docs.pytorch.org/tutorials/recipes/recipes/tuning_guide.html) go on where this ladder ends; Keller Jordan's [cifar10-airbench](https://github.com/KellerJordan/cifar10-airbench) is the same game on coloured images, played by masters; and [FSDP](https://docs.pytorch.org/docs/stable/fsdp.html) shares out the network itself, once it no longer fits on one machine.
#
# ## Terms
#
# The terms of this part; [Part III](/mnist-classifier-with-pytorch-part-3/#terms) and [Part IV](/mnist-classifier-with-pytorch-part-4/#terms) have those of the others.
#
# | term | explained in |
# |---|---|
# | all-reduce, speed-up | [Part V, Twice as fast?](#twice-as-fast) |
# | bfloat16, channels last, fused optimiser, label smoothing, one-cycle schedule, sign test | [Part V, The ladder](#the-ladder) |
# | checkpoint, elastic training | [Part V, A worker is killed](#a-worker-is-killed) |
# | data-parallel training, rank, `torchrun` | [Part V, Two processes](#two-processes) |
# | median, seconds to a target, trial | [Part V, What counts](#what-counts) |
# | padding, `set_epoch`, `SyncBatchNorm` | [Part V, One and the same](#one-and-the-same) |
# | profiler | [Part V, Where the time goes](#where-the-time-goes) |
# | recompilation, `torch.compile` | [Part V, Three traps](#three-traps) |
