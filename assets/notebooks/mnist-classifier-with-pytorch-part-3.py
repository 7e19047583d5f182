# %% [markdown]
# # MNIST Classifier with Pytorch [Part III]

# %% [markdown]
# The networks of Part I and Part II look at an image all at once.
# In this part a network reads a digit as you read this page: line by line, from the top, and all that it knows of the lines above is what it remembers.
# Such a network is *recurrent*: at each step it mixes what comes in with its own memory of what came before.
#
# Let me say it plainly at once: an image is no sequence.
# Its rows do not follow each other in time, nobody writes a digit from the top edge to the bottom edge, and for reading digits the convolutional network of Part II is the better tool.
# Why do it all the same?
# Because everything that makes recurrent networks hard and interesting, memory that fades, gradients that vanish, gates that hold on, can be *seen* on digits, with data that we know by now.
# And because a network that reads in steps can be interrupted: we can ask it after every single row what it believes, which no network of the first two parts can answer.
#
# Every number, printout and figure on this page came out of the code on this page.
#
# ## The result first
#
# You need Python 3.11 or newer, and `pip install torch torchvision matplotlib`.

# %%
import math
import time
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler
from torch.utils.data import BatchSampler, DataLoader, RandomSampler, SequentialSampler
from torch.utils.data import TensorDataset
from torchvision import datasets
from torchvision.transforms import v2

# %% [markdown]
# ### What we bring from the first parts
#
# All of the following is folded, because you know it: loading and splitting digits, the training loop, the figures, and the ruler by which every model of the series is measured.
# From Part II comes one layer, `Jitter`, which in training moves, turns and stretches each image a little, so that no image is ever seen twice.

# %% tags=["hide-input"]
# Bytes from 0 to 255 become floats from 0 to 1. The same line serves one image or 60,000.
to_float = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.ToPureTensor()])


def load_digits(root: str, *, train: bool) -> TensorDataset:
    """Load the 60,000 training digits of MNIST, or its 10,000 test digits.

    Images are float32 of shape (N, 1, 28, 28), from 0 for paper to 1 for ink; labels int64, (N,).
    """
    mnist = datasets.MNIST(root, train=train, download=True)
    return TensorDataset(to_float(mnist.data.unsqueeze(1)), mnist.targets)


def split_digits(
    digits: TensorDataset, held_out: int = 10_000, seed: int = 0
) -> tuple[TensorDataset, TensorDataset]:
    """Deal shuffled digits into two parts: all but `held_out`, and `held_out` of them.

    Raises:
        ValueError: if one of the parts would be empty.
    """
    if not 0 < held_out < len(digits):
        raise ValueError(f"cannot hold out {held_out} of {len(digits)} digits")
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    return TensorDataset(*digits[order[held_out:]]), TensorDataset(*digits[order[:held_out]])


def mean_and_std(digits: TensorDataset) -> tuple[float, float]:
    """Return the mean and the standard deviation of all pixels of all the images."""
    images = digits.tensors[0]
    return images.mean().item(), images.std().item()


def normalise(digits: TensorDataset, mean: float, std: float) -> TensorDataset:
    """Shift and scale every pixel, so that mean 0 and deviation 1 reach the model."""
    images, labels = digits.tensors
    return TensorDataset(v2.functional.normalize(images, [mean], [std]), labels)


def move(digits: TensorDataset, device: torch.device) -> TensorDataset:
    """Copy images and labels to a device, all at once: MNIST fits on any."""
    return TensorDataset(*(tensor.to(device) for tensor in digits.tensors))


def make_batches(
    digits: TensorDataset, size: int, shuffle_seed: int | None = None
) -> DataLoader[tuple[Tensor, ...]]:
    """Cut digits into batches; with a seed, shuffle them anew for every epoch.

    The last batch holds what is left, so it may be smaller.
    A batch is one indexing of the whole tensors (`batch_size=None`), not 128 digits put together.
    """
    dice = torch.Generator().manual_seed(shuffle_seed or 0)
    shuffled = RandomSampler(digits, generator=dice)
    order = SequentialSampler(digits) if shuffle_seed is None else shuffled
    batches = BatchSampler(order, size, drop_last=False)
    return DataLoader(digits, batch_size=None, sampler=batches, generator=dice)


# %% tags=["hide-input"]
def pick_device() -> torch.device:
    """Return this machine's accelerator, or the CPU where there is none."""
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


class Score(NamedTuple):
    """How well a model does: mean loss a digit, and share of digits it gets right."""

    loss: float
    accuracy: float


def average(scores: Iterable[tuple[Score, int]]) -> Score:
    """Average scores of batches, each weighted by its size: the last batch may be smaller."""
    loss = accuracy = 0.0
    seen = 0
    for score, size in scores:
        loss += score.loss * size
        accuracy += score.accuracy * size
        seen += size
    return Score(loss / seen, accuracy / seen)


def grade(logits: Tensor, labels: Tensor) -> tuple[Tensor, float]:
    """Return the mean cross entropy of a batch, to differentiate, and its accuracy."""
    accuracy = (logits.argmax(dim=1) == labels).float().mean().item()
    return F.cross_entropy(logits, labels), accuracy


def train_step(model: nn.Module, images: Tensor, labels: Tensor, optimizer: Optimizer) -> Score:
    """Move the weights a little downhill on the loss of one batch."""
    loss, accuracy = grade(model(images), labels)
    optimizer.zero_grad()  # forget the gradients of the step before
    loss.backward()  # compute new ones
    optimizer.step()  # use them
    return Score(loss.item(), accuracy)


def train_epoch(
    model: nn.Module,
    batches: Iterable[tuple[Tensor, ...]],
    optimizer: Optimizer,
    schedule: LRScheduler,
) -> Score:
    """Show the model every batch once; return the mean score along the way."""
    model.train()  # dropout on
    scores = []
    for images, labels in batches:
        scores.append((train_step(model, images, labels, optimizer), len(labels)))
        schedule.step()
    return average(scores)


