import pytest
import torch
from torch.utils.data import TensorDataset

from mnist_post.data import make_batches
from mnist_post.evaluation import (
    KNOWN_WRONG_LABELS,
    confident_mistakes,
    confusion_matrix,
    margin,
    predict,
)
from mnist_post.models import MLP


def test_predictions_are_probabilities(noise: TensorDataset) -> None:
    """Each image gets ten numbers that sum to one, in the order of the images."""
    model = MLP(hidden=16)
    probabilities = predict(model, make_batches(noise, 50))
    assert (130, 10) == probabilities.shape
    assert torch.allclose(torch.ones(130), probabilities.sum(dim=1))
    assert torch.allclose(model.eval()(noise.tensors[0]).softmax(dim=1), probabilities, atol=1e-6)


def test_margin_at_99_percent() -> None:
    """At 99 % on 10,000 digits the interval is 0.20 points to either side."""
    assert 0.00195 == pytest.approx(margin(0.99, 10_000), abs=1e-5)


def test_margin_shrinks_with_the_root_of_the_count() -> None:
    """Four times as many digits halve the interval."""
    assert margin(0.9, 100) == pytest.approx(2 * margin(0.9, 400))


def test_confusion_matrix_counts_pairs() -> None:
    """Rows are labels, columns are answers, and every pair is counted once."""
    matrix = confusion_matrix(torch.tensor([1, 1, 9, 0]), torch.tensor([1, 7, 9, 9]))
    assert (10, 10) == matrix.shape
    expected = {(1, 1): 1, (1, 7): 1, (9, 9): 1, (0, 9): 1}
    assert expected == {(int(a), int(b)): int(matrix[a, b]) for a, b in matrix.nonzero()}


def test_confident_mistakes_are_wrong_and_surest_first() -> None:
    """Right answers are left out, and confidence falls along the list."""
    probabilities = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.05, 0.95]])
    labels = torch.tensor([0, 0, 0, 0])
    assert [3, 1, 2] == confident_mistakes(probabilities, labels, 5).tolist()
    assert [3] == confident_mistakes(probabilities, labels, 1).tolist()


def test_known_wrong_labels_are_those_of_the_data(test_digits: TensorDataset) -> None:
    """The fifteen given labels are what the test set says at these indices."""
    labels = test_digits.tensors[1]
    assert 15 == len(KNOWN_WRONG_LABELS)
    assert {index: labels[index].item() for index in KNOWN_WRONG_LABELS} == KNOWN_WRONG_LABELS
