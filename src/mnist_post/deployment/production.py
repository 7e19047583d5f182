"""What a network needs when it works for others: their digits, and a watch."""

import copy
import json

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_post.comparison import Jitter
from mnist_post.deployment.drawing import rasterise


def read_drawings(text: str) -> tuple[list[Tensor], Tensor]:
    """Read a file of drawings: ink, (112, 112) each, and labels, (N,).

    Raises:
        ValueError: if it is of another format.
    """
    content = json.loads(text)
    if content.get("format") != 1:
        raise ValueError(f"drawings of format {content.get('format')}, expected 1")
    drawings = content["drawings"]
    pages = [rasterise(one["strokes"], pen=content["pen"]) for one in drawings]
    return pages, torch.tensor([one["label"] for one in drawings])


def fine_tune(
    model: nn.Module, images: Tensor, labels: Tensor, steps: int = 40, lr: float = 1e-3
) -> nn.Module:
    """Return a copy trained a little more, on all images at each step.

    Batch norm keeps its statistics: those of twenty digits would be noise.
    """
    tuned = copy.deepcopy(model).eval()
    jitter = Jitter().train()  # a few digits, each time a little different
    optimizer = torch.optim.AdamW(tuned.parameters(), lr=lr)
    for _ in range(steps):
        loss = F.cross_entropy(tuned(jitter(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return tuned.eval()


def stability(reference: Tensor, incoming: Tensor, bins: int = 10) -> float:
    """Return the population stability index: 0 if both are spread alike.

    Bins hold equal shares of the reference; below 0.1 is commonly read as stable.
    """
    edges = reference.quantile(torch.linspace(0, 1, bins + 1)[1:-1])
    shares = []
    for numbers in (reference, incoming):
        count = torch.bincount(torch.bucketize(numbers, edges), minlength=bins)
        shares.append((count + 0.5) / (count + 0.5).sum())  # no bin is empty
    before, after = shares
    return ((after - before) * (after / before).log()).sum().item()