@torch.inference_mode()  # no gradients here: less memory, less time
def evaluate(model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> Score:
    """Score the model as it is, without changing a weight; leaves it in evaluation mode."""
    model.eval()  # dropout off
    scores = []
    for images, labels in batches:
        loss, accuracy = grade(model(images), labels)
        scores.append((Score(loss.item(), accuracy), len(labels)))
    return average(scores)


def fit(
    model: nn.Module,
    training: DataLoader[tuple[Tensor, ...]],
    validation: DataLoader[tuple[Tensor, ...]],
    epochs: int = 5,
    rate: float = 4e-3,
) -> list[tuple[Score, Score]]:
    """Train, and validate after each epoch; return the two scores of every epoch.

    The learning rate falls in a straight line from `rate` to zero: stride first, then settle.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=rate, fused=True)
    steps = epochs * len(training)
    schedule = LinearLR(optimizer, start_factor=1, end_factor=0, total_iters=steps)
    history = []
    for _ in range(epochs):
        trained = train_epoch(model, training, optimizer, schedule)
        history.append((trained, evaluate(model, validation)))
    return history


# %% tags=["hide-input"]
class Jitter(nn.Module):
    """Move, turn and stretch each image a little, by dice of its own; only while training."""

    def __init__(self, pixels: float = 2.0, degrees: float = 10.0, stretch: float = 0.1) -> None:
        """Take the most that an image is moved, turned, and made smaller or larger by."""
        super().__init__()
        self.most = torch.tensor([pixels / 14, pixels / 14, math.radians(degrees), stretch])

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape, (N, 1, 28, 28); what comes in is paper."""
        if not self.training:
            return images
        dice = 2 * torch.rand(len(images), 4) - 1  # between -1 and 1
        moves = (dice * self.most).to(images.device)[..., None, None]  # (N, 4, 1, 1)
        right, down, turn, stretch = moves.unbind(dim=1)
        cos, sin = (1 + stretch) * turn.cos(), (1 + stretch) * turn.sin()
        x = torch.linspace(-1, 1, 28, device=images.device) * 27 / 28  # the middles of pixels
        y = x[:, None]
        # where in the old image each pixel of the new one is taken from
        places = torch.stack([cos * x - sin * y + right, sin * x + cos * y + down], dim=1)
        paper = images.min()
        moved = F.grid_sample(images - paper, places.permute(0, 2, 3, 1), align_corners=False)
        return moved + paper


# %% tags=["hide-input"]
def count_parameters(model: nn.Module) -> int:
    """Count the numbers that training will adjust."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


# %% tags=["hide-input"]
@torch.inference_mode()
def predict(model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> Tensor:
    """Return the model's probability for each digit, (N, 10), on the CPU."""
    model.eval()
    return torch.cat([model(images).softmax(dim=1).cpu() for images, _ in batches])


# %% tags=["hide-input"]
def margin(accuracy: float, count: int) -> float:
    """Return the half-width of the 95 % interval of an accuracy measured on `count` digits.

    It is the normal approximation of the binomial: 1.96 standard deviations to either side.
    """
    return 1.96 * math.sqrt(accuracy * (1 - accuracy) / count)


# %% tags=["hide-input"]
def reliability(probabilities: Tensor, labels: Tensor, bins: int = 15) -> Tensor:
    """Sort answers by how sure they were into equal bins from 0 to 1; leave empty bins out.

    Probabilities are (N, 10), labels (N,). A row of the result, (filled bins, 3), holds a bin's
    mean confidence, its accuracy, and its share of all answers.
    """
    confidence, answers = probabilities.max(dim=1)
    right = (answers == labels).float()
    bin_of = (confidence * bins).long().clamp(max=bins - 1)
    filled = [bin_of == number for number in range(bins) if (bin_of == number).any()]
    return torch.tensor([[confidence[b].mean(), right[b].mean(), b.float().mean()] for b in filled])


def expected_calibration_error(probabilities: Tensor, labels: Tensor, bins: int = 15) -> float:
    """Return how far confidence and accuracy lie apart, averaged over all answers.

    As in Guo and others, 2017, https://arxiv.org/abs/1706.04599, equation 3.
    """
    confidence, accuracy, share = reliability(probabilities, labels, bins).unbind(dim=1)
    return (share * (confidence - accuracy).abs()).sum().item()


def shift(images: Tensor, pixels: float) -> Tensor:
    """Move images to the right; what comes in from the left is paper."""
    paper = images.min().item()
    moved: Tensor = v2.functional.affine(images, 0.0, [pixels, 0.0], 1.0, [0.0, 0.0], fill=paper)
    return moved


def rotate(images: Tensor, degrees: float) -> Tensor:
    """Turn images about their middle, counterclockwise."""
    smooth = v2.InterpolationMode.BILINEAR
    turned: Tensor = v2.functional.rotate(images, degrees, smooth, fill=images.min().item())
    return turned


def add_noise(images: Tensor, strength: float) -> Tensor:
    """Add normal noise to each pixel; at strength 1 its deviation is that of ink from paper."""
    dice = torch.Generator().manual_seed(0)
    noise = torch.randn(images.shape, generator=dice).to(images.device)
    return images + strength * (images.max() - images.min()) * noise


def blur(images: Tensor, sigma: float) -> Tensor:
    """Smear each pixel over its neighbours, by a bell curve of `sigma` pixels."""
    return v2.functional.gaussian_blur(images, [13, 13], [sigma, sigma]) if sigma else images


# What may happen to a digit on its way to the model, from not at all to beyond reading.
DAMAGES: dict[str, tuple[Callable[[Tensor, float], Tensor], list[float]]] = {
    "shift (pixels)": (shift, [0, 1, 2, 3, 4, 5]),
    "rotation (degrees)": (rotate, [0, 12, 24, 36, 48, 60]),
    "noise": (add_noise, [0, 0.2, 0.4, 0.6, 0.8, 1]),
    "blur (pixels)": (blur, [0, 0.5, 1, 1.5, 2, 2.5]),
}


def robustness(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the accuracy under each kind of damage, (4,), at each strength, (4, 6).

    Images are (N, 1, 28, 28), as the model wants them, undamaged; labels (N,).
    """
    rows = []
    for hurt, strengths in DAMAGES.values():
        hurt_images = torch.stack([hurt(images, strength) for strength in strengths])
        batches = [(batch, labels) for batch in hurt_images]
        answers = predict(model, batches).argmax(dim=1).reshape(len(strengths), -1)
        rows.append((answers == labels.cpu()).float().mean(dim=1))
    return torch.stack(rows)


def area(accuracies: Tensor) -> float:
    """Return the area under curves of accuracy against strength, (curves, strengths).

    It is their mean height: 1 for a model that nothing disturbs, 0.1 for one that guesses.
    """
    return (torch.trapezoid(accuracies, dim=1) / (accuracies.shape[1] - 1)).mean().item()


class Measured(NamedTuple):
    """What the ruler says of a model that was trained from several seeds."""

    name: str
    parameters: int
    accuracies: tuple[float, ...]  # on all test digits, one a seed
    calibration_error: float  # mean over the seeds
    robustness: float  # area under the accuracies of damaged digits, mean over the seeds


def measure(name: str, models: Sequence[nn.Module], test: TensorDataset) -> Measured:
    """Measure a model, trained from several seeds, on digits that no choice was made by.

    All of them count for accuracy and calibration, the first 1,000 for robustness.
    """
    images, labels = test.tensors
    answers = [predict(model, make_batches(test, 1000)) for model in models]
    labels_here = labels.cpu()
    accuracies = [(each.argmax(dim=1) == labels_here).float().mean().item() for each in answers]
    errors = [expected_calibration_error(each, labels_here) for each in answers]
    areas = [area(robustness(model, images[:1000], labels[:1000])) for model in models]
    return Measured(
        name,
        count_parameters(models[0]),
        tuple(round(accuracy, 4) for accuracy in accuracies),
        round(sum(errors) / len(errors), 4),
        round(sum(areas) / len(areas), 4),
    )


def as_code(name: str, rows: Sequence[Measured]) -> str:
    """Write rows as the Python that makes them again, to be carried into the next part."""
    return "\n".join([f"{name} = [", *(f"    Measured{tuple(row)!r}," for row in rows), "]"])


class Table(str):
    """Rows of HTML, which a notebook shows as a table."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        """Give a notebook what it shows."""
        return str(self)


def ruler(rows: Sequence[Measured], seconds: dict[str, float], count: int = 10_000) -> Table:
    """Lay models side by side, measured on `count` test digits, with their training seconds."""
    heads = ["parameters", "test accuracy (%)", "between seeds", "calibration error (%)"]
    html = "<table><thead><tr><th>model</th>"
    html += "".join(f"<th>{head}</th>" for head in [*heads, "robustness (%)", "training (s)"])
    html += "</tr></thead><tbody>"
    for name, parameters, accuracies, calibration_error, robust in rows:
        mean = sum(accuracies) / len(accuracies)
        cells = [f"{parameters:,}", f"{100 * mean:.2f} ± {100 * margin(mean, count):.2f}"]
        spread = torch.tensor(accuracies).std().item() if len(accuracies) > 1 else None
        cells += ["one run" if spread is None else f"± {100 * spread:.2f}"]
        cells += [f"{100 * calibration_error:.2f}", f"{100 * robust:.1f}", f"{seconds[name]:.0f}"]
        html += f"<tr><th>{name}</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    return Table(html + "</tbody></table>")


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
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


# %% tags=["hide-input"]
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


# %% [markdown]
# The digits are dealt as in Part I, by the same seed: 50,000 to learn from, 10,000 to choose by, and 10,000 that we do not touch before the end.

# %%
torch.set_num_threads(1)  # steps as small as ours are done sooner by one core than shared
device = pick_device()
training, validation = split_digits(load_digits("data", train=True), held_out=10_000, seed=0)
test = load_digits("data", train=False)
mean, std = mean_and_std(training)
training, validation, test = (
    move(normalise(digits, mean, std), device) for digits in (training, validation, test)
)
images, labels = validation.tensors


# %% [markdown]
# ### A network that reads
#
# Here is the whole network.
# Do not worry about its first layer yet: `nn.LSTM` is the memory, and [we take it apart below](#one-step-by-hand).
# Nor about the lines under `if kind is not nn.RNN`, which [come later](#how-open-is-open).

# %%
class RowReader(nn.Module):
    """Reads an image from top to bottom, a row a step, and answers from what it remembers."""

    def __init__(
        self,
        kind: type[nn.RNN | nn.GRU | nn.LSTM] = nn.LSTM,
        width: int = 28,
        hidden: int = 64,
        keep: float = 2.0,
    ) -> None:
        """Draw random weights; a row has `width` pixels, the memory holds `hidden` numbers."""
        super().__init__()
        self.memory = kind(width, hidden, batch_first=True)
        self.answer = nn.Linear(hidden, 10)
        if kind is not nn.RNN:  # GRU and LSTM have a gate for keeping: it begins open
            state_bias = self.memory.all_weights[0][3]
            nn.init.constant_(state_bias.data[hidden : 2 * hidden], keep)

    def read(self, images: Tensor) -> Tensor:
        """Return the state after each row, (N, rows, hidden), of images (N, 1, rows, width)."""
        rows = images.squeeze(1)  # (N, 1, rows, width) -> (N, rows, width)
        states: Tensor = self.memory(rows)[0]
        return states

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10), after the last row."""
        logits: Tensor = self.answer(self.read(images)[:, -1])
        return logits


# %% [markdown]
# We train it on all 50,000 digits, from three seeds, with the `fit` of Part I unchanged.

# %%
def train(kind, seed, digits, judges, hidden=64, jitter=False):
    torch.manual_seed(seed)
    reader = RowReader(kind, hidden=hidden).to(device)
    model = nn.Sequential(Jitter(), reader) if jitter else reader
    batches = make_batches(digits, 128, seed), make_batches(judges, 1000)
    return reader, fit(model, *batches, epochs=5, rate=8e-3)

started = time.perf_counter()
runs = [train(nn.LSTM, seed, training, validation, jitter=True) for seed in range(3)]
seconds = {"LSTM, rows": (time.perf_counter() - started) / 3}
readers = [reader for reader, _ in runs]
for seed, (_, history) in enumerate(runs):
    print(f"seed {seed}: {history[-1][1].accuracy:.2%} of the validation digits")
chosen = torch.tensor([history[-1][1].accuracy for _, history in runs]).mean().item()


# %% [markdown]
# A network with 24,714 parameters, one for every 16 of the MLP of Part I, reads 98.76% of the validation digits, as a mean of three seeds.
# It never sees more than one row at a time.
#
# So let us look over its shoulder.
# After each row we stop it and ask: if the image ended here, what would you say?

# %%
@torch.inference_mode()
def beliefs(model: RowReader, images: Tensor) -> Tensor:
    """Return the model's probability for each digit after each row, (N, rows, 10), on the CPU."""
    model.eval()
    probabilities: Tensor = model.answer(model.read(images)).softmax(dim=2)
    return probabilities.cpu()


# %% tags=["hide-input"]
def plot_beliefs(image: Tensor, probabilities: Tensor) -> Figure:
    """Draw an image, (1, rows, width), beside the beliefs after each of its rows, (rows, 10)."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 6.4), sharey=True, width_ratios=[1, 1.3])
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
example = (labels == 9).nonzero()[0].item()  # the first nine of the validation digits
believed = beliefs(readers[0], images[example : example + 1])[0]  # (28 rows, 10 digits)
plot_beliefs(images[example], believed)
plt.show()

# %% [markdown]
# Read the right side from top to bottom: each row of the picture is a row of the image, each column a digit, and dark means sure.
# In the blank rows at the top, and far into the loop, the network has no opinion worth the name.
# After 17 rows, with the loop behind it, its best guess is 0, at 65%: so far this *is* a nought.
# Then comes a straight stem, and at the end the answer is 9, at 99.95%.
#
# Two questions remain, and they take up most of this post.
# How can a network remember the loop when it sees the stem?
# And could it have known earlier?
#
# ## Rows as time steps
#
# A recurrent layer wants a *sequence*: some number of steps, and at each step some numbers.
# An image of 28 rows of 28 pixels has just that form, if we call the rows steps.
# Nothing has to be computed for it; we only drop the channel.

# %%
rows = images[:128].squeeze(1)  # take out the channel, the axis of length one
states, last = nn.RNN(28, 64, batch_first=True).to(device)(rows)
print("images      ", tuple(images[:128].shape), " batch, channel, height, width")
print("rows        ", tuple(rows.shape), "    batch, steps, pixels a step")
print("states      ", tuple(states.shape), "    batch, steps, numbers remembered")
print("last state  ", tuple(last.shape), "     layers, batch, numbers remembered")
print("the same?   ", torch.equal(states[:, -1], last[0]))


# %% [markdown]
# The layer returns two things: the *state* after every step, and once more the state after the last step.
# Look at the order of the axes in the last shape.
# `batch_first=True` puts the batch first in what goes in and in `states`, but not in `last`, where the layers come first.
# I use `states[:, -1]`, and have one shape less to remember.
#
# ### One step by hand
#
# What happens in a step?
# The network multiplies the new row by one matrix, its state by another, adds the two, and squeezes the sum between -1 and 1 with the hyperbolic tangent.
# The result is its next state.

# %%
def rnn_step(memory: nn.RNN, row: Tensor, state: Tensor) -> Tensor:
    """Mix a row, (N, width), into the state, (N, hidden): one step of `nn.RNN`, by hand."""
    for_row, for_state, row_bias, state_bias = memory.all_weights[0]
    return torch.tanh(row @ for_row.T + row_bias + state @ for_state.T + state_bias)


# %% [markdown]
# The same two matrices serve at every step.
# That is the whole idea: a rule of how to go on reading, applied 28 times.

# %%
memory = nn.RNN(28, 64, batch_first=True).to(device)
states, _ = memory(rows)

state = torch.zeros(len(rows), 64, device=device)  # nothing read, nothing remembered
for step in range(28):
    state = rnn_step(memory, rows[:, step], state)
print("PyTorch's last state and ours agree:", torch.allclose(states[:, -1], state, atol=1e-6))


# %% [markdown]
# `nn.RNN` does exactly this loop, only faster.
# A linear layer then turns the last state into ten scores, and everything from there on is as in Part I: the loss, the loop, `backward()`.
#
# ## RNN, GRU and LSTM in the same loop
#
# PyTorch has three recurrent layers, and all take a sequence in and give states out.
# So we can put any of them into `RowReader` and train it in the same loop.
# To be quick we use 5,000 digits and half the memory here, no jitter, three seeds each, and let 3,000 validation digits judge.

# %% tags=["hide-input"]
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


# %%
def rearrange(digits: TensorDataset, way: Callable[[Tensor], Tensor]) -> TensorDataset:
    """Lay all images out in the same new way; labels stay with their images."""
    images, labels = digits.tensors
    return TensorDataset(way(images), labels)


# %%
kinds = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}
few, judges = TensorDataset(*training[:5000]), TensorDataset(*validation[:3000])

def scores(kind, way=lambda images: images):  # as they are, if no way is given
    digits, judging = rearrange(few, way), rearrange(judges, way)
    return [train(kind, seed, digits, judging, hidden=32)[1][-1][1].accuracy for seed in range(3)]

by_kind = {name: scores(kind) for name, kind in kinds.items()}
average_of = {name: sum(seeds) / len(seeds) for name, seeds in by_kind.items()}
doubt = margin(average_of["LSTM"], len(judges))

plot_spread(by_kind)
plt.show()


# %% [markdown]
# The plain RNN reads 58.5%, the GRU 90.0% and the LSTM 90.4%.
# Between GRU and LSTM I would not choose by this: 3,000 judges leave a margin of ± 1.1 points.
# But the RNN is far behind in this loop.
# The comparison is not quite fair: the learning rate is the same for all three, and only the gated layers are given a helpful start.
# It has only a quarter of the weights, but with as many as the LSTM it is still far behind, as the last of the [exercises](#exercises) shows.
# Part of what keeps it down can be seen before any training.
#
# ## Where the gradient gets lost
#
# The digit's upper rows are read first, and the loss is computed after the last row.
# To learn anything about the first row, the gradient must travel back through all the 27 steps between, and at every step the chain rule multiplies it by the same matrix and by the slope of the hyperbolic tangent, which is never more than one.
# (The chain rule says that slopes of steps done one after the other are multiplied.)
# In a fresh network the weights of that matrix are small, so the product shrinks.
#
# What do you expect of a number that is made smaller 27 times?
# Let us measure it, in networks that are not trained yet: how strongly does the loss feel a change of the first row, of the second, and so on?
# For each row we take the length of its gradient, the *norm*: square, sum, take the root.

# %%
def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return how strongly the loss feels each row: its mean gradient norm there, (rows,).

    Images are (N, 1, rows, width), labels (N,).
    """
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    (slopes,) = torch.autograd.grad(loss, images)  # (N, 1, rows, width)
    norms: Tensor = slopes.squeeze(1).norm(dim=2)  # (N, rows)
    return norms.mean(dim=0)


# %% tags=["hide-input"]
def plot_gradients(norms: dict[str, Tensor]) -> Figure:
    """Draw how strongly the loss feels each step, (steps,), as a share of the last step's."""
    figure, axes = plt.subplots(figsize=(7, 3.4))
    for name, steps in norms.items():
        axes.plot(range(1, len(steps) + 1), steps / steps[-1], label=name)
    axes.set(yscale="log", xlabel="step", ylabel="gradient (last step = 1)")
    axes.legend()
    return figure


# %%
def fresh(kind, **options):
    torch.manual_seed(0)
    return RowReader(kind, **options).to(device)

norms = {
    name: gradient_norms(fresh(kind), images[:500], labels[:500]) for name, kind in kinds.items()
}
fade = {name: (steps[-1] / steps[0]).item() for name, steps in norms.items()}
plot_gradients(norms)
plt.show()


# %% [markdown]
# In the fresh RNN the loss feels the first row 120 million times less than the last.
# Per step that is a factor of 0.50: half of the message is lost at every row.
# That is no law: PyTorch begins with small random matrices, and an RNN that begins with an orthogonal matrix loses less.
# But for a network that has yet to learn, the upper part of the digit might as well not be there.
# This is the *vanishing gradient*, and a higher learning rate is no cure, since it would multiply the last rows just as much.
#
# In the LSTM the first row is felt 6 times less than the last, in the GRU 19 times.
# That is still a loss, but one that training can work with.
# Part of the difference is the start: the gates of our GRU and LSTM begin open, and [without that](#how-open-is-open) they too would fade fast.
#
# ### What a gate does
#
# The cure is almost disappointingly simple: do not squeeze the whole memory through a matrix at each step.
# *Keep* it, and change it only where there is something to change.
#
# An LSTM has a second memory beside its state, which I call the *store*; papers call it the cell.
# At each step four questions are asked, each with weights of its own, of the new row and of the state:
#
# - **keep**: which numbers of the store stay?
#   A *gate* answers, a number between 0 (forget) and 1 (keep) for each; the function that squeezes any number into that range is called `sigmoid`.
# - **write**: where is something to be added? Another gate.
# - **news**: what would be added? A hyperbolic tangent, as in the plain RNN.
# - **show**: which numbers of the store become the state, that the outside gets to see? A third gate.
#
# In code it is shorter than in words:

# %%
def lstm_step(memory: nn.LSTM, row: Tensor, state: Tensor, store: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next state and the next store, each (N, hidden): a step of `nn.LSTM`, by hand."""
    for_row, for_state, row_bias, state_bias = memory.all_weights[0]
    mixed = row @ for_row.T + row_bias + state @ for_state.T + state_bias  # (N, 4 * hidden)
    write, keep, news, show = mixed.chunk(4, dim=1)  # PyTorch's order; each (N, hidden)
    store = keep.sigmoid() * store + write.sigmoid() * news.tanh()
    return show.sigmoid() * store.tanh(), store


# %%
memory = nn.LSTM(28, 64, batch_first=True).to(device)
states, _ = memory(rows)

state = store = torch.zeros(len(rows), 64, device=device)
for step in range(28):
    state, store = lstm_step(memory, rows[:, step], state, store)
print("PyTorch's last state and ours agree:", torch.allclose(states[:, -1], state, atol=1e-6))

# %% [markdown]
# Look at the line that changes the store: `keep.sigmoid() * store + …`.
# On its way back along the store itself, the gradient is multiplied by the gate, and by nothing else.
# Where the gate is nearly open, it passes nearly untouched, however many steps there are.
# The idea is from [Hochreiter and Schmidhuber, 1997](https://www.bioinf.jku.at/publications/older/2604.pdf), and the gate that can forget was [added by Gers and others, 2000](https://doi.org/10.1162/089976600300015015).
#
# A GRU ([Cho and others, 2014](https://arxiv.org/abs/1406.1078)) does the same with less.
# It has no separate store, and one gate serves for keeping and writing, since what is not kept is overwritten; a second one says how much of the old state the news may look at.
# With the news itself, that makes three sets of weights where the LSTM has four:

# %%
for name, kind in kinds.items():
    print(f"{name:4} {count_parameters(RowReader(kind)):6,} parameters")


# %% [markdown]
# ### How open is open?
#
# A fresh gate is half open, because its weights are small and `sigmoid(0)` is a half: half of the store would be lost at each step.
# That is why `RowReader` begins with a bias of 2 on the gate that keeps, which opens it to 0.88.
# It is an old trick: [Jozefowicz and others](https://proceedings.mlr.press/v37/jozefowicz15.html) tried over ten thousand recurrent architectures, and found that a bias of 1 on this gate closes the gap between LSTM and GRU.
#
# For 28 rows it is enough.
# But what about a longer sequence?
# If we shrink a digit to 14 x 14 pixels and read it *pixel by pixel*, there are 196 steps.

# %%
def as_pixels(images: Tensor) -> Tensor:
    """Shrink images to 14 x 14 and string their pixels out, a row each: (N, 1, 196, 1)."""
    return F.avg_pool2d(images, 2).reshape(-1, 1, 196, 1)


# %%
strings = as_pixels(images[:200])
opened = {
    f"keep {keep}: open to {torch.tensor(float(keep)).sigmoid():.1%}": gradient_norms(
        fresh(nn.LSTM, width=1, hidden=32, keep=keep), strings, labels[:200]
    )
    for keep in (0, 2, 5)
}
reach = [(steps[0] / steps[-1]).item() for steps in opened.values()]
plot_gradients(opened)
plt.show()


# %% [markdown]
# With the gate half open, the gradient shrinks by 37 powers of ten on its way to the first pixel: when training begins, nothing that happens there is felt at all.
# Open to 88% it shrinks by 3.6 powers, and open to 99.3% hardly at all.
# These are not simply powers of the opening, since the gate varies with what is read, and the gradient has a way through the state as well.
# So for the gradient to arrive over a longer way, the gate must begin closer to one.
# Whether the network then learns more is another question, and [one pixel at a time](#one-pixel-at-a-time) we shall ask it.
#
# ### Clipping the gradient
#
# A gradient that is multiplied over and over can also grow.
# An RNN at a high learning rate sooner or later meets a spot where it explodes, and then a single step throws the weights so far that nothing learnt is left.
# The usual cure is *clipping*: if the gradient is longer than some limit, cut it to that length and keep its direction ([Pascanu and others, 2013](https://arxiv.org/abs/1211.5063)).
# In PyTorch it is one line between `backward()` and `step()`:

# %%
def descend(
    model: nn.Module, batches: Iterable[tuple[Tensor, ...]], rate: float, limit: float
) -> list[tuple[float, float]]:
    """Take a step of plain descent for each batch; return each step's loss and gradient norm.

    A gradient longer than `limit` is cut to that length, its direction kept.
    """
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    steps = []
    for images, labels in batches:
        loss, _ = grade(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), limit)  # the norm before the cut
        optimizer.step()
        steps.append((loss.item(), norm.item()))
    return steps


# %% [markdown]
# This is plain gradient descent, without Adam, which scales its steps by itself and would hide half of the trouble.
# We let an RNN go down at a rate that is far too bold, once without a limit and once with the limit 0.3, with the same weights to begin with and the same batches.

# %% tags=["hide-input"]
def plot_steps(runs: dict[str, Sequence[tuple[float, float]]]) -> Figure:
    """Draw each step's loss and gradient norm, both on logarithmic axes, for several runs."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
    for name, steps in runs.items():
        losses, norms = zip(*steps, strict=True)
        left.plot(losses, linewidth=1, label=name)
        right.plot(norms, linewidth=1)
    left.set(yscale="log", xlabel="step", ylabel="loss")
    right.set(yscale="log", xlabel="step", ylabel="gradient norm")
    left.legend()
    return figure


# %%
descents, descended = {}, {}
for name, limit in [("no limit", math.inf), ("limit 0.3", 0.3)]:
    model = fresh(nn.RNN)
    batches = make_batches(TensorDataset(*training[:10_000]), 64, shuffle_seed=0)
    descents[name] = descend(model, batches, rate=1.0, limit=limit)
    descended[name] = evaluate(model, make_batches(judges, 1000)).accuracy
plot_steps(descents)
plt.show()


# %% [markdown]
# Without a limit the largest gradient has length 947, the loss climbs to 24, and at the end the network reads 20.4% of the digits.
# With the limit it reads 58.5%.
# Note that in the clipped run even the norms before the cut stay far smaller: short steps do not lead to the steepest places.
# A smaller learning rate is the other remedy, and this figure does not say which of the two is better.
# Clipping is no cure for vanishing gradients, though: it can shorten, and not lengthen.
#
# ## What it believes, row by row
#
# Now back to the network that stops after each row.
# In the strip at the top it made up its mind late.
# Is that because a digit cannot be told earlier?

# %%
def accuracy_by_row(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the accuracy after each row, (rows,), of scores (N, rows, 10), labels (N,)."""
    return (scores.argmax(dim=2) == labels.unsqueeze(1)).float().mean(dim=0)


# %% [markdown]
# Before you look: after how many of the 28 rows do you expect that nine digits in ten can be told?
#
# Here is one suspicion.
# The network was only ever asked after the last row, so nobody taught it to have an opinion before.
# It has to *carry* what it has read to the end, and may carry it in a form that the last layer cannot read yet.
#
# There are two ways to find out.
# The first is to teach it to answer early: in training, stop each image at a random row, and take the loss there.

# %%
class AnytimeReader(RowReader):
    """A row reader that learns to answer after any row, and not after the last one only."""

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (N, 10): in training after a random row, another for each image."""
        if not self.training:
            return super().forward(images)
        everyone, rows = torch.arange(len(images)), images.shape[2]
        stops = torch.randint(rows, (len(images),))  # where each image is interrupted
        logits: Tensor = self.answer(self.read(images)[everyone, stops])
        return logits


# %% [markdown]
# We need not begin anew: this talkative reader starts from the weights that we have, and trains for two more epochs.

# %%
anytime = AnytimeReader().to(device)
anytime.load_state_dict(readers[0].state_dict())
torch.manual_seed(0)
interrupted = nn.Sequential(Jitter(), anytime)
batches = make_batches(training, 128, shuffle_seed=0), make_batches(validation, 1000)
history = fit(interrupted, *batches, epochs=2, rate=3e-3)
print(f"read to the end: {history[-1][1].accuracy:.2%} of the validation digits")


# %% [markdown]
# The second way is to teach it nothing.
# Leave every weight of the memory as it is, and after each row put a new last layer on it, fitted to the states that 10,000 training digits leave there.
# Such a layer is called a *linear probe* ([Alain and Bengio, 2016](https://arxiv.org/abs/1610.01644)).
# It can do no more than weigh and add the numbers of a state, so what it reads was there to be read; the store behind the state, which may hold more, it does not see.
# It is fitted by *least squares*: its ten scores are to come as near as they can to one for the right digit and zero for the others, by the sum of all squared differences.
# That needs no training loop, for PyTorch finds the best weights in one call; and it is judged, like the others, by the validation digits.

# %%
@torch.inference_mode()
def probe(model: RowReader, digits: TensorDataset, images: Tensor) -> Tensor:
    """Score images by new last layers, one for each row: (N, rows, 10), on the CPU.

    The memory stays as it is; a row's layer is fitted by least squares to what `digits` leave in
    it. Alain and Bengio, 2016, https://arxiv.org/abs/1610.01644, call this a linear probe.
    """
    known, asked = (  # (rows, N, hidden + 1), with a one for the bias
        F.pad(model.read(each).cpu(), (0, 1), value=1.0).swapaxes(0, 1)
        for each in (digits.tensors[0], images)
    )
    wanted = F.one_hot(digits.tensors[1].cpu(), 10).float().expand(len(known), -1, -1)
    layers: Tensor = torch.linalg.lstsq(known, wanted).solution  # (rows, hidden + 1, 10)
    return (asked @ layers).swapaxes(0, 1)


# %% [markdown]
# For a floor we bring back the baseline of Part I, the nearest mean digit, and let it see as many rows.
# It remembers nothing but ten pictures, so whatever it can tell, the ink itself gives away.

# %% tags=["hide-input"]
def mean_digits(images: Tensor, labels: Tensor) -> Tensor:
    """Average the images of each digit: (N, 1, 28, 28) becomes (10, 1, 28, 28)."""
    return torch.stack([images[labels == digit].mean(dim=0) for digit in range(10)])


# %% tags=["hide-input"]
def nearest_mean(images: Tensor, means: Tensor) -> Tensor:
    """Answer with the digit whose mean is nearest, pixel by pixel; one answer an image, (N,)."""
    distances = torch.cdist(images.flatten(1), means.flatten(1))  # (N, 784), (10, 784) -> (N, 10)
    return distances.argmin(dim=1)


# %% tags=["hide-input"]
def plot_by_row(curves: dict[str, Tensor], ink: Tensor) -> Figure:
    """Draw accuracy against rows read, each curve (rows,), over the ink of each row, (rows,)."""
    rows = range(1, len(ink) + 1)
    figure, axes = plt.subplots(figsize=(7, 4.6))
    share = (25 * ink / ink.max()).tolist()  # a low hill behind the curves
    axes.bar(rows, share, width=1, color="0.9", label="ink in that row")
    for name, accuracies in curves.items():
        axes.plot(rows, 100 * accuracies, label=name)
    axes.set(xticks=[1, *range(4, 29, 4)], xlim=(0.5, 28.5), ylim=(0, 103))
    axes.set(xlabel="rows read", ylabel="accuracy (%)")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


# %%
means = mean_digits(*training.tensors)
nearest = [nearest_mean(images[:, :, :r], means[:, :, :r]) == labels for r in range(1, 29)]
always = beliefs(anytime, images)
here = labels.cpu()
shown = TensorDataset(*training[:10_000])
curves = {
    "asked after every row": accuracy_by_row(always, here),
    "asked at the end": accuracy_by_row(beliefs(readers[0], images), here),
    "asked at the end, probed": accuracy_by_row(probe(readers[0], shown, images), here),
    "nearest mean": torch.stack(nearest).float().mean(dim=1).cpu(),
}
untaught = accuracy_by_row(probe(fresh(nn.LSTM), shown, images), here)
ninety = [int((curve >= 0.9).int().argmax()) + 1 for curve in list(curves.values())[:3]]
ink = (images - images.min()).mean(dim=(0, 1, 3)).cpu()
plot_by_row(curves, ink)
plt.show()

# %% [markdown]
# This is the figure I would keep of the whole post.
# Asked at the end only, the network reaches nine digits in ten after 21 rows; asked after every row, after 16.
# Half way down, after 14 rows, it reads 87% of the digits, where the other reads 36% and the nearest mean 68%.
# So the digit *could* be told: a network that is never asked early has no answer early.
#
# And now the third curve.
# Probed, with its memory untouched, the reader that was asked at the end only, the silent one, reads 86% half way, and nine digits in ten after 16 rows, like the one that was taught to answer.
# So half way down, most of what tells the digit was in its memory already, and its own last layer could not read it: it had only learnt to read the memory as it is at the end.
# In the upper rows the probe is even ahead of the talkative reader, but it has an easier task: a last layer for each row, where that one has a single layer for all.
# Not all of this is skill, though.
# An LSTM with random weights, which never saw a digit, reads 74% half way when it is probed, for a memory that begins with its gate open keeps a trace of the last rows, trained or not.
# But it does not keep it: after the last row it reads 69%, and the trained one 98.5%.
#
# What does it cost to be taught to talk?
# At the last row the talkative reader gets 97.8%, the silent one 98.7%.
# It loses a point at the end, and I cannot tell whether for want of practice or for want of room: the same 64 numbers, and the one last layer that reads them, must now serve the answer of every moment, and not only of the last.
# With probes the answer at the end need not suffer, since the network is unchanged and its own last layer can still be asked there; the price is a layer more for every row.

# %%
believed = beliefs(anytime, images[example : example + 1])[0]
plot_beliefs(images[example], believed)
plt.show()


# %% [markdown]
# The same nine, and the same digits to learn from, if two epochs longer; what has changed is the question, and with it the habit of answering only at the end.
# It settles on 9 after 9 rows, when hardly more than the top of the loop is on the page: at first a pale guess, and by the end of the loop nearly sure.
#
# ### Which digit is told first?
#
# Let us count, for each digit, after which row the network never changed its mind again.

# %%
def rows_needed(probabilities: Tensor) -> Tensor:
    """Count the rows after which a model never changed its mind, (N,), from 1 to all.

    Beliefs are (N, rows, 10).
    """
    answers = probabilities.argmax(dim=2)
    undecided = answers != answers[:, -1:]  # not yet the final answer: (N, rows)
    rows = torch.arange(1, answers.shape[1] + 1)
    return 1 + (undecided * rows).amax(dim=1)


# %% tags=["hide-input"]
def plot_rows_needed(needed: Tensor, labels: Tensor) -> Figure:
    """Draw how many rows each digit needs, (N,), by label, (N,): middle half and median."""
    figure, axes = plt.subplots(figsize=(7, 3))
    for digit in range(10):
        quarters = torch.tensor([0.25, 0.5, 0.75])
        low, middle, high = needed[labels == digit].float().quantile(quarters).tolist()
        axes.plot([digit, digit], [low, high], color="C0", linewidth=8, alpha=0.35)
        axes.plot(digit, middle, marker="o", color="C0")
    axes.set(xticks=range(10), xlabel="digit", ylabel="rows until decided", ylim=(28.5, 0.5))
    axes.set_yticks([1, 7, 14, 21, 28])
    return figure


# %%
needed = rows_needed(always)
medians = torch.stack([needed[here == digit].median() for digit in range(10)])
plot_rows_needed(needed, here)
plt.show()


# %% [markdown]
# Earliest are 1 and 6, after 6 rows by the median, and latest 8, after 14.
# That an eight comes late makes sense: it is not told from a nine or a three before its lower loop begins, whatever you know about reading.
# That ones and sixes come so early says less than it seems: a guess that turns out right counts from the row on which it was made, however unsure it was.
# Look at the bar of the sevens, which begins where there is next to no ink: I take it that seven is what this reader says there, and that to the sevens it counts as knowing.
#
# ## Other ways to read
#
# A reader depends on the order in which it reads.
# Or does it?
# Here is one digit as the network meets it, in four orders: as it is, by columns from left to right, from the bottom up, and with its rows shuffled, in the same way for every digit.

# %%
def shuffle_rows(images: Tensor) -> Tensor:
    """Put the rows of every image, (N, 1, rows, width), into one and the same random order."""
    dice = torch.Generator().manual_seed(0)
    return images[:, :, torch.randperm(images.shape[2], generator=dice)]


# %%
ways = {
    "rows": lambda images: images,
    "columns": lambda images: images.transpose(2, 3),
    "upwards": lambda images: images.flip(2),
    "shuffled": shuffle_rows,
}
one = images[example : example + 1]
plot_digits(torch.cat([way(one) for way in ways.values()]), titles=list(ways), columns=4)
plt.show()

# %% [markdown]
# What do you expect, if we train an LSTM on each?
# Write down two guesses: how much worse from the bottom up, and how much worse with the rows shuffled?
# To you and me the last picture is hardly a digit.

# %%
by_way = {"rows": by_kind["LSTM"]}
by_way |= {name: scores(nn.LSTM, ways[name]) for name in ("columns", "upwards", "shuffled")}
average_way = {name: sum(seeds) / len(seeds) for name, seeds in by_way.items()}
plot_spread(by_way)
plt.show()

# %% [markdown]
# Rows give 90.4%, columns 92.2%, upwards 90.8%.
# Columns are ahead, but look how far the seeds lie apart, and remember the margin of ± 1.1 points: with so few digits I would not bet on it.
# The shuffled rows come to 83.9%.
# That is 6.5 points less, and yet astonishingly much for pictures that you and I cannot read.
#
# So the network does not mind where it begins, since any fixed order can be learnt.
# But it profits from neighbours, I think because a row is much like the next, so that little changes from step to step and a stroke can be followed.
# A plain network like that of Part I has no such preference, for shuffling its 784 inputs only renames its weights.
#
# *Fixed* is the word that matters.
# What if we train on one order and ask in another?

# %%
shuffled = rearrange(validation, shuffle_rows)
confused = evaluate(readers[0], make_batches(shuffled, 1000)).accuracy
print(f"trained on rows in order, asked about shuffled rows: {confused:.1%}")

# %% [markdown]
# 16.6% is not much better than guessing.
# The order is no property of the image, but it is all the more one of the network: what it learnt is to read in *this* order.
#
# ### One pixel at a time
#
# Now the hard one: the 196 pixels of a small digit, one after the other.
# The same class does it, for a sequence of pixels is an image whose rows have one pixel.
# The memory is small, 32 numbers, and there is one training each, because 196 steps take their time: so read the three numbers as anecdotes, not as a measurement.
# The gate of the LSTM begins once as far open as before, and once at the bias of 5 that [above](#how-open-is-open) let the gradient of a fresh network through all 196 steps.

# %%
pixels, judging = (rearrange(digits, as_pixels) for digits in (few, judges))
by_pixel = {}
for name, kind, keep in [("RNN", nn.RNN, 2), ("LSTM", nn.LSTM, 2), ("LSTM, keep 5", nn.LSTM, 5)]:
    batches = make_batches(pixels, 100, shuffle_seed=0), make_batches(judging, 1000)
    model = fresh(kind, width=1, hidden=32, keep=keep)
    by_pixel[name] = fit(model, *batches, epochs=3, rate=1e-2)[-1][1].accuracy
    print(f"{name:12} {by_pixel[name]:.1%} of digits read pixel by pixel")


# %% [markdown]
# 25% and 39%, where guessing gives a tenth, and where the same LSTM code reads 90% by rows.
# The digits are the same, but shrunk, trained for fewer epochs, and cut into 196 small steps, over which everything must be kept seven times as long; so this shows how hard the task is, not what length alone costs.
# And the wide open gate, through which the gradient passes, reads 9%, a guess: that the gradient arrives is not enough, at least not in this loop.
# The gate for writing still begins half open, so every pixel adds something to the store, paper too, and hardly anything leaves.
# I suspect that this sum drowns the digit, or that so short a training is too short; I have tested neither.
#
# With patience it works.
# On all 784 pixels of the full image, one by one, an LSTM reached 98.5 %, and a network whose only gate is the one that keeps reached 99 % ([van der Westhuizen and Lasenby, 2018](https://arxiv.org/abs/1804.04849)); with the pixels shuffled these became 91 % and 92.5 %.
# The one gate of that network begins wide open as well, but what it does not keep is what it writes: little leaves, and little is added.
#
# ## Traps
#
# Here are short cells that fail, or worse, that do not.
#
# ### The forgotten `batch_first`
#
# By default a recurrent layer takes the *first* axis for the steps, and the second for the batch.
# Forget `batch_first=True`, and what happens?
# Let us change one image of a batch, and see whether the answer to its neighbour changes.

# %%
def neighbour_matters(memory):
    torch.manual_seed(0)
    batch = torch.randn(128, 28, 28)  # 128 images, 28 rows, 28 pixels
    changed = batch.clone()
    changed[0] = 0  # another first image
    return not torch.equal(memory(batch)[0][1], memory(changed)[0][1])  # of the second image

print("with:   ", neighbour_matters(nn.LSTM(28, 64, batch_first=True)))
print("without:", neighbour_matters(nn.LSTM(28, 64)))

# %% [markdown]
# Without `batch_first` the answer to the second image changes when the *first* image does: the network takes the images of a batch for the steps of one sequence, each the past of the next.
# No error, no warning, and shapes that look right.
# With a model of your own, do this test once: change one image, and see that the others do not care.
#
# ### The last batch
#
# To read a long text, one keeps the state of one batch and goes on with it in the next.
# With digits there is no reason to, but copied code may do it, and works, until the last batch:

# %% tags=["raises-exception", "active-ipynb"]
# memory = nn.GRU(28, 64, batch_first=True)
# state = None
# for batch in torch.randn(208, 28, 28).split(128):  # batches of 128 and of 80
#     states, state = memory(batch, state)

# %% [markdown]
# The state belongs to the images of its batch, one row of it to each, and 128 pasts do not fit 80 images.
# For digits the cure is to begin every batch without a state, as we do; and where a state must be kept, to drop the last batch.
#
# ### The state that remembers too much
#
# Even with batches of one size, a kept state brings its history along.

# %% tags=["raises-exception", "active-ipynb"]
# memory = nn.GRU(28, 64, batch_first=True)
# state = None
# for batch in torch.randn(256, 28, 28).split(128):
#     states, state = memory(batch, state)
#     states.sum().backward()

# %% [markdown]
# The second `backward()` wants to go back through the first batch as well, whose record was thrown away after its own `backward()`.
# The advice in the message, `retain_graph=True`, would silence it here, and make each step slower than the one before; with an optimizer step in between, PyTorch refuses again, since the old record needs weights that have changed.
# What you want is `state.detach()`: keep the numbers, forget how they came about.
#
# ### Dropout that drops nothing
#
# `nn.LSTM` has an argument `dropout`.
# It drops *between* layers, and with one layer there is no between:

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    memory = nn.LSTM(28, 64, dropout=0.9, batch_first=True)
print(caught[0].message)
batch = torch.randn(8, 28, 28)
print("two passes in training mode agree:", torch.equal(memory(batch)[0], memory(batch)[0]))

# %% [markdown]
# A warning, and no dropout at all: the option is meant [for every layer but the last](https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html), and here the last is the only one.
# For one layer, put an `nn.Dropout` of your own between the states and the answer.
#
# ### Dropout for images on features that are none
#
# A state is a flat row of numbers, (N, hidden): no height, no width, no channels.
# The dropouts with a 1 or 2 in their names drop whole *channels*, and what do they take for a channel here?

# %%
flat = torch.ones(6, 64)  # the states of six images
for dropout in (F.dropout, F.dropout1d, F.dropout2d):
    torch.manual_seed(1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        silent = (dropout(flat, 0.5) == 0).sum(dim=1).tolist()
    print(f"{dropout.__name__}: numbers silenced in each image: {silent}")
    print("    warning:", str(caught[0].message).split(" and ")[0] if caught else "none")

# %% [markdown]
# `dropout1d` takes the whole batch for one image with six channels, and silences *images*: one of them reaches the next layer as nothing but zeros, and nobody says a word.
# `dropout2d`, the function behind the layer `Dropout2d`, does what ordinary dropout does, as long as it lasts: its warning calls that deprecated.
# For flat features, the right one is the first, `nn.Dropout`.
#
# ### Squeezed once too often
#
# We dropped the channel with `squeeze(1)`.
# Plain `squeeze()` drops *every* axis of length one, so it does the same, save for a batch of one image:

# %%
memory = nn.LSTM(28, 64, batch_first=True)
for count in (2, 1):
    states, _ = memory(images[:count].cpu().squeeze())
    print(count, "image(s): states", tuple(states.shape), "last", tuple(states[:, -1].shape))

# %% [markdown]
# With a single image the batch is gone, the layer takes what is left for one sequence without a batch, and `states[:, -1]` is suddenly the last *number* of every state.
# It is the last batch again: with batches of 128 and 50,049 digits, you would meet this once an epoch.
# Always name the axis.
#
# ## The ruler
#
# All choices were made by the validation digits.
# Before we bring out the test digits, two more looks at what the one number hides, still on validation digits.
#
# Is a belief worth its name?
# If the talkative reader gives a digit three chances in four, is it right three times in four, and also when it has seen only half of the digit?

# %%
halfway = {"all 28 rows read": always[:, 27], "14 rows read": always[:, 13]}
off = {name: expected_calibration_error(each, here) for name, each in halfway.items()}
plot_reliability({name: reliability(each, here) for name, each in halfway.items()})
plt.show()

# %% [markdown]
# At the end its beliefs are off by 0.5 points on average, and half way by 5.8, there on the modest side: it is right clearly more often than it says.
# It learnt on jittered digits, which are harder than these.
#
# And what does it bear?

# %%
curves = {"LSTM, rows": robustness(readers[0], images[:2000], labels[:2000])}
plot_robustness(curves, {name: strengths for name, (_, strengths) in DAMAGES.items()})
plt.show()

# %% [markdown]
# Moved by three pixels, 96% of the digits are still read; `Jitter` has taught it that.
# Noise is another matter: at 0.6 it reads 46%.
#
# ### The test set, once

# %%
part_3 = [measure("LSTM, rows", readers, test)]
print(as_code("part_3", part_3))

# %%
final = sum(part_3[0].accuracies) / len(part_3[0].accuracies)
spread = torch.tensor(part_3[0].accuracies).std().item()
half = margin(final, len(test))
print(f"{final:.2%} ± {100 * half:.2f} points, between seeds ± {100 * spread:.2f}")

# %% [markdown]
# Reading row by row, the LSTM gets 98.85% of the test digits right, as a mean of three seeds, with an interval of ± 0.21 points for the digits and a spread of 0.02 points between the seeds.
#
# It trains more slowly than the plain network, but far from 28 times more slowly, though it reads 28 rows one after the other.
# Why?
# Because the loop over rows is not in Python: PyTorch hands all 28 steps of an `nn.LSTM` to a library made for it, in one call.
# And because we told it to use one core: the work of a single step is so small that sharing it out takes longer than doing it.

# %% tags=["nbval-ignore-output"]
part_3_seconds = {name: round(value, 1) for name, value in seconds.items()}
print(f"{part_3_seconds = }")

# %% [markdown]
# And here are the rows of the other two parts, as their own pages print them:

# %%
part_1 = [
    Measured('MLP', 407050, (0.9839, 0.9838, 0.9835), 0.005, 0.7729),
]

# %%
part_1_seconds = {'MLP': 51.0}

# %%
part_2 = [
    Measured('MLP, same size as CNN', 119260, (0.9799, 0.9803, 0.9791), 0.0047, 0.7708),
    Measured('CNN', 119426, (0.9944, 0.9941, 0.9936), 0.0016, 0.7452),
    Measured('CNN, three voting', 358278, (0.9957,), 0.0022, 0.7626),
]

# %%
part_2_seconds = {'MLP, same size as CNN': 48.5, 'CNN': 148.7, 'CNN, three voting': 446.1}

# %% [markdown]
# ### All models of the series

# %%
mean_of = {row.name: sum(row.accuracies) / len(row.accuracies) for row in part_1 + part_2 + part_3}
for name, accuracy in sorted(mean_of.items(), key=lambda pair: pair[1]):
    print(f"{name:22} {round((1 - accuracy) * 10_000):4} mistakes in 10,000 digits")

# %% [markdown]
# The reader of rows makes 115 mistakes where the plain network of Part I makes 163, and the convolutional network 60.
# It has the fewest parameters of all, but do not read the table as a victory of memory over the plain network: the reader and the CNN were trained with jitter, the MLP was not.
# And the CNN is ahead by far more than the margins, with nearly five times the parameters of the reader; this table does not tell how much of that is size, and how much is what it knows about neighbours.
# In robustness, the reader's 75.9% is no better than the 77.3% of the MLP, jitter or not: what it gains where digits move, it loses where they are noisy.
# The seconds belong to one core of the machine that built these pages, and not all rows were measured in the same hour; take them for an order of magnitude.

# %% tags=["nbval-ignore-output"]
ruler(part_1 + part_2 + part_3, part_1_seconds | part_2_seconds | part_3_seconds)

# %% [markdown]
# ## Exercises
#
# Try each before you unfold the solution below it.
# The solutions are cells like all others: they ran, and what they print is real.
#
# **1. Count the weights of the LSTM by hand.**
# It has 28 inputs and a memory of `hidden` numbers, and needs four sets of everything; PyTorch keeps two biases for each set, and do not forget the last layer.

# %% tags=["hide-input", "hide-output"]
hidden = readers[0].answer.in_features
by_hand = 4 * (28 * hidden + hidden * hidden + 2 * hidden) + 10 * hidden + 10
print(f"by hand {by_hand:,}, by PyTorch {count_parameters(readers[0]):,}")

# %% [markdown]
# **2. Stop when sure.**
# Let the reader that may be asked at any time answer as soon as it gives one digit a chance of at least 0.95.
# How many rows does it read on average, and what does the haste cost?

# %% tags=["hide-input", "hide-output"]
sure = (always.amax(dim=2) >= 0.95).int()
stops = torch.where(sure.any(dim=1), sure.argmax(dim=1), 27)  # the first row that is sure
hasty = always[torch.arange(len(here)), stops].argmax(dim=1)
read = (stops + 1).float().mean().item()
print(f"{read:.1f} rows on average, {(hasty == here).float().mean():.2%} right")
print(f"all 28 rows: {(always[:, 27].argmax(dim=1) == here).float().mean():.2%} right")

# %% [markdown]
# **3. Paper for the rest.**
# Give the reader that is asked at the end the upper 14 rows, and then 14 rows of blank paper.
# Does it do better than when it is stopped after 14 rows? Why?

# %% tags=["hide-input", "hide-output"]
upper = images.clone()
upper[:, :, 14:] = images.min()
blank = evaluate(readers[0], make_batches(TensorDataset(upper, labels), 1000)).accuracy
stopped = accuracy_by_row(beliefs(readers[0], images), here)[13]
print(f"stopped after 14 rows: {stopped:.1%}, 14 rows and then paper: {blank:.1%}")

# %% [markdown]
# A little, for a page that ends in blank rows is what it is used to.
# But half a digit on paper is a strange digit, and the reader that was asked early gets far more out of the same rows.
#
# **4. Read upside down.**
# Turn the page by half a turn and ask the trained reader.
# Which digits survive? Guess first.

# %% tags=["hide-input", "hide-output"]
turned = rearrange(validation, lambda images: images.rot90(2, (2, 3)))
answers = predict(readers[0], make_batches(turned, 1000))
right = answers.argmax(dim=1) == here
for digit in range(10):
    print(digit, f"{right[here == digit].float().mean():.0%}")

# %% [markdown]
# **5. Read in both directions.**
# `nn.LSTM(28, 64, batch_first=True, bidirectional=True)` has a second reader that goes from the bottom up, and puts its states beside those of the first.
# Why is `states[:, -1]` a trap now? Change the first row, and see which half of it changes.
# (The second reader has read a single row where the first has read them all: its full reading stands at `states[:, 0, 64:]`.)

# %% tags=["hide-input", "hide-output"]
torch.manual_seed(0)
both = nn.LSTM(28, 64, batch_first=True, bidirectional=True)
page = torch.randn(1, 28, 28)
other = page.clone()
other[:, 0] = 0  # another first row
before, after = both(page)[0][0, -1], both(other)[0][0, -1]
print("states:", tuple(both(page)[0].shape))
print("does the last state of the first reader change?", not before[:64].equal(after[:64]))
print("does that of the second, from below?", not before[64:].equal(after[64:]))

# %% [markdown]
# **6. Let the three readers vote.**
# Average their probabilities.
# Is the committee better than its members?

# %% tags=["hide-input", "hide-output"]
votes = torch.stack([predict(reader, make_batches(validation, 1000)) for reader in readers])
for name, each in [*zip("012", votes, strict=True), ("together", votes.mean(dim=0))]:
    print(f"{name}: {(each.argmax(dim=1) == here).float().mean():.2%}")

# %% [markdown]
# **7. Is it the size?**
# An RNN with a memory of 74 numbers has about as many weights as our LSTM with 32.
# Train one on the same 5,000 digits.
# Does it catch up?

# %% tags=["hide-input", "hide-output"]
large, history = train(nn.RNN, 0, few, judges, hidden=74)
small = RowReader(nn.LSTM, hidden=32)
print(f"RNN  with {count_parameters(large):,} parameters: {history[-1][1].accuracy:.1%}")
print(f"LSTM with {count_parameters(small):,} parameters: {by_kind['LSTM'][0]:.1%}")

# %% [markdown]
# ## What we learnt, over three parts
#
# - **Measure before you believe.**
#   A baseline without learning, three piles of digits, three seeds and an interval came before the claims of this series.
# - **What a network is told about its input can replace weights.**
#   The plain network knows nothing of neighbourhood and needs the most weights; the CNN knows that near pixels belong together; the reader knows that one row comes after another.
# - **What a network does not say, it may still hold.**
#   Half way down the page the reader's memory already held most of what tells a digit, and its own last layer, never asked there, could not read it.
# - **A gradient that does not arrive teaches nothing.**
#   Gates let it arrive, a gate that begins open lets it arrive from the first step on, and clipping catches it where it is too much of a good thing.
# - **Most traps make no noise.**
#   A forgotten `batch_first`, a softmax too many, a choice that was made by the test digits: each gives numbers that look like numbers, and only a check that knows what must come out can tell.
#
# And images are still no sequences.
# But text, speech and the strokes of a pen are, and a good part of what reads them today is [attention](https://arxiv.org/abs/1706.03762).
# It began as a way [to let a recurrent network look back](https://arxiv.org/abs/1409.0473) instead of remembering.
# You now know the problem that it was invented to solve.
