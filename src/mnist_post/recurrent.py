"""Networks that read an image as a sequence: row by row, column by column, pixel by pixel."""

# mypy: untyped-calls-exclude=torch
# (Tensor.backward has no annotations)

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.training import grade


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


def rnn_step(memory: nn.RNN, row: Tensor, state: Tensor) -> Tensor:
    """Mix a row, (N, width), into the state, (N, hidden): one step of `nn.RNN`, by hand."""
    for_row, for_state, row_bias, state_bias = memory.all_weights[0]
    return torch.tanh(row @ for_row.T + row_bias + state @ for_state.T + state_bias)


def lstm_step(memory: nn.LSTM, row: Tensor, state: Tensor, store: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next state and the next store, each (N, hidden): a step of `nn.LSTM`, by hand."""
    for_row, for_state, row_bias, state_bias = memory.all_weights[0]
    mixed = row @ for_row.T + row_bias + state @ for_state.T + state_bias  # (N, 4 * hidden)
    write, keep, news, show = mixed.chunk(4, dim=1)  # PyTorch's order; each (N, hidden)
    store = keep.sigmoid() * store + write.sigmoid() * news.tanh()
    return show.sigmoid() * store.tanh(), store


@torch.inference_mode()
def beliefs(model: RowReader, images: Tensor) -> Tensor:
    """Return the model's probability for each digit after each row, (N, rows, 10), on the CPU."""
    model.eval()
    probabilities: Tensor = model.answer(model.read(images)).softmax(dim=2)
    return probabilities.cpu()


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


def accuracy_by_row(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the accuracy after each row, (rows,), of scores (N, rows, 10), labels (N,)."""
    return (scores.argmax(dim=2) == labels.unsqueeze(1)).float().mean(dim=0)


def rows_needed(probabilities: Tensor) -> Tensor:
    """Count the rows after which a model never changed its mind, (N,), from 1 to all.

    Beliefs are (N, rows, 10).
    """
    answers = probabilities.argmax(dim=2)
    undecided = answers != answers[:, -1:]  # not yet the final answer: (N, rows)
    rows = torch.arange(1, answers.shape[1] + 1)
    return 1 + (undecided * rows).amax(dim=1)


def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return how strongly the loss feels each row: its mean gradient norm there, (rows,).

    Images are (N, 1, rows, width), labels (N,).
    """
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    (slopes,) = torch.autograd.grad(loss, images)  # (N, 1, rows, width)
    norms: Tensor = slopes.squeeze(1).norm(dim=2)  # (N, rows)
    return norms.mean(dim=0)


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


def rearrange(digits: TensorDataset, way: Callable[[Tensor], Tensor]) -> TensorDataset:
    """Lay all images out in the same new way; labels stay with their images."""
    images, labels = digits.tensors
    return TensorDataset(way(images), labels)


def shuffle_rows(images: Tensor) -> Tensor:
    """Put the rows of every image, (N, 1, rows, width), into one and the same random order."""
    dice = torch.Generator().manual_seed(0)
    return images[:, :, torch.randperm(images.shape[2], generator=dice)]


def as_pixels(images: Tensor) -> Tensor:
    """Shrink images to 14 x 14 and string their pixels out, a row each: (N, 1, 196, 1)."""
    return F.avg_pool2d(images, 2).reshape(-1, 1, 196, 1)
