"""The files that Part IV publishes agree with each other and with the code that made them."""

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from mnist_post.deployment.drawing import prepare, rasterise
from mnist_post.deployment.packing import Layer, run_layers

MODELS = Path(__file__).parents[2] / "assets/models"
GOLDEN = json.loads((MODELS / "digits-golden.json").read_text("utf-8"))


def unpack(data: bytes) -> tuple[dict[str, Any], list[Layer], Tensor]:
    """Read a file as the page's JavaScript does: header, layers, samples."""
    at = 4 + int.from_bytes(data[:4], "little")
    header = json.loads(data[4:at])
    outputs = [facts["out"] for facts in header["layers"]]
    floats = np.frombuffer(data, "<f4", 2 * sum(outputs), at)
    at += floats.nbytes
    layers = []
    for facts, out in zip(header["layers"], outputs, strict=True):
        scales, biases, floats = np.split(floats, [out, 2 * out])
        shape: tuple[int, ...] = (out, facts["in"])
        if facts["kind"] == "conv":
            shape += (facts["kernel"], facts["kernel"])
        weights = np.frombuffer(data, "i1", int(np.prod(shape)), at).reshape(shape)
        at += weights.nbytes
        parts = [torch.from_numpy(part.copy()) for part in (weights, scales, biases)]
        layers.append(Layer(facts, *parts))
    samples = torch.frombuffer(bytearray(data[at:]), dtype=torch.uint8)
    return header, layers, samples.reshape(-1, 28, 28)


HEADER, LAYERS, SAMPLES = unpack((MODELS / "digits.bin").read_bytes())


def pixels_of(vector: dict[str, Any]) -> Tensor:
    """Return the bytes of a golden vector, (28, 28)."""
    content = bytearray(base64.b64decode(vector["pixels"]))
    return torch.frombuffer(content, dtype=torch.uint8).reshape(28, 28)


def test_the_network_is_small() -> None:
    """Fewer than 8,000 parameters, and a file far below the demo's 60 KB."""
    assert sum(layer.weights.numel() for layer in LAYERS) < HEADER["parameters"] < 8_000
    assert (MODELS / "digits.bin").stat().st_size < 20_000


def test_there_is_a_sample_of_each_digit() -> None:
    """The samples are ten images with ink, named in the header."""
    assert list(range(10)) == HEADER["labels"]
    assert len(SAMPLES) == 10
    assert (SAMPLES.amax(dim=(1, 2)) > 200).all()


def test_the_header_says_when_a_digit_is_accepted() -> None:
    """From a threshold on for the largest probability of a digit, after a temperature."""
    assert {"temperature", "threshold"} == set(HEADER["reject"])
    assert 0.5 < HEADER["reject"]["threshold"] < 1


@pytest.mark.parametrize("kind", ["digits", "drawings"])
def test_weights_give_the_golden_probabilities(kind: str) -> None:
    """What the file computes is what the golden vectors say, refusals too."""
    pixels = torch.stack([pixels_of(vector) for vector in GOLDEN[kind]])
    images = (pixels.unsqueeze(1).double() / 255 - HEADER["mean"]) / HEADER["std"]
    found = (run_layers(LAYERS, images) / HEADER["reject"]["temperature"]).softmax(dim=1)
    expected = torch.tensor([vector["probabilities"] for vector in GOLDEN[kind]])
    assert expected.shape[1] == 11  # ten digits, and none
    assert (found - expected).abs().max() < 1e-5
    accepted = found[:, :10].amax(dim=1) >= HEADER["reject"]["threshold"]
    assert [vector["accepted"] for vector in GOLDEN[kind]] == accepted.tolist()


def test_strokes_give_the_golden_pixels() -> None:
    """The steps that the header names lead from strokes to the same bytes."""
    for drawing in GOLDEN["drawings"]:
        page = rasterise(drawing["strokes"], HEADER["steps"]["size"], drawing["pen"])
        prepared = prepare(page, tuple(HEADER["steps"]["widths"]))
        assert torch.equal(pixels_of(drawing), prepared)


def test_golden_vectors_are_read_correctly() -> None:
    """Nearly all of the hundred digits and the twenty drawings are."""
    vectors = GOLDEN["digits"] + GOLDEN["drawings"]
    right = [int(np.argmax(v["probabilities"][:10])) == v["label"] for v in vectors]
    assert len(right) == 120
    assert sum(right) >= 115
