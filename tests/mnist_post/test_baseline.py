import torch
from torch.utils.data import TensorDataset

from mnist_post.baseline import mean_digits, nearest


def test_mean_digits_are_means() -> None:
    """Each mean is the average of the images with that label."""
    images = torch.stack([torch.full((1, 28, 28), float(n)) for n in range(20)])
    means = mean_digits(images, torch.arange(20) % 10)
    assert (10, 1, 28, 28) == means.shape
    assert [digit + 5.0 for digit in range(10)] == means[:, 0, 0, 0].tolist()


def test_every_image_is_nearest_to_itself() -> None:
    """Among references that include it, an image finds itself."""
    images = torch.rand(10, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    assert list(range(10)) == nearest(images, images).tolist()


def test_baselines_on_mnist(everything: TensorDataset) -> None:
    """The nearest mean reads about four digits in five, the nearest of many digits more."""
    images, labels, _ = everything.tensors
    asked, known = images[:500], images[10_000:20_000]
    by_mean = nearest(asked, mean_digits(known, labels[10_000:20_000]))
    by_neighbour = labels[10_000:20_000][nearest(asked, known)]
    assert 0.76 < (by_mean == labels[:500]).float().mean().item() < 0.86
    assert 0.90 < (by_neighbour == labels[:500]).float().mean().item() < 0.97
