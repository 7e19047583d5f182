"""A convolutional network that fits a page, and augmentation as one of its layers."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn


class Jitter(nn.Module):
    """Move, turn and stretch each image a little, by dice of its own; only while training."""

    def __init__(self, pixels: float = 2.0, degrees: float = 10.0, stretch: float = 0.1) -> None:
        """Take the most that an image is moved, turned, and made smaller or larger by."""
        super().__init__()
        self.most = torch.tensor([pixels / 14, pixels / 14, math.radians(degrees), stretch])

    def forward(self, images: Tensor) -> Tensor:
        """Return images of the same shape, (N, 1, 28, 28); what comes in is paper."""
        if not self.training:
            return images
        dice = 2 * torch.rand(len(images), 4) - 1  # between -1 and 1
        moves = (dice * self.most).to(images.device)[..., None, None]  # (N, 4, 1, 1)
        right, down, turn, stretch = moves.unbind(dim=1)
        cos, sin = (1 + stretch) * turn.cos(), (1 + stretch) * turn.sin()
        x = torch.linspace(-1, 1, 28, device=images.device) * 27 / 28  # the middles of pixels
        y = x[:, None]
        # where in the old image each pixel of the new one is taken from
        places = torch.stack([cos * x - sin * y + right, sin * x + cos * y + down], dim=1)
        paper = images.min()
        moved = F.grid_sample(images - paper, places.permute(0, 2, 3, 1), align_corners=False)
        return moved + paper


def stage(convolution: nn.Conv2d, *, pool: bool, norm: bool) -> nn.Sequential:
    """Build one stage: convolve, halve if asked to, normalise if asked to, keep the positive."""
    layers: list[nn.Module] = [convolution]
    if pool:
        layers.append(nn.MaxPool2d(2))  # before norm and ReLU: a quarter of their work
    if norm:
        layers.append(nn.BatchNorm2d(convolution.out_channels))
    return nn.Sequential(*layers, nn.ReLU())


class CNN(nn.Module):
    """Four stages of convolution, then two linear layers that weigh what they found."""

    def __init__(self, *, norm: bool = True, dropout: float = 0.2, jitter: bool = True) -> None:
        """Draw random weights; each help can be left out: batch norm, dropout, augmentation."""
        super().__init__()
        bias = not norm  # batch norm has a bias of its own
        self.jitter = Jitter(pixels=1.5) if jitter else nn.Identity()
        self.stages = nn.Sequential(
            # (N, 1, 28, 28) -> (N, 8, 24, 24), halved to (N, 8, 12, 12)
            stage(nn.Conv2d(1, 8, 5, bias=bias), pool=True, norm=norm),
            # -> (N, 32, 10, 10), halved to (N, 32, 5, 5)
            stage(nn.Conv2d(8, 32, 3, bias=bias), pool=True, norm=norm),
            # -> (N, 48, 5, 5): the padding keeps the size
            stage(nn.Conv2d(32, 48, 3, padding=1, bias=bias), pool=False, norm=norm),
            # -> (N, 64, 3, 3)
            stage(nn.Conv2d(48, 64, 3, bias=bias), pool=False, norm=norm),
        )
        self.body = nn.Sequential(
            nn.Flatten(),  # -> (N, 576)
            nn.Linear(576, 128),  # -> (N, 128)
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.head = nn.Linear(128, 10)
        self.to(memory_format=torch.channels_last)  # the order in memory that CPUs convolve best

    def embed(self, images: Tensor) -> Tensor:
        """Return what the network makes of images before it decides, (N, 128)."""
        embedding: Tensor = self.body(self.stages(self.jitter(images)))
        return embedding

    def forward(self, images: Tensor) -> Tensor:
        """Return the logits, (N, 10)."""
        logits: Tensor = self.head(self.embed(images))
        return logits


class Ensemble(nn.Module):
    """Several networks that vote: the mean of their probabilities."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        """Take trained networks; they are not changed."""
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, images: Tensor) -> Tensor:
        """Return the logarithm of the mean probabilities, (N, 10): as good as logits."""
        votes = torch.stack([member(images).softmax(dim=1) for member in self.members])
        return votes.mean(dim=0).log()


def saliency(model: nn.Module, images: Tensor) -> Tensor:
    """Return how much a small change of each pixel changes the winning score, (N, 1, 28, 28).

    It is the size of the slope of the highest logit with respect to the pixel, as in
    Simonyan and others, 2013, https://arxiv.org/abs/1312.6034.
    """
    model.eval()
    images = images.clone().requires_grad_()
    highest = model(images).max(dim=1).values
    (slopes,) = torch.autograd.grad(highest.sum(), images)  # of each image on its own pixels
    return slopes.abs()


def flatten_to_plane(points: Tensor) -> Tensor:
    """Project points, (N, D), onto the plane in which they spread most, (N, 2).

    These are the first two principal components.
    """
    centred = points - points.mean(dim=0)
    directions: Tensor = torch.linalg.svd(centred, full_matrices=False).Vh  # strongest first
    return centred @ directions[:2].T
