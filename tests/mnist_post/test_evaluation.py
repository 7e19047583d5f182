import torch
from torch.utils.data import TensorDataset

from mnist_post.evaluation import DOUBTFUL_LABELS, confident_mistakes


def test_confident_mistakes_are_wrong_and_surest_first() -> None:
    """Right answers are left out, however sure; equal confidence keeps the order of the digits."""
    probabilities = torch.tensor([[0.6, 0.4], [0.1, 0.9], [0.99, 0.01], [0.3, 0.7], [0.7, 0.3]])
    labels = torch.tensor([1, 0, 0, 0, 1])
    assert [1, 3, 4] == confident_mistakes(probabilities, labels, 3).tolist()
    assert [1, 3, 4, 0] == confident_mistakes(probabilities, labels, 10).tolist()


def test_no_mistakes_no_indices() -> None:
    """A perfect reader has none."""
    assert [] == confident_mistakes(torch.eye(10), torch.arange(10), 5).tolist()


def test_doubtful_labels_are_those_of_the_test_set(test_digits: TensorDataset) -> None:
    """Each index has the label that the list says, so the indices are MNIST's."""
    labels = test_digits.tensors[1]
    assert 15 == len(DOUBTFUL_LABELS)
    assert DOUBTFUL_LABELS == {index: labels[index].item() for index in DOUBTFUL_LABELS}
