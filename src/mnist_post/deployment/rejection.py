"""Things that are not digits, and ways to tell: scores, a threshold, a temperature."""

# region rejection
from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

NO_DIGITS = (3, 4, 6, 7, 9)  # mirrored or turned, these are no digits any more


def letters(characters: str, faces: Sequence[str], size: int = 112) -> list[Tensor]:
    """Draw characters in the fonts that matplotlib brings: ink, (size, size) each."""
    folder = Path(mpl.get_data_path(), "fonts", "ttf")
    drawn = []
    for face in faces:
        font = ImageFont.truetype(folder / f"{face}.ttf", int(0.7 * size))
        for character in characters:
            page = Image.new("L", (size, size))
            middle = (size / 2, size / 2)
            ImageDraw.Draw(page).text(middle, character, 255, font, anchor="mm")
            grey = torch.frombuffer(bytearray(page.tobytes()), dtype=torch.uint8)
            drawn.append(grey.reshape(size, size).double() / 255)
    return drawn


def scores(logits: Tensor) -> dict[str, Tensor]:
    """Return how digit-like logits, (N, 10 or 11), are: large scores for digits."""
    digits, shares = logits[:, :10], logits.softmax(dim=1)
    found = {"confidence": digits.softmax(dim=1).amax(dim=1)}
    found["energy"] = digits.logsumexp(dim=1)  # https://arxiv.org/abs/2010.03759
    if logits[:, 10:].numel():
        found["eleventh"] = 1 - shares[:, 10]
        found["best digit"] = shares[:, :10].amax(dim=1)
    return found


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Return the T for which logits / T have the least loss (arXiv 1706.04599)."""
    candidates = torch.linspace(0.5, 2, 151)
    losses = [F.cross_entropy(logits / t, labels) for t in candidates.tolist()]
    return candidates[torch.stack(losses).argmin()].item()


def share_passed(digits: Tensor, others: Tensor, kept: float = 0.95) -> float:
    """Return the share of others that pass where `kept` of the digits pass (FPR)."""
    return (others >= digits.quantile(1 - kept)).float().mean().item()


def risk_coverage(score: Tensor, correct: Tensor) -> tuple[Tensor, Tensor]:
    """Return the shares answered and, of these, misread, surest answers first."""
    order = score.argsort(descending=True, stable=True)
    answered = torch.arange(1, len(order) + 1)
    wrong = (~correct[order]).cumsum(dim=0)
    return answered / len(order), wrong / answered


# endregion
