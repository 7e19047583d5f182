"""Two classifiers that compare pixels."""

import torch
from torch import Tensor


def mean_digits(images: Tensor, labels: Tensor) -> Tensor:
    """Average the images of each digit: (N, 1, 28, 28) becomes (10, 1, 28, 28)."""
    return torch.stack([images[labels == digit].mean(dim=0) for digit in range(10)])


def nearest(images: Tensor, references: Tensor) -> Tensor:
    """Return the index of the nearest reference image, pixel by pixel, for each image, (N,)."""
    distances = torch.cdist(images.flatten(1), references.flatten(1))  # (N, references)
    return distances.argmin(dim=1)
