"""What the score hides: which digits are mistaken for which, and how sure of it the model was."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

# Test images whose given label at most two of five human reviewers could agree with:
# index from 0 -> given label. Northcutt, Athalye and Mueller, 2021, https://labelerrors.com
KNOWN_WRONG_LABELS = {
    947: 8, 1621: 0, 1901: 9, 2130: 4, 2462: 2, 2597: 5, 2654: 6, 3520: 6,
    3558: 5, 5937: 5, 6651: 0, 6783: 1, 8527: 4, 9679: 6, 9729: 5,
}  # fmt: skip


@torch.inference_mode()
def predict(model: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> Tensor:
    """Return the model's probability for each digit, (N, 10), on the CPU."""
    model.eval()
    return torch.cat([model(images).softmax(dim=1).cpu() for images, _ in batches])


def margin(accuracy: float, count: int) -> float:
    """Return the half-width of the 95 % interval of an accuracy measured on `count` digits.

    It is the normal approximation of the binomial: 1.96 standard deviations to either side.
    """
    return 1.96 * math.sqrt(accuracy * (1 - accuracy) / count)


def confusion_matrix(labels: Tensor, answers: Tensor) -> Tensor:
    """Count each pair of label (row) and answer (column), both (N,): int64, (10, 10)."""
    return torch.bincount(10 * labels + answers, minlength=100).reshape(10, 10)


def confident_mistakes(probabilities: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the indices of the `count` wrong answers that the model was surest of, surest first.

    Probabilities are (N, 10), labels (N,).
    """
    confidence, answers = probabilities.max(dim=1)
    wrong = (answers != labels).nonzero().squeeze(1)
    surest_first = confidence[wrong].argsort(descending=True, stable=True)
    return wrong[surest_first][:count]
