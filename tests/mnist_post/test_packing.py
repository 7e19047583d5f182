"""A network in int8, as the page's JavaScript runs it."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mnist_post.deployment.packing import network_layers, pack, run_layers, to_int8
from mnist_post.deployment.small import SmallCNN


def trained(**options: Any) -> SmallCNN:
    """Return a network whose statistics and slopes are not those of the start."""
    torch.manual_seed(0)
    model = SmallCNN((3, 5, 6, 7), **options)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)  # negative ones, too
            nn.init.normal_(module.bias)
    model.train()
    for _ in range(3):
        model(torch.randn(64, 1, 28, 28))
    return model.eval()


@pytest.mark.parametrize("classes", [10, 11])
def test_layers_compute_what_the_network_does(classes: int) -> None:
    """With weights that int8 holds exactly the layers agree with PyTorch."""
    model = trained(classes=classes)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            weights, scales = to_int8(parameter.detach())
            parameter.data = weights * scales.view(-1, *[1] * (parameter.dim() - 1))
    images = torch.randn(8, 1, 28, 28)
    with torch.inference_mode():
        expected = model(images)
    assert torch.allclose(expected, run_layers(network_layers(model), images), atol=1e-4)


@pytest.mark.parametrize("options", [{"average": False}, {"separable": True}])
def test_a_network_of_another_kind_is_refused(options: dict[str, Any]) -> None:
    """The file has no words for it, and would compute something else."""
    with pytest.raises(ValueError, match="only plain convolutions and an average"):
        network_layers(trained(**options))


def test_rounding_is_at_most_half_a_step() -> None:
    """A weight moves by half a step of its output's scale or less."""
    weights = torch.randn(4, 3, 3, 3)
    rounded, scales = to_int8(weights)
    back = rounded * scales.view(-1, 1, 1, 1)
    assert rounded.dtype == torch.int8
    assert ((back - weights).abs().amax(dim=(1, 2, 3)) <= scales / 2 + 1e-6).all()


def test_the_file_holds_header_numbers_and_samples_in_order() -> None:
    """What JavaScript reads, byte after byte."""
    layers = network_layers(trained())
    samples = torch.arange(2 * 784).reshape(2, 28, 28).to(torch.uint8)
    data = pack({"mean": 0.5}, layers, samples)
    length = int.from_bytes(data[:4], "little")
    header = json.loads(data[4 : 4 + length])
    assert length % 4 == 0
    assert header["mean"] == 0.5
    assert header["format"] == 1
    assert [facts["kind"] for facts in header["layers"]] == ["conv"] * 4 + ["linear"]
    at = 4 + length
    for layer in layers:
        for part in (layer.scales, layer.biases):
            read = np.frombuffer(data, "<f4", part.numel(), at)
            assert np.array_equal(read, part.numpy())
            at += 4 * part.numel()
    for layer in layers:
        read = np.frombuffer(data, "i1", layer.weights.numel(), at)
        assert np.array_equal(read, layer.weights.flatten().numpy())
        at += layer.weights.numel()
    assert data[at:] == samples.numpy().tobytes()


def test_the_file_is_the_same_at_every_call() -> None:
    """No time, path or random number is in it."""
    first, second = (pack({}, network_layers(trained()), torch.zeros(0)) for _ in range(2))
    assert first == second
