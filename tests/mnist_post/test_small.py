"""The small network, and the network as it ships."""

from typing import Any

import pytest
import torch

from mnist_post.basics import count_parameters
from mnist_post.deployment.small import Reader, SmallCNN, TenDigits
from mnist_post.deployment.tried import TRIED

OPTIONS: list[dict[str, Any]] = [{}, {"average": False}, {"separable": True}]


@pytest.mark.parametrize("options", OPTIONS)
def test_logits_for_each_image(options: dict[str, Any]) -> None:
    """Whatever its form, it gives a row of logits per image."""
    model = SmallCNN((2, 3, 4, 5), classes=11, **options).eval()
    assert model(torch.zeros(3, 1, 28, 28)).shape == (3, 11)
    assert TenDigits(model)(torch.zeros(3, 1, 28, 28)).shape == (3, 10)


def test_separable_saves_parameters() -> None:
    """A kernel per channel and a mix of channels cost less than kernels through all."""
    shape = (8, 16, 32, 48)
    assert count_parameters(SmallCNN(shape, separable=True)) < count_parameters(SmallCNN(shape)) / 4


def test_the_search_says_how_large_its_networks_are() -> None:
    """Sizes in the table are those of the networks that it names, all below 8,000."""
    for channels, separable, average, _, size, *_ in TRIED:
        model = SmallCNN(channels, separable=separable, average=average)
        assert size == count_parameters(model) < 8_000


def test_the_reader_takes_bytes() -> None:
    """It normalises as training did, and its probabilities are those of its logits."""
    network = SmallCNN((2, 3, 4, 5)).eval()
    pixels = torch.randint(0, 256, (4, 28, 28)).to(torch.uint8)
    logits, probabilities = Reader(network, 0.1, 0.3, temperature=2)(pixels)
    images = (pixels.float().unsqueeze(1) / 255 - 0.1) / 0.3
    assert torch.allclose(network(images), logits)
    assert torch.allclose((logits / 2).softmax(dim=1), probabilities)
