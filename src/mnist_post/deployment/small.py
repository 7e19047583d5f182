"""A network small enough to ship with a page, and the network as it ships."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mnist_post.convolution import stage

# region network


class Average(nn.Module):
    """Replaces each feature map by its mean: (N, C, H, W) becomes (N, C)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return the means."""
        return maps.mean(dim=(2, 3))


class SmallCNN(nn.Module):
    """The four stages of Part II with fewer channels, and a smaller end."""

    def __init__(
        self,
        channels: Sequence[int],
        *,
        separable: bool = False,
        average: bool = True,
        classes: int = 10,
    ) -> None:
        """Create the layers; `separable` convolves each channel apart, then mixes."""
        super().__init__()
        first = nn.Conv2d(1, channels[0], 5, bias=False)  # batch norm has a bias
        self.stages = nn.Sequential(stage(first, pool=True, norm=True))
        for place, (before, after) in enumerate(pairwise(channels)):
            size, padding = 3, int(place == 1)  # as in Part II
            if separable:
                apart = nn.Conv2d(
                    before, before, 3, padding=padding, groups=before, bias=False
                )
                self.stages.append(nn.Sequential(apart))
                size, padding = 1, 0
            mix = nn.Conv2d(before, after, size, padding=padding, bias=False)
            self.stages.append(stage(mix, pool=place == 0, norm=True))
        features = channels[-1] * (1 if average else 9)
        end = Average() if average else nn.Flatten()
        self.head = nn.Sequential(end, nn.Linear(features, classes))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, classes)."""
        return self.head(self.stages(images))


# endregion


class TenDigits(nn.Module):
    """A network with more classes, asked for the ten digits alone."""

    def __init__(self, network: nn.Module) -> None:
        """Keep the network."""
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits of the digits, (N, 10)."""
        return self.network(images)[:, :10]


class Reader(nn.Module):
    """The network as it ships: bytes in, logits and probabilities out."""

    def __init__(
        self, network: nn.Module, mean: float, std: float, temperature: float = 1
    ) -> None:
        """Keep the network and what its images were normalised with."""
        super().__init__()
        self.network = network
        self.mean, self.std, self.temperature = mean, std, temperature

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Take bytes, (N, 28, 28), ink 255; return logits and probabilities, (N, C)."""
        images = (pixels.unsqueeze(1) / 255 - self.mean) / self.std
        logits = self.network(images)
        return logits, (logits / self.temperature).softmax(dim=1)
