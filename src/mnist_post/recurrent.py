"""Networks that read an image as a sequence of rows."""

# mypy: disable-error-code="arg-type, index"
# (mypy cannot know the weights of nn.RNN)

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.basics import batches


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


def rnn_step(rnn: nn.RNN, row: Tensor, hidden: Tensor) -> Tensor:
    """Return the next hidden state, (N, hidden): one step of `nn.RNN`, by hand."""
    from_row = F.linear(row, rnn.weight_ih_l0, rnn.bias_ih_l0)
    from_hidden = F.linear(hidden, rnn.weight_hh_l0, rnn.bias_hh_l0)
    return torch.tanh(from_row + from_hidden)


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


@torch.inference_mode()
def beliefs(model: RowReader, images: Tensor) -> Tensor:
    """Return the model's probability for each digit after each row, (N, rows, 10)."""
    model.eval()
    return model.head(model.read(images)).softmax(dim=2)


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


def accuracy_by_row(scores: Tensor, labels: Tensor) -> Tensor:
    """Return the accuracy after each row, (rows,), from scores, (N, rows, 10)."""
    return (scores.argmax(dim=2) == labels.unsqueeze(1)).float().mean(dim=0)


def rows_needed(probabilities: Tensor) -> Tensor:
    """Count the rows after which the answer no longer changes, (N,), from 1 to all."""
    answers = probabilities.argmax(dim=2)  # (N, rows)
    undecided = answers != answers[:, -1:]
    rows = torch.arange(1, answers.shape[1] + 1, device=answers.device)
    return 1 + (undecided * rows).amax(dim=1)


def gradient_norms(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return the mean norm of the gradient with respect to each row, (rows,)."""
    images = images.clone().requires_grad_()
    loss = F.cross_entropy(model(images), labels, reduction="sum")
    (gradients,) = torch.autograd.grad(loss, images)  # (N, 1, rows, width)
    return gradients.squeeze(1).norm(dim=2).mean(dim=0)


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


def rearrange(digits: TensorDataset, way: Callable[[Tensor], Tensor]) -> TensorDataset:
    """Rearrange all images in the same way; everything else stays."""
    images, *rest = digits.tensors
    return TensorDataset(way(images), *rest)


def shuffle_rows(images: Tensor, seed: int = 0, block: int = 1) -> Tensor:
    """Reorder the rows of all images in the same random way, in blocks of `block`."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(images.shape[2] // block, generator=generator)
    rows = torch.arange(images.shape[2]).reshape(-1, block)[order].flatten()
    return images[:, :, rows.to(images.device)]


def as_pixels(images: Tensor) -> Tensor:
    """Shrink images to 14 x 14 and arrange their pixels one per row: (N, 1, 196, 1)."""
    return F.avg_pool2d(images, 2).reshape(-1, 1, 196, 1)
