"""A trained model on disk: its weights, and what its input must look like."""

from pathlib import Path

import torch
from torch import nn


def save_checkpoint(path: str, model: nn.Module, mean: float, std: float) -> None:
    """Save the weights with the two numbers that its images were normalised by."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    torch.save({"weights": model.state_dict(), "mean": mean, "std": std}, path)


def load_checkpoint(path: str, model: nn.Module) -> tuple[float, float]:
    """Load saved weights into a model of the same shape; return the mean and deviation.

    `weights_only=True` admits tensors and plain numbers; a full pickle may run any code.

    Raises:
        RuntimeError: if the weights are those of another architecture.
        pickle.UnpicklingError: if the file holds more than tensors and plain values.
    """
    saved = torch.load(path, map_location="cpu", weights_only=True)
    model.load_state_dict(saved["weights"])
    return saved["mean"], saved["std"]
