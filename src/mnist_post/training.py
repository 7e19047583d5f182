"""The loop: step, epoch, fit; and the score that says how it goes."""

# mypy: untyped-calls-exclude=torch
# (Tensor.backward has no annotations)

from collections.abc import Iterable
from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LinearLR, LRScheduler
from torch.utils.data import DataLoader

# region loop


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


# endregion
