"""The ruler against models whose measures are known beforehand."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.ruler import (
    DAMAGES,
    Measured,
    add_noise,
    area,
    as_code,
    blur,
    expected_calibration_error,
    measure,
    reliability,
    robustness,
    rotate,
    ruler,
    shift,
)

PROBABILITIES = torch.tensor([[0.9, 0.1], [0.9, 0.1], [0.6, 0.4], [0.6, 0.4]])
"""Four answers, all 0: two at 90 %, two at 60 %."""


class BrightestRow(nn.Module):
    """Answers with the number of the image's brightest row, of the upper ten: labels to order."""

    def __init__(self) -> None:
        """Sharpen the answer by one weight."""
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(5.0))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (N, 10)."""
        return self.scale * images[:, 0, :10].sum(dim=2)


def rows_of_ink(count: int = 40) -> TensorDataset:
    """Return images with one row inked, whose number is the label."""
    labels = torch.arange(count) % 10
    images = torch.zeros(count, 1, 28, 28)
    images[torch.arange(count), 0, labels] = 1.0
    return TensorDataset(images, labels)


def test_reliability_sorts_answers_by_confidence() -> None:
    """Each filled bin gives its mean confidence, its accuracy and its share."""
    rows = reliability(PROBABILITIES, torch.tensor([0, 0, 0, 1]), bins=10)
    assert torch.allclose(torch.tensor([[0.6, 0.5, 0.5], [0.9, 1.0, 0.5]]), rows)


def test_calibration_error_by_hand() -> None:
    """Half the answers are 0.1 too bold and half 0.1 too shy: 0.1 on average."""
    error = expected_calibration_error(PROBABILITIES, torch.tensor([0, 0, 0, 1]), bins=10)
    assert 0.1 == pytest.approx(error)


def test_sure_and_right_is_calibrated() -> None:
    """Certainty falls into the last bin, not beyond it."""
    assert expected_calibration_error(torch.eye(10), torch.arange(10)) == 0
    assert 1 == pytest.approx(expected_calibration_error(torch.eye(10), torch.zeros(10).long() - 1))


def test_shift_moves_right_and_lets_paper_in() -> None:
    """A column of ink goes as many columns to the right; the rest is the darkest paper."""
    images = torch.full((1, 1, 28, 28), -0.4)
    images[..., 10] = 2.8
    moved = shift(images, 3)
    assert torch.equal(images.roll(3, dims=3), moved)
    assert torch.equal(images, shift(images, 0))


def test_rotation_by_a_quarter_turn() -> None:
    """Ninety degrees bring the right edge to the top."""
    images = torch.zeros(1, 1, 28, 28)
    images[..., 12:16, 25] = 1.0
    assert torch.allclose(images.rot90(1, dims=(2, 3)), rotate(images, 90), atol=1e-4)


def test_noise_is_the_same_every_time_and_as_strong_as_asked() -> None:
    """Models meet the same noise; its deviation is a share of the way from paper to ink."""
    images = torch.zeros(20, 1, 28, 28)
    images[..., 0, 0] = 3.0
    noise = add_noise(images, 0.5) - images
    assert torch.equal(noise, add_noise(images, 0.5) - images)
    assert 1.5 == pytest.approx(noise.std().item(), rel=0.03)


def test_blur_keeps_the_ink() -> None:
    """Ink is spread and not lost; no blur changes nothing."""
    images = torch.zeros(1, 1, 28, 28)
    images[..., 14, 14] = 1.0
    smeared = blur(images, 1.5)
    assert 1 == pytest.approx(smeared.sum().item(), abs=1e-4)
    assert smeared.max() < 0.1
    assert blur(images, 0) is images


def test_every_damage_begins_at_none() -> None:
    """At strength 0 every kind leaves the digits as they are, and all have as many strengths."""
    images = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    for hurt, strengths in DAMAGES.values():
        assert (0, 6) == (strengths[0], len(strengths))
        assert torch.allclose(images, hurt(images, 0), atol=1e-5)


def test_robustness_falls_where_the_model_is_weak_only() -> None:
    """A model that reads rows loses nothing when digits move along them."""
    accuracies = robustness(BrightestRow(), *rows_of_ink().tensors)
    assert (4, 6) == accuracies.shape
    assert torch.equal(torch.ones(4), accuracies[:, 0])
    assert torch.equal(torch.ones(6), accuracies[0])
    assert accuracies[1, -1] < 0.5


def test_area_is_the_mean_height() -> None:
    """A straight fall from one to zero covers half."""
    assert 0.5 == pytest.approx(area(torch.linspace(1, 0, 6).repeat(2, 1)))
    assert 1 == pytest.approx(area(torch.ones(4, 6)))


def test_measure_and_its_code() -> None:
    """A perfect reader of rows: one accuracy per model; the code makes the same row again."""
    row = measure("rows", [BrightestRow(), BrightestRow()], rows_of_ink())
    assert ("rows", 1, (1.0, 1.0)) == row[:3]
    assert 0 <= row.calibration_error < 0.01
    assert 0 < row.robustness < 1
    made: dict[str, object] = {}
    exec(as_code("earlier", [row]), {"Measured": Measured}, made)  # noqa: S102  # as in a post
    assert {"earlier": [row]} == made


def test_table_shows_mean_margin_and_spread() -> None:
    """One row per model; a single training has no spread."""
    rows = [
        Measured("many", 1234, (0.98, 0.99), 0.01, 0.5),
        Measured("one", 10, (0.5,), 0.2, 0.25),
    ]
    table = ruler(rows, {"many": 9.6, "one": 1.2})
    assert table._repr_html_() == str(table)
    cells = "1,234</td><td>98.50 ± 0.24</td><td>± 0.71</td><td>1.00</td><td>50.0</td><td>10"
    assert f"<tr><th>many</th><td>{cells}</td></tr>" in table
    assert "<td>50.00 ± 0.98</td><td>one run</td>" in table
