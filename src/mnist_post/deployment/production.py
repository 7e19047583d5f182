"""What a network needs when it works for others: their digits, and a watch."""

import copy
import json
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mnist_post.comparison import Jitter
from mnist_post.deployment.drawing import rasterise


# region drawings
def read_drawings(text: str) -> tuple[list[Tensor], Tensor]:
    """Read a file of drawings: ink, (112, 112) each, and labels, (N,).

    Raises:
        ValueError: if it is not as the page saves it; the message says where.
    """
    content = json.loads(text)
    if not isinstance(content, dict) or content.get("format") != 1:
        raise ValueError("these are not drawings of format 1")
    pen, drawings = content.get("pen"), content.get("drawings")
    if not isinstance(pen, float) or not 0 < 2 * pen < 1:
        raise ValueError(f"a pen of radius {pen}, expected between 0 and 0.5")
    if not isinstance(drawings, list) or not drawings:
        raise ValueError("no drawings")
    for number, drawing in enumerate(drawings, 1):
        if problem := find_problem(drawing):
            raise ValueError(f"drawing {number}: {problem}")
    pages = [rasterise(drawing["strokes"], pen=pen) for drawing in drawings]
    return pages, torch.tensor([drawing["label"] for drawing in drawings])


def find_problem(drawing: dict[str, Any]) -> str | None:
    """Return what is wrong with a drawing."""
    try:
        label, strokes = drawing["label"], drawing["strokes"]
        places = [place for stroke in strokes for x, y in stroke for place in (x, y)]
        inside = all(0 <= place <= 1 for place in places)
    except (KeyError, TypeError, ValueError):
        return "not as the page saves it"
    if label not in range(10):
        return f"label {label}, expected 0 to 9"
    if not strokes or not all(strokes):
        return "a stroke without points"
    return None if inside else "a point outside the page"


# endregion


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
