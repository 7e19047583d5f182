"""What the score hides: which digits are misread, and how sure the model was."""

from torch import Tensor

# Test images whose label fewer than three of five reviewers confirmed: index -> label.
# Northcutt, Athalye and Mueller, 2021, https://labelerrors.com
DOUBTFUL_LABELS = {
    947: 8, 1621: 0, 1901: 9, 2130: 4, 2462: 2, 2597: 5, 2654: 6, 3520: 6,
    3558: 5, 5937: 5, 6651: 0, 6783: 1, 8527: 4, 9679: 6, 9729: 5,
}  # fmt: skip


def confident_mistakes(probabilities: Tensor, labels: Tensor, count: int) -> Tensor:
    """Return the indices of the `count` most confident wrong answers, in that order.

    Probabilities are (N, 10), labels (N,).
    """
    confidence, answers = probabilities.max(dim=1)
    wrong = (answers != labels).nonzero().squeeze(1)
    order = confidence[wrong].argsort(descending=True, stable=True)
    return wrong[order][:count]
