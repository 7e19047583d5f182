"""One ruler for all models: accuracy, calibration and robustness on the test digits, once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset
from torchvision.transforms import v2

from mnist_post.data import make_batches
from mnist_post.evaluation import margin, predict
from mnist_post.models import count_parameters

# region ruler


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


# endregion
