import torch
from torch.utils.data import TensorDataset

from mnist_post.baseline import mean_digits, nearest_mean


def test_mean_digits_are_means() -> None:
    """Each mean is the average of the images with that label."""
    images = torch.stack([torch.full((1, 28, 28), float(n)) for n in range(20)])
    means = mean_digits(images, torch.arange(20) % 10)
    assert (10, 1, 28, 28) == means.shape
    assert [digit + 5.0 for digit in range(10)] == means[:, 0, 0, 0].tolist()


def test_every_mean_is_nearest_to_itself() -> None:
    """A mean digit is recognised as its own digit."""
    means = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert list(range(10)) == nearest_mean(means, means).tolist()


def test_baseline_on_mnist(everything: TensorDataset) -> None:
    """The nearest mean reads about four digits in five."""
    images, labels = everything.tensors
    answers = nearest_mean(images[:10_000], mean_digits(images, labels))
    assert 0.79 < (answers == labels[:10_000]).float().mean().item() < 0.83
