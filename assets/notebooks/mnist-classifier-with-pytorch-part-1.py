# %% [markdown]
# # MNIST Classifier with Pytorch [Part I]

# %% [markdown]
# I am doing a revision on how to build neural networks with PyTorch.
# To do so, I am taking Udacity's online course [Intro to Deep Learning with PyTorch](https://www.udacity.com/course/deep-learning-pytorch--ud188).
# The course introduces many important models, such as the CNN and the RNN.
# In this series I summarise the important points that I have learnt, by building one thing again and again: a program that reads handwritten digits.
#
# All outputs and figures, and all numbers about the networks of this page, come from the code on this page.
# Paste the blocks into an empty file, from top to bottom, and you have the same program.
# Folded blocks hold imports, drawing, bookkeeping and solutions; skip them when you read, but paste them.
# Running everything takes a few minutes.
#
# **Detour.** A box like this holds something beside the path: a reason, a comparison, a piece of history.
# Skip all boxes, and you lose nothing that comes later, except in one exercise of Part III and in links, which say so.
#
# ## The result first
#
# This first program loads 60,000 digits, trains a network for a few seconds on 50,000 of them, and reads the other 10,000.
# Its first lines ask for one thread and a fixed CPU instruction set, so that additions happen in the same order.
# The rest is explained below.

# %%
import os

