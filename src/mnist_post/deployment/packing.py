"""A trained network as one small file that plain JavaScript can run: int8 weights.

The file, `digits.bin`, little-endian:

- 4 bytes: the length of the header that follows, a multiple of 4
- the header: JSON in UTF-8, filled up with spaces (see `pack`)
- float32: for each layer its scales, then its biases, one each per output channel
- int8: for each layer its weights, (out, in, kernel, kernel) or (out, in)
- uint8: the samples, 28 x 28 each

A convolution computes `ReLU(scale * pool(weights * input) + bias)`, where `pool` keeps
the largest of `pool` x `pool` sums. The last layer, "linear", takes the mean of each
channel, and computes `scale * (weights @ means) + bias`.
"""

# region packing
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Layer(NamedTuple):
    """A layer in int8: what it does, and its numbers."""

    facts: dict[str, Any]  # kind, in, out; of a convolution kernel, padding, pool
    weights: Tensor  # int8
    scales: Tensor  # (out,), float32
    biases: Tensor  # (out,), float32


def to_int8(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Round weights, (out, ...), to -127 ... 127 times a scale per output, (out,)."""
    scales = weights.flatten(1).abs().amax(dim=1).clamp(min=1e-12) / 127
    steps = weights / scales.view(-1, *[1] * (weights.dim() - 1))
    return steps.round().to(torch.int8), scales


def conv_layer(stage: nn.Sequential) -> Layer:
    """Turn a convolution, with its pooling, batch norm and ReLU, into one layer."""
    modules: list[Any] = list(stage)
    conv, *pools, norm, _ = modules
    weights, scales = to_int8(conv.weight.detach())
    slope = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
    biases = norm.bias.detach() - slope * norm.running_mean
    facts = {"kind": "conv", "in": conv.in_channels, "out": conv.out_channels,
             "kernel": conv.kernel_size[0], "padding": conv.padding[0],
             "pool": pools[0].kernel_size if pools else 1}  # fmt: skip
    return Layer(facts, weights, scales * slope, biases)


def linear_layer(linear: nn.Linear) -> Layer:
    """Turn the last layer into one of int8."""
    weights, scales = to_int8(linear.weight.detach())
    facts = {"kind": "linear", "in": linear.in_features, "out": linear.out_features}
    return Layer(facts, weights, scales, linear.bias.detach())


def network_layers(model: nn.Module) -> list[Layer]:
    """Turn a trained network, `stages` and then `head`, into layers.

    Raises:
        ValueError: if it is separable, or has another head than one that averages.
    """
    stages: Any = model.get_submodule("stages")
    head: Any = model.get_submodule("head")
    end, linear = head
    separable = any(stage[0].groups > 1 for stage in stages)
    if separable or isinstance(end, nn.Flatten):
        raise ValueError("only plain convolutions and an average can be packed")
    return [*map(conv_layer, stages), linear_layer(linear)]


def run_layers(layers: Sequence[Layer], x: Tensor) -> Tensor:
    """Return the logits of normalised images, (N, 1, 28, 28), as JavaScript does."""
    *convolutions, last = layers
    for facts, weights, scales, biases in convolutions:
        sums = F.conv2d(x, weights.to(x.dtype), padding=facts["padding"])
        sums = F.max_pool2d(sums, facts["pool"])
        x = (scales.view(-1, 1, 1) * sums + biases.view(-1, 1, 1)).relu()
    means = x.mean(dim=(2, 3))
    return last.scales * (means @ last.weights.to(x.dtype).T) + last.biases


def pack(header: dict[str, Any], layers: Sequence[Layer], samples: Tensor) -> bytes:
    """Write layers and samples, (N, 28, 28) of uint8, as one file."""
    header = {"format": 1, **header, "layers": [layer.facts for layer in layers]}
    text = json.dumps(header, separators=(",", ":"), sort_keys=True).encode()
    text += b" " * (-len(text) % 4)
    floats = [t.float() for layer in layers for t in (layer.scales, layer.biases)]
    parts = [*floats, *(layer.weights for layer in layers), samples]
    numbers = b"".join(part.contiguous().numpy().tobytes() for part in parts)
    return len(text).to_bytes(4, "little") + text + numbers


# endregion
