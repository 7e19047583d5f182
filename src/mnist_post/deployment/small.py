"""A network small enough to ship with a page, and the network as it ships."""

# mypy: untyped-calls-exclude=torch
# mypy: disable-error-code=no-any-return
# (calls of modules have no annotations)

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mnist_post.convolution import stage
from mnist_post.ruler import Jitter


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
        self.jitter = Jitter()
        self.stages = nn.Sequential(
            stage(nn.Conv2d(1, channels[0], 5, bias=False), pool=True, norm=True)
        )
        for place, (before, after) in enumerate(pairwise(channels)):
            pool, padding = place == 0, int(place == 1)  # the sizes are 12, 5, 5, 3
            mixed = 3
            if separable:
                apart = nn.Conv2d(
                    before, before, 3, padding=padding, groups=before, bias=False
                )
                self.stages.append(nn.Sequential(apart))
                mixed, padding = 1, 0
            mix = nn.Conv2d(before, after, mixed, padding=padding, bias=False)
            self.stages.append(stage(mix, pool=pool, norm=True))
        end = Average() if average else nn.Flatten()
        features = channels[-1] * (1 if average else 9)
        self.head = nn.Sequential(end, nn.Linear(features, classes))
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, classes)."""
        return self.head(self.stages(self.jitter(images)))


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