os.environ |= {"OMP_NUM_THREADS": "1", "ATEN_CPU_CAPABILITY": "avx2"}
os.environ |= {"MKL_CBWR": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2"}  # see exercise 3

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torchvision import datasets

torch.manual_seed(0)
mnist = datasets.MNIST("data", download=True)
images, labels = (mnist.data.flatten(1) / 255 - 0.13) / 0.31, mnist.targets
network = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
optimizer = torch.optim.AdamW(network.parameters(), lr=1e-3, fused=True)

for epoch in range(2):
    for rows in torch.randperm(50_000).split(128):  # 391 batches
        loss = F.cross_entropy(network(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

with torch.inference_mode():
    answers = network(images[50_000:]).argmax(dim=1)
first_score = (answers == labels[50_000:]).float().mean().item()
print(f"{first_score:.2%} of {len(answers):,} digits read correctly")

# %% [markdown]
# Not bad for two passes over the data.
# But three questions remain:
# Where do numbers such as 512 and 0.13 come from?
# How far can we trust the score?
# And which digits does the network misread?
#
# ## Prerequisite
#
# Those who have learnt the fundamental concepts of deep learning should not find it difficult to follow.
# If you are new to the field, I would strongly encourage you to go through Andrew Ng's [Deep Learning Specialization](https://www.coursera.org/specializations/deep-learning) on Coursera before you read the entire series.
# For this part you only need to read Python and know what a matrix, a derivative, a logarithm and a standard deviation are.
# You need Python 3.11 or newer and three packages:
#
# ```bash
# pip install torch torchvision matplotlib
# ```
#
# ## What is the MNIST dataset?
#
# MNIST consists of greyscale handwritten digits from 0 to 9.
# Each image has 28 x 28 pixels, and comes with a *label*: the digit that it is meant to be.
# There are 60,000 digits to train with and 10,000 to test with.
# About half of them were written by employees of the American census bureau, the other half by high school students.
#
# MNIST does not say who wrote which digit.
# Its successor [QMNIST](https://github.com/facebookresearch/qmnist) does, and we will need that in a moment.
# The two folded blocks hold imports, and functions that load both.

# %% tags=["hide-input"]
import gzip
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor
from torch.utils.data import TensorDataset  # tensors that belong together, row by row
from torchvision.datasets.utils import download_url


# %% tags=["hide-input"]
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


# %%
everything = load_digits("data", train=True)
images, labels, writers = everything.tensors
print("images: ", tuple(images.shape), images.dtype)
print("labels: ", tuple(labels.shape), labels.dtype)
print("writers:", len(writers.unique()))


# %% [markdown]
# These are *tensors*, PyTorch's arrays of numbers, and a `TensorDataset` keeps several of them together, row by row.
# Read the shape of `images` from left to right: 60,000 digits, one channel (grey; a colour photograph has three), 28 rows, 28 columns.
# In comments, N stands for any number of digits.
# Now look at some.

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
plot_digits(images[:24])
plt.show()

# %% [markdown]
# The digits are almost equally common, so *accuracy*, the share of correct answers, is a fair score.
# Always answering *one*, the most common digit, would give 11.2%.
#
# ## Three sets, split by writer
#
# A model that is scored on the digits it was trained on may simply remember them.
# So some digits are set aside.
# The 10,000 *test* digits are for the end.
# But we also have choices to make, and if the test score made them, the test digits would have taken part in the training.
# So a third set is needed, the *validation* digits, to make choices with.
#
# Most tutorials split at random, or hold out the last digits, as I did in the first block.
# See what that does:

# %%
ours, theirs = writers[:50_000].unique(), writers[50_000:].unique()
shared = torch.isin(theirs, ours).sum()
print(f"{len(theirs)} people wrote the last 10,000; {shared} of them wrote others too")


# %% [markdown]
# The network had seen the handwriting of most of these people.
# A postman does not know everybody's handwriting, so such a score may promise too much.
# We split by writer instead: nobody's handwriting is in both sets.

# %%
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


# %%
training, validation = split_by_writer(everything)
print(f"{len(training):,} digits to train, {len(validation):,} to validate")


# %% [markdown]
# A generator that starts from the same *seed* draws the same random numbers, so the split is repeatable.
# Indexing a `TensorDataset` picks the same rows of all its tensors, and `~apart` means all rows but those.
# MNIST's test digits were written by other people, so they need no splitting.
#
# ## A baseline to beat
#
# How good is a score?
# We only know when we have another, a *baseline*, to compare it with.
# Two methods need no network.
# The first averages all zeros, all ones, and so on, and answers with the nearest average; Jeremy Howard's [fastbook](https://github.com/fastai/fastbook/blob/master/04_mnist_basics.ipynb) calls it pixel similarity.
# The second keeps all training digits and answers with the label of the nearest one.

# %%
def mean_digits(images: Tensor, labels: Tensor) -> Tensor:
    """Average the images of each digit: (N, 1, 28, 28) becomes (10, 1, 28, 28)."""
    return torch.stack([images[labels == digit].mean(dim=0) for digit in range(10)])


# %%
def nearest(images: Tensor, references: Tensor) -> Tensor:
    """Return the index of the nearest reference for each image, (N,)."""
    distances = torch.cdist(images.flatten(1), references.flatten(1))  # (N, references)
    return distances.argmin(dim=1)


# %%
known, known_labels, _ = training.tensors
asked, asked_labels, _ = validation[::5]  # one in five
means = mean_digits(known, known_labels)
by_mean = (nearest(asked, means) == asked_labels).float().mean().item()
neighbours = known_labels[nearest(asked, known)]
by_neighbour = (neighbours == asked_labels).float().mean().item()
print(f"nearest mean {by_mean:.1%}, nearest neighbour {by_neighbour:.1%}")

# %% tags=["hide-input"]
plot_digits(means, titles=[str(digit) for digit in range(10)], columns=10)
plt.show()

# %% [markdown]
# Ten blurred pictures read 81% of the validation digits (every fifth was asked), and the nearest neighbour reads 97.4%.
# The second method is slow, since it compares each new digit with all 50,105 old ones, but its score is the one to beat.
#
# ## PyTorch
#
# As its name implies, PyTorch is a Python-based scientific computing package.
# It computes on tensors, with strong GPU support.
# One of its advantages over TensorFlow used to be that it avoids static graphs: you can change the behaviour of a network on the fly.
# I was reluctant to use PyTorch when I first started learning deep learning, because of its poor support for production.
# PyTorch 1.0 [brought PyTorch and Caffe2 together](https://pytorch.org/blog/the-road-to-1_0/) and changed that; TensorFlow 2, in turn, no longer needs static graphs.
# So it is good to learn both, and there is no reason to choose a side.
#
# ### Gradient descent on one weight
#
# A model computes with numbers called *weights*.
# Training means finding weights that make the *loss* small, a number that says how wrong the model is.
# For that we need the slope of the loss with respect to each weight, its *gradient*.
# PyTorch records the operations on a tensor that `requires_grad`.
# `backward()` goes through the record in reverse and leaves the gradient in `.grad`: this is *backpropagation*.
#
# Take the smallest model in the world: one weight.
# The input is 2, the target is 6, and the loss is the squared difference.

# %%
path, weight = [0.0], torch.tensor(0.0, requires_grad=True)
for step in range(8):
    loss = (2 * weight - 6) ** 2
    by_hand = 2 * 2 * (2 * weight.item() - 6)  # the chain rule
    weight.grad = None  # forget the gradient of the step before
    loss.backward()
    print(f"weight {weight:.2f}, loss {loss:.2f}, "
          f"slope {weight.grad:.2f}, by hand {by_hand:.2f}")
    with torch.no_grad():  # the step itself is not recorded
        weight -= 0.05 * weight.grad
    path.append(weight.item())


# %% [markdown]
# The gradient is negative: the loss falls as the weight grows.
# So we step *against* the gradient.
# The factor 0.05 is the *learning rate*, `lr` for short: if it is too small, training crawls; if it is too large, it overshoots.

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
plot_descent(lambda weight: (2 * weight - 6) ** 2, path)
plt.show()


# %% [markdown]
# That is *gradient descent*.
# A network differs only in that it has a few hundred thousand weights, and `backward()` finds all their gradients at once.
#
# ## The basic workflow
#
# The workflow is always the same: normalise the data, cut it into batches, build a model, choose a loss, train.
#
# ### Normalise the images
#
# A network learns best when its inputs are around zero with a spread of about one.
# So we subtract the mean of all pixels and divide by their standard deviation.
# Both are computed from the training digits alone.

# %%
def normalise(
    digits: TensorDataset, mean: float, std: float, device: torch.device
) -> TensorDataset:
    """Scale pixels to mean 0 and standard deviation 1; move all to the device."""
    images, *rest = (tensor.to(device) for tensor in digits.tensors)
    return TensorDataset((images - mean) / std, *rest)


# %%
accelerator = torch.accelerator.current_accelerator(check_available=True)
device = accelerator or torch.device("cpu")
mean, std = known.mean().item(), known.std().item()
training = normalise(training, mean, std, device)
validation = normalise(validation, mean, std, device)
print(f"mean {mean:.4f}, standard deviation {std:.4f}, on {device}")


# %% [markdown]
# **Detour.** Other tutorials write 0.1307 and 0.3081: the mean and the standard deviation of all 60,000 images.
#
# All digits fit into memory, so we move them to the *device* once: a graphics card if there is one, otherwise the CPU.
#
# ### Cut into batches
#
# One step of gradient descent on all digits would be precise but slow.
# It is better to look at a small *batch* of random digits and take a rough step.
# One pass over all batches is an *epoch*.

# %%
def batches(
    digits: TensorDataset, size: int, *, shuffle: bool = False
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield images and labels, `size` at a time; the last batch may be smaller."""
    images, labels = digits.tensors[:2]
    arrange = torch.randperm if shuffle else torch.arange
    for rows in arrange(len(labels), device=labels.device).split(size):
        yield images[rows], labels[rows]


# %% [markdown]
# **Detour.** For data that do not fit into memory, PyTorch has `torch.utils.data.DataLoader`, which loads and shuffles in the background.
# For ours it would be slower.
#
# ### The model
#
# Our network is a *multilayer perceptron*, or MLP.
# A *linear layer* computes 512 weighted sums of all 784 pixels, and adds to each a number, its *bias*; weights and biases are the *parameters*.
# *ReLU* keeps the positive sums and sets the negative ones to zero; these are the *hidden units*.
# Without it, two linear layers would be no more than one.
# *Dropout* sets a random tenth of them to zero, a different tenth each time, but only in training, so that the network does not rely on a few.
# A second linear layer computes ten scores, one per digit, called *logits*; the digit with the largest is the network's answer.

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
draw_mlp(512)
plt.show()


# %%
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


# %% [markdown]
# Three things here are PyTorch's.
# `nn.Module` is the base class of all models: it keeps track of the weights.
# `super().__init__()` sets that up, and must come before the first layer.
# `forward` says what the model computes; you do not call it, you call `model(images)`.

# %% tags=["hide-input"]
def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training adjusts."""
    return sum(parameter.numel() for parameter in model.parameters())


# %%
torch.manual_seed(0)
model = MLP().to(device)
print(f"{count_parameters(model):,} parameters")
print(f"by hand: {784 * 512 + 512 + 512 * 10 + 10:,}")  # weights and biases

# %% [markdown]
# ### The loss
#
# *Softmax* turns ten logits into probabilities: raise *e* to each, then divide by their sum.
# The loss is minus the logarithm of the probability of the right digit, the *cross-entropy*.
# A network that is certain and right has a loss near 0; one that knows nothing gives each digit a tenth, which costs ln 10, about 2.3.

# %%
logits, label = torch.tensor([[8.0, 2.0, 0.0]]), torch.tensor([0])
by_hand = -torch.log(logits.exp()[0, 0] / logits.exp().sum())
print(f"by hand {by_hand:.4f}, PyTorch {F.cross_entropy(logits, label):.4f}")
twice = F.cross_entropy(logits.softmax(dim=1), label)
print(f"with one softmax too many {twice:.4f}")


# %% [markdown]
# `F.cross_entropy` wants logits: the softmax is built in.
# A common mistake is another softmax at the end of a network.
# Nothing complains, but the loss stays high even for a perfect answer, and the network learns slowly.
#
# ## The training loop
#
# A step of training is the one that we took with a single weight: loss, backpropagation, step.
# The named tuple `Score` holds what we want to know about a model.

# %%
class Score(NamedTuple):
    """How well a model does: mean loss, and the share of digits read correctly."""

    loss: float
    accuracy: float


# %%
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


# %% [markdown]
# `zero_grad()` is needed because `backward()` *adds* to the gradients that are there.
# The step returns tensors, not Python numbers: to read a number, Python must wait for the device, so `fit` below does that a few times per epoch.
# `detach()` returns the loss without the record of how it was computed.
#
# The best test that I know for a new loop: can the model learn a single batch by heart?
# If not, there is a bug.

# %%
some_images, some_labels = next(batches(training, 128))
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(21):
    loss, correct = train_step(model, some_images, some_labels, optimizer) / 128
    if step % 10 == 0:
        print(f"step {step:2d}: loss {loss:.3f}, accuracy {correct:.0%}")


# %% [markdown]
# The first loss is near ln 10, as it should be, and soon the batch is learnt.
#
# ### Train and evaluate
#
# In evaluation, dropout must be off.
# `model.eval()` does that and `model.train()` undoes it; forget one of them and nothing warns you, so they are part of the functions.

# %%
@torch.inference_mode()  # records nothing for backpropagation
def predict(model: nn.Module, digits: TensorDataset) -> Tensor:
    """Return the logits of all digits, (N, 10)."""
    model.eval()  # dropout off
    return torch.cat([model(images) for images, _ in batches(digits, 1000)])


# %%
def evaluate(model: nn.Module, digits: TensorDataset) -> Score:
    """Score a model without changing its weights."""
    logits, labels = predict(model, digits), digits.tensors[1]
    correct = logits.argmax(dim=1) == labels
    return Score(F.cross_entropy(logits, labels).item(), correct.float().mean().item())


# %%
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


# %% [markdown]
# The *optimizer* takes the steps.
# Ours, [AdamW](https://arxiv.org/abs/1711.05101), is gradient descent with *momentum*, which averages the gradients of past steps, and with a step size of its own for each weight.
# Its *weight decay* pulls all weights a little towards zero; `fused=True` makes it faster.
# The *scheduler* lowers the learning rate to zero in a straight line: large steps first, small ones at the end.
# `fit` returns two scores per epoch, so `history[-1][1]` is the last score on the validation digits.
#
# ### Choose the hyperparameters
#
# *Hyperparameters* are the numbers that training does not find, such as the width and the learning rate.
# We try nine combinations, each with two seeds, for two epochs, and compare them on the *validation* digits.

# %%
def train(hidden, lr, seed, epochs):
    torch.manual_seed(seed)
    model = MLP(hidden).to(device)
    return model, fit(model, training, validation, epochs, lr)

tried = {}
for hidden in (32, 128, 512):
    for lr in (1e-3, 4e-3, 1.6e-2):
        histories = [train(hidden, lr, seed, epochs=2)[1] for seed in range(2)]
        tried[hidden, lr] = [history[-1][1].accuracy for history in histories]
hidden, lr = max(tried, key=lambda setting: sum(tried[setting]))
print(f"best: {hidden} hidden units, lr={lr}")


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
plot_search(tried, "hidden units")
plt.show()

# %% [markdown]
# Wider is better here; I did not try more than 512, the edge of the search, to save time.
# Dropout, the batch size and the number of epochs were not searched at all: I took usual values.
#
# Now the real training, for five epochs and from five seeds, that is, with five different sets of initial weights and shuffles.

# %%
runs = [train(hidden, lr, seed, epochs=5) for seed in range(5)]
for seed, (_, history) in enumerate(runs):
    print(f"seed {seed}: validation accuracy {history[-1][1].accuracy:.2%}")


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
model, history = runs[0]
plot_history(history)
plt.show()

# %% [markdown]
# In its last epoch, seed 0 reads 99.5% of the training digits, but only 97.8% of the validation digits.
# A part of this gap is other people's handwriting (exercise 4); much of it is *overfitting*: the network has begun to remember the training digits.
#
# ## The test set
#
# All choices are made, so now come the test digits.

# %%
images, labels, writers = load_digits("data", train=False).tensors
test = normalise(TensorDataset(images, labels, writers), mean, std, device)
logits = [predict(model, test).cpu() for model, _ in runs]
correct = (torch.stack(logits).argmax(dim=2) == labels).float()  # (5, 10000)
final = correct.mean().item()
halves = [half.mean().item() for half in correct.split(5_000, dim=1)]
print("writers we trained on:", int(torch.isin(everything.tensors[2], writers).sum()))
print("by seed:", " ".join(f"{each:.2%}" for each in correct.mean(dim=1)))
print(f"mean {final:.2%}; first half {halves[0]:.1%}, second half {halves[1]:.1%}")


# %% [markdown]
# On average the five networks read 98.25% of the test digits.
# Look at the last line: the first 5,000 test digits, which students wrote, are harder than the rest, nearly all by census employees (QMNIST's table names the series).
# If you test on "the first 1,000" to save time, you test on the harder half.
#
# How far can we trust that number?
# Other writers would give another one, and digits by the same hand are alike, so a digit is not an independent draw.
# So we draw as many *writers* as there are, at random and with replacement, score their digits, and repeat this 2,000 times.
# 95% of these scores lie between two bounds, the [*bootstrap*](https://doi.org/10.1201/9780429246593) interval:

# %% tags=["hide-input"]
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


# %%
low, high = interval(correct.mean(dim=0), writers)
naive = 1.96 * (final * (1 - final) / len(labels)) ** 0.5
print(f"by writer:                ± {50 * (high - low):.2f} points")
print(f"as if digits were drawn:  ± {100 * naive:.2f} points")

# %% [markdown]
# The interval runs from 97.9% to 98.6%.
# It holds for these five networks and writers like these; the usual formula, which counts digits as independent, would promise too much.
#
# To compare two methods on the same digits, take their difference for each digit, and resample writers:

# %% tags=["hide-input"]
fifth = TensorDataset(*validation[::5])  # what the nearest neighbour was asked
by_mlp = torch.stack([predict(each, fifth).argmax(dim=1) for each, _ in runs]).cpu()
gains = (by_mlp == asked_labels).float().mean(dim=0)  # a mean per digit
gains -= (neighbours == asked_labels).float()
gain, (least, most) = gains.mean().item(), interval(gains, fifth.tensors[2].cpu())
print(f"network minus nearest neighbour: {100 * gain:.2f} points, "
      f"between {100 * least:.2f} and {100 * most:.2f}")


# %% [markdown]
# So the network is ahead, and it need not keep the training digits.
#
# Earlier versions of this site were scored on these same test digits, so they are not quite unseen.
# Over four versions the accuracy of Part II's network moved by 0.06 points, less than the margin of error of those versions, 0.15 (from the site's history): choosing among them could gain little, but it cannot be undone.
#
# **Detour.** When others report a score on MNIST, ask how their network was selected.
# [Cireşan and others](https://arxiv.org/abs/1003.0358) got an MLP to 99.65%, by deforming the training digits, with a network chosen on validation digits.
#
# ## What it gets wrong
#
# A score says how often a network is wrong; a *confusion matrix* counts which digits it takes for which.

# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
probabilities = logits[0].softmax(dim=1)
confidence, answers = probabilities.max(dim=1)
matrix = torch.bincount(10 * labels + answers, minlength=100).reshape(10, 10)
mistakes = matrix.clone().fill_diagonal_(0)
plot_confusion(matrix)
plt.show()

# %% [markdown]
# Of the 171 mistakes, the most frequent, 8 times, is to read a 4 as a 9; this pair is confused most, in both directions.
#
# The interesting mistakes are the confident ones.
# Some may not be the network's fault.
# [Northcutt, Athalye and Mueller](https://labelerrors.com) let an algorithm pick 100 suspicious test digits and showed each to five people.
# For 15, fewer than three people confirmed the label; two were ties, and for three most chose neither digit.
# Nobody in that study looked at the other 9,900.

# %% tags=["hide-input"]
# Test images whose label fewer than three of five reviewers confirmed: index -> label.
# Northcutt, Athalye and Mueller, 2021, https://labelerrors.com
DOUBTFUL_LABELS = {
    947: 8, 1621: 0, 1901: 9, 2130: 4, 2462: 2, 2597: 5, 2654: 6, 3520: 6,
    3558: 5, 5937: 5, 6651: 0, 6783: 1, 8527: 4, 9679: 6, 9729: 5,
}  # fmt: skip


# %% tags=["hide-input"]
def confident_mistakes(probabilities: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the indices of the `count` most confident wrong answers, in that order.

    Probabilities are (N, 10), labels (N,).
    """
    confidence, answers = probabilities.max(dim=1)
    wrong = (answers != labels).nonzero().squeeze(1)
    order = confidence[wrong].argsort(descending=True, stable=True)
    return wrong[order][:count]


# %% tags=["hide-input"]
surest = confident_mistakes(probabilities, labels, 16).tolist()
marked = [place for place, index in enumerate(surest) if index in DOUBTFUL_LABELS]
titles = [f"{labels[index]} → {answers[index]}" for index in surest]
plot_digits(images[surest], titles, marked=marked)
plt.show()

# %% tags=["hide-input"]
blamed = sum(answers[index] != label for index, label in DOUBTFUL_LABELS.items()).item()
print(f"{len(marked)} of these 16 have a doubtful label")
print(f"{blamed} of the 15 doubtful labels count as mistakes of the model")
print(f"lowest confidence among the 16: {confidence[surest].min():.1%}")

# %% [markdown]
# If all 11 were counted for the network, its accuracy would rise by 0.11 points.
# Most of the others you and I can read, and yet the network gave each of these 16 wrong answers a probability of at least 98.5%.
# Part II asks whether such probabilities mean anything.
#
# ## Save and load
#
# To restore a network we need its class, its width and its weights; we save the weights, with the two numbers of the normalisation.

# %%
Path("checkpoints").mkdir(exist_ok=True)
kept = {"weights": model.state_dict(), "mean": mean, "std": std}
torch.save(kept, "checkpoints/mlp.pt")
saved = torch.load("checkpoints/mlp.pt", map_location=device, weights_only=True)
restored = MLP(hidden).to(device)
restored.load_state_dict(saved["weights"])
print("same answers:", torch.equal(predict(restored, test).cpu(), logits[0]))

# %% [markdown]
# **Detour.** `map_location` brings weights saved on a graphics card to the device at hand.
# `weights_only=True` is the default since PyTorch 2.6; without it, `torch.load` unpickles the file, and a pickle can run any code.
#
# ## Exercises
#
# **1. Remove the ReLU.**
# What does the accuracy become, and why is it so little better than that of one linear layer?

# %% tags=["hide-input", "hide-output"]
for layers in ([nn.Linear(784, 64), nn.Linear(64, 10)], [nn.Linear(784, 10)]):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), *layers).to(device)
    history = fit(network, training, validation, epochs=1, lr=1e-3)
    print(f"{len(layers)} linear layer(s): {history[-1][1].accuracy:.1%}")
# Two matrices in a row are one matrix.

# %% [markdown]
# **2. Forget `zero_grad()`.**
# Train with plain gradient descent (`torch.optim.SGD`, `lr=0.1`), with that line and without.

# %% tags=["hide-input", "hide-output"]
for cleared in (True, False):
    torch.manual_seed(0)
    network = MLP(128).to(device)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    for some_images, some_labels in batches(training, 128, shuffle=True):
        loss = F.cross_entropy(network(some_images), some_labels)
        if cleared:
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"cleared: {cleared}, accuracy {evaluate(network, validation).accuracy:.1%}")
# Without it, each step repeats all the steps before it.

# %% [markdown]
# **3. Rounding.**
# My numbers hold for one order of additions.
# Change one weight by a millionth before training, and see which answers change.
# The same happens without the first lines of the first block, or on a graphics card.

# %% tags=["hide-input", "hide-output"]
torch.manual_seed(0)
nudged = MLP(hidden).to(device)
with torch.no_grad():
    nudged.layers[1].weight[0, 400] += 1e-6
fit(nudged, training, validation, 5, lr)
other = predict(nudged, test).cpu()
changed = other.argmax(dim=1) != answers
before, after = (int((each != labels).sum()) for each in (answers, other.argmax(dim=1)))
top = probabilities.topk(2, dim=1).values
print(f"{changed.sum()} of 10,000 answers change; "
      f"mistakes: {before} before, {after} after")
lead = (top[:, 0] - top[:, 1])[changed].median()
print("the first of them:", changed.nonzero()[:8].flatten().tolist())
print(f"median lead of their first answer over the second: {lead:.2f}; of all digits "
      f"{(top[:, 0] - top[:, 1]).median():.2f}")
# Tiny differences grow at each step. What changes are the answers that were in doubt.

# %% [markdown]
# **4. Old hands.**
# Does it help to have seen a writer before?
# Put half of the validation digits into the training set in place of as many others; read the other half.

# %% tags=["hide-input", "hide-output"]
def shuffled(count, seed):
    return torch.randperm(count, generator=torch.Generator().manual_seed(seed))

seen, judged = (
    TensorDataset(*validation[half]) for half in shuffled(len(validation), 1).chunk(2)
)
kept = training[shuffled(len(training), 2)[len(seen):]]
mixed = TensorDataset(*(torch.cat(pair) for pair in zip(kept, seen.tensors)))
_, judged_labels, judged_writers = (tensor.cpu() for tensor in judged.tensors)
gains = []
for seed in range(3):
    torch.manual_seed(seed)
    familiar = MLP(hidden).to(device)
    fit(familiar, mixed, judged, 5, lr)
    right = [predict(each, judged).argmax(dim=1).cpu() == judged_labels
             for each in (familiar, runs[seed][0])]
    gains.append(right[0].float() - right[1].float())
gains = torch.stack(gains)  # (3 seeds, digits)
least, most = interval(gains.mean(dim=0), judged_writers)
print("gain by seed:", " ".join(f"{100 * each:+.2f}" for each in gains.mean(dim=1)))
print(f"mean {100 * gains.mean():+.2f} points, by writer from {100 * least:+.2f} "
      f"to {100 * most:+.2f}")
# The same digits, as many to train with: only who wrote these has changed.

# %% [markdown]
# **5. Read your own handwriting.**
# Photograph a digit and prepare it like MNIST: ink 1, paper 0, the digit scaled to 20 x 20 pixels, its centre of mass in the middle of 28 x 28.
# The solution enlarges validation digits instead of taking photographs.

# %% tags=["hide-input"]
def like_mnist(photo: Tensor, ink: float = 0.2) -> Tensor:
    """Bring a photo of a digit, (H, W), ink near 1, paper near 0, into MNIST's form.

    The digit is cut out, scaled into 20 x 20 pixels, and laid on (1, 1, 28, 28) with
    its centre of mass on pixel (14, 14), as in http://yann.lecun.com/exdb/mnist/

    Raises:
        ValueError: if no pixel is darker than `ink`.
    """
    if photo.max() <= ink:
        raise ValueError(f"there is no digit: no pixel is darker than {ink}")
    rows, columns = (photo > ink).nonzero().unbind(dim=1)
    digit = photo[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = 20 / max(digit.shape)
    height, width = (max(1, round(scale * side)) for side in digit.shape)
    small = F.interpolate(
        digit[None, None], [height, width], mode="bilinear", antialias=True
    )
    by_row, by_column = small[0, 0].sum(dim=1), small[0, 0].sum(dim=0)
    down = (by_row @ torch.arange(height).float() / small.sum()).item()
    across = (by_column @ torch.arange(width).float() / small.sum()).item()
    top = min(max(0, round(14 - down)), 28 - height)
    left = min(max(0, round(14 - across)), 28 - width)
    return F.pad(small, (left, 28 - width - left, top, 28 - height - top))


# %% tags=["hide-input", "hide-output"]
plain, plain_labels, _ = split_by_writer(everything)[1][:500]
photos = torch.zeros(500, 1, 160, 160)
photos[:, :, 10:94, 60:144] = F.interpolate(plain, [84, 84], mode="bilinear")
squeezed = F.interpolate(photos, [28, 28], mode="bilinear", antialias=True)
prepared = torch.cat([like_mnist(photo[0]) for photo in photos])
forms = {"squeezed into 28 x 28": squeezed, "prepared like MNIST": prepared}
for name, each in forms.items():
    own = normalise(TensorDataset(each, plain_labels), mean, std, device)
    print(f"{name}: {evaluate(model, own).accuracy:.1%}")

# %% [markdown]
# ## What comes next
#
# Our network treats an image as 784 numbers in a row.
# In Part II a convolutional neural network (CNN) makes use of the fact that neighbouring pixels belong together.
# In Part III a recurrent neural network (RNN) reads the digits row by row, and Part IV reads your drawings.
# [A table of the terms](/mnist-classifier-with-pytorch-part-3/#terms), with links to where each is explained, is at the end of Part III.
