"""What Part II makes and Part III uses: augmentation, corruptions, comparison."""

from mnist_post.basics import count_parameters, interval, predict

# isort: split
# region part-2
# region measuring
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


# region corruptions

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


# endregion
# region comparison


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


# endregion
# endregion


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


# endregion
