"""A convolutional network that fits a page, and what is done with it."""

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

# region network


def stage(convolution: nn.Conv2d, *, pool: bool, norm: bool) -> nn.Sequential:
    """Build one stage: convolve, pool if asked to, normalise if asked to, ReLU."""
    layers: list[nn.Module] = [convolution]
    if pool:
        layers.append(nn.MaxPool2d(2))  # before norm and ReLU, to save work
    if norm:
        layers.append(nn.BatchNorm2d(convolution.out_channels))
    return nn.Sequential(*layers, nn.ReLU())


class CNN(nn.Module):
    """Four stages of convolution, then two linear layers."""

    def __init__(
        self, channels: Sequence[int] = (8, 16, 32, 32), *, norm: bool = True
    ) -> None:
        """Create the layers; batch norm can be left out."""
        super().__init__()
        a, b, c, d = channels
        self.stages = nn.Sequential(
            stage(nn.Conv2d(1, a, 5), pool=True, norm=norm),  # (N, a, 12, 12)
            stage(nn.Conv2d(a, b, 3), pool=True, norm=norm),  # (N, b, 5, 5)
            stage(nn.Conv2d(b, c, 3, padding=1), pool=False, norm=norm),  # (N, c, 5, 5)
            stage(nn.Conv2d(c, d, 3), pool=False, norm=norm),  # (N, d, 3, 3)
        )
        self.body = nn.Sequential(
            nn.Flatten(), nn.Linear(9 * d, 64), nn.ReLU(), nn.Dropout(0.2)
        )  # (N, 64)
        self.head = nn.Linear(64, 10)
        self.to(memory_format=torch.channels_last)  # the fastest order on CPUs

    def embed(self, images: Tensor) -> Tensor:
        """Return what the network has made of images before the last layer, (N, 64)."""
        return self.body(self.stages(images))

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        return self.head(self.embed(images))


# endregion


@torch.no_grad()
def reestimate(model: nn.Module, images: Tensor) -> nn.Module:
    """Return a copy whose batch norm uses these images' statistics; needs no labels."""
    adapted = copy.deepcopy(model).eval()
    for module in adapted.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain average of all batches
            module.train()
    for batch in images.split(500):
        adapted(batch)
    return adapted


class Ensemble(nn.Module):
    """Several networks as one: the mean of their probabilities."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        """Take trained networks; they are not changed."""
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logarithm of the mean probabilities, (N, 10), as logits."""
        logs = [member(images).log_softmax(dim=1) for member in self.members]
        return torch.stack(logs).logsumexp(dim=0) - math.log(len(logs))


def flatten_to_plane(points: Tensor) -> Tensor:
    """Project points, (N, D), onto their first two principal components, (N, 2)."""
    centred = points - points.mean(dim=0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh  # strongest first
    return centred @ directions[:2].T
