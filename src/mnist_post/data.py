"""MNIST as tensors: decoded once, split once, normalised by its own training digits."""

# mypy: disable-error-code=import-untyped
# (torchvision has no annotations)

import torch
from torch import Tensor
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    RandomSampler,
    SequentialSampler,
    TensorDataset,
)
from torchvision import datasets
from torchvision.transforms import v2

# region data

# Bytes from 0 to 255 become floats from 0 to 1. The same line serves one image or 60,000.
to_float = v2.Compose([v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.ToPureTensor()])


def load_digits(root: str, *, train: bool) -> TensorDataset:
    """Load the 60,000 training digits of MNIST, or its 10,000 test digits.

    Images are float32 of shape (N, 1, 28, 28), from 0 for paper to 1 for ink; labels int64, (N,).
    """
    mnist = datasets.MNIST(root, train=train, download=True)
    return TensorDataset(to_float(mnist.data.unsqueeze(1)), mnist.targets)


def split_digits(
    digits: TensorDataset, held_out: int = 10_000, seed: int = 0
) -> tuple[TensorDataset, TensorDataset]:
    """Deal shuffled digits into two parts: all but `held_out`, and `held_out` of them.

    Raises:
        ValueError: if one of the parts would be empty.
    """
    if not 0 < held_out < len(digits):
        raise ValueError(f"cannot hold out {held_out} of {len(digits)} digits")
    order = torch.randperm(len(digits), generator=torch.Generator().manual_seed(seed))
    return TensorDataset(*digits[order[held_out:]]), TensorDataset(*digits[order[:held_out]])


def mean_and_std(digits: TensorDataset) -> tuple[float, float]:
    """Return the mean and the standard deviation of all pixels of all the images."""
    images = digits.tensors[0]
    return images.mean().item(), images.std().item()


def normalise(digits: TensorDataset, mean: float, std: float) -> TensorDataset:
    """Shift and scale every pixel, so that mean 0 and deviation 1 reach the model."""
    images, labels = digits.tensors
    return TensorDataset(v2.functional.normalize(images, [mean], [std]), labels)


def move(digits: TensorDataset, device: torch.device) -> TensorDataset:
    """Copy images and labels to a device, all at once: MNIST fits on any."""
    return TensorDataset(*(tensor.to(device) for tensor in digits.tensors))


def make_batches(
    digits: TensorDataset, size: int, shuffle_seed: int | None = None
) -> DataLoader[tuple[Tensor, ...]]:
    """Cut digits into batches; with a seed, shuffle them anew for every epoch.

    The last batch holds what is left, so it may be smaller.
    A batch is one indexing of the whole tensors (`batch_size=None`), not 128 digits put together.
    """
    dice = torch.Generator().manual_seed(shuffle_seed or 0)
    shuffled = RandomSampler(digits, generator=dice)
    order = SequentialSampler(digits) if shuffle_seed is None else shuffled
    batches = BatchSampler(order, size, drop_last=False)
    return DataLoader(digits, batch_size=None, sampler=batches, generator=dice)


# endregion
