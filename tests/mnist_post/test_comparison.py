"""The comparison, with models whose measures are known beforehand."""

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import TensorDataset

from mnist_post.comparison import (
    CORRUPTIONS,
    Jitter,
    Measured,
    as_code,
    calibration_bins,
    calibration_error,
    calibration_floor,
    compare,
    correct_on,
    corrupt,
    lead,
    measure,
    move,
    robustness,
)

PROBABILITIES = torch.tensor([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.65, 0.35]])
"""Four answers, all 0: two at 95%, two at 65%."""


class BrightestRow(nn.Module):
    """Answers with the number of the image's brightest row, of the upper ten: labels to order."""

    def __init__(self) -> None:
        """Sharpen the answer by one weight."""
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(5.0))

    def forward(self, images: Tensor) -> Tensor:
        """Return logits, (N, 10)."""
        return self.scale * images[:, 0, :10].sum(dim=2)


def rows_of_ink(count: int = 200) -> TensorDataset:
    """Return images with one row inked, whose number is the label, by twenty writers."""
    labels = torch.arange(count) % 10
    images = torch.zeros(count, 1, 28, 28)
    images[torch.arange(count), 0, labels] = 1.0
    return TensorDataset(images, labels, torch.arange(count) // 10)


def test_shift_moves_right_and_down_and_lets_paper_in() -> None:
    """A column of ink goes as many columns to the right; what comes in is paper."""
    images = torch.full((1, 1, 28, 28), -0.4)
    images[..., 12, 10] = 2.8
    expected = images.roll((5, 3), dims=(2, 3))
    assert torch.allclose(expected, move(images, right=3, down=5), atol=1e-4)
    assert torch.allclose(images, move(images), atol=1e-5)


def test_rotation_is_counterclockwise() -> None:
    """Ninety degrees bring the right edge to the top."""
    images = torch.zeros(1, 1, 28, 28)
    images[..., 12:16, 25] = 1.0
    assert torch.allclose(images.rot90(1, dims=(2, 3)), move(images, degrees=90), atol=1e-4)


def test_corruptions_go_in_all_directions() -> None:
    """A shift has four directions and a turn two; together they favour no side."""
    images = torch.zeros(1, 1, 28, 28)
    images[..., 12:16, 10:18] = 1.0  # symmetric about the middle
    shifted = torch.stack(corrupt(images, "shift (pixels)", 2))
    turned = torch.stack(corrupt(images, "rotation (degrees)", 30))
    for copies, count in ((shifted, 4), (turned, 2)):
        assert count == len(copies)
        mean = copies.mean(dim=0)
        assert torch.allclose(mean, mean.flip(2), atol=1e-4)
        assert torch.allclose(mean, mean.flip(3), atol=1e-4)


def test_noise_is_the_same_every_time_and_as_strong_as_asked() -> None:
    """Models meet the same noise; its deviation is a share of the way from paper to ink."""
    images = torch.zeros(20, 1, 28, 28)
    images[..., 0, 0] = 3.0
    (noisy,) = corrupt(images, "noise", 0.5)
    assert torch.equal(noisy, corrupt(images, "noise", 0.5)[0])
    assert 1.5 == pytest.approx((noisy - images).std().item(), rel=0.03)


def test_blur_keeps_the_ink() -> None:
    """Ink is spread and not lost."""
    images = torch.zeros(1, 1, 28, 28)
    images[..., 14, 14] = 1.0
    (smeared,) = corrupt(images, "blur (pixels)", 1.5)
    assert 1 == pytest.approx(smeared.sum().item(), abs=1e-4)
    assert smeared.max() < 0.1


def test_every_corruption_is_severe() -> None:
    """No kind counts intact digits, and each has its severities in order."""
    for severities in CORRUPTIONS.values():
        assert 0 < severities[0]
        assert sorted(severities) == severities
        assert 4 == len(severities)


def test_a_digit_counts_as_the_share_of_its_copies_that_is_read() -> None:
    """A copy that is read and one that is not make one half, digit by digit."""
    images, labels, _ = rows_of_ink().tensors
    gone = torch.zeros_like(images)
    gone[:, 0, 20] = 1.0  # ink where the model does not look: it answers 0
    expected = torch.where(labels == 0, 1.0, 0.5)
    assert torch.equal(expected, correct_on(BrightestRow(), [images, gone], labels))


def test_robustness_falls_where_the_model_is_weak_only() -> None:
    """A model that reads rows loses digits to shifts up and down, and to no blur of a half."""
    right = robustness([BrightestRow()], rows_of_ink())
    assert (1, 4, 4, 200) == right.shape
    accuracies = right.mean(dim=(0, 3))
    assert (accuracies[0] < 0.8).all()
    assert 1 == accuracies[3, 0]


def test_robustness_is_kept_by_model_and_digit() -> None:
    """A model that always answers 0 reads the zeros, whatever the corruption."""
    always_0 = BrightestRow()
    with torch.no_grad():
        always_0.scale.zero_()
    right = robustness([BrightestRow(), always_0], rows_of_ink())
    assert torch.equal(robustness([BrightestRow()], rows_of_ink())[0], right[0])
    zeros = (rows_of_ink().tensors[1] == 0).float()
    assert torch.equal(zeros.expand(4, 4, -1), right[1])


def test_calibration_bins_hold_confidence_accuracy_and_count() -> None:
    """Each filled bin is a row."""
    rows = calibration_bins(PROBABILITIES, torch.tensor([0, 0, 0, 1]))
    assert torch.allclose(torch.tensor([[0.65, 0.5, 2], [0.95, 1.0, 2]]), rows)


def test_calibration_error_by_hand() -> None:
    """Half the answers are 0.15 too bold and half 0.05 too shy: 0.1 on average."""
    assert 0.1 == pytest.approx(calibration_error(PROBABILITIES, torch.tensor([0, 0, 0, 1])))


def test_sure_and_right_is_calibrated() -> None:
    """Certainty falls into the last bin, not beyond it."""
    assert calibration_error(torch.eye(10), torch.arange(10)) == 0
    assert 1 == pytest.approx(calibration_error(torch.eye(10), torch.zeros(10).long() - 1))


def test_floor_shrinks_with_the_number_of_digits() -> None:
    """A perfectly calibrated model shows an error, smaller the more digits there are."""
    generator = torch.Generator().manual_seed(0)
    many = torch.rand(4000, 10, generator=generator).mul(3).softmax(dim=1)
    few_floor, few_deviation = calibration_floor(many[:40])
    many_floor, many_deviation = calibration_floor(many)
    assert 0 < many_floor < few_floor / 3
    assert 0 < many_deviation < few_deviation


def test_measure_and_its_code() -> None:
    """A perfect reader of rows: one accuracy per model; the code makes the same row again."""
    row = measure("rows", [BrightestRow(), BrightestRow()], rows_of_ink(), epochs=3)
    assert Measured("rows", 1, 3, (100.0, 100.0), 100.0, 100.0, *row[6:-1], "0" * 20) == row
    assert -1 < row.gap <= 0 <= row.error < 1
    assert 0 < row.robustness < 100
    assert 0 <= row.half < 50
    made: dict[str, object] = {}
    text = as_code("earlier", [row, row])
    exec(text, {"Measured": Measured}, made)  # noqa: S102  # as in a post
    assert {"earlier": [row, row]} == made
    assert max(map(len, text.splitlines())) <= 88


def test_mistakes_are_counted_per_writer_over_all_seeds() -> None:
    """Writer 3's zero and one are blank, so both seeds answer 0 to both; the zero is right."""
    images, labels, writers = rows_of_ink().tensors
    images[30:32] = 0.0
    row = measure("rows", [BrightestRow()] * 2, TensorDataset(images, labels, writers), 1)
    assert {3: "2"} == {writer: n for writer, n in enumerate(row.mistakes) if n != "0"}


def known(*mistakes: int, seeds: int = 1) -> Measured:
    """Return a model of which only its seeds and its mistakes, per writer, matter."""
    written = "".join(map(str, mistakes))
    return Measured("", 0, 1, (90.0,) * seeds, 0, 0, 0, 0, 0, 0, 0, 0, written)


def test_lead_is_the_difference_on_the_same_writers() -> None:
    """Four writers of ten digits: one mistake more in each is ten points, however drawn."""
    writers = torch.arange(40) // 10
    assert (10, 10, 10) == pytest.approx(lead(known(0, 1, 2, 3), known(1, 2, 3, 4), writers))
    assert (-10, -10, -10) == pytest.approx(lead(known(1, 2, 3, 4), known(0, 1, 2, 3), writers))


def test_lead_counts_each_models_own_seeds() -> None:
    """Two mistakes of two seeds are as many as one of one; the interval holds the mean."""
    writers = torch.tensor([0, 0, 5, 5, 5, 5])  # numbers need not be consecutive
    mean, low, high = lead(known(2, 2, seeds=2), known(1, 3), writers)
    assert pytest.approx(100 * 2 / 6) == mean
    assert pytest.approx((0, 50)) == (low, high)


def test_table_shows_intervals_floor_and_gap() -> None:
    """One row per model, with the number of its epochs and seeds."""
    many = Measured(
        "many", 1234, 5, (98.0, 99.0), 98.1, 98.9, 0.0512, 0.5, 0.3, -0.1, 70.2, 1.3, ""
    )
    table = compare([many], {"many": 9.6})
    assert table._repr_html_() == str(table)
    cells = ["1,234", "5", "2", "98.50", "98.10 to 98.90", "0.051", "0.50 (0.30)", "-0.10"]
    cells += ["70.2 ± 1.3", "10"]
    assert "<tr><th>many</th>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" in table


def test_jitter_acts_in_training_only() -> None:
    """Evaluation sees every image as it is; training sees each a little elsewhere."""
    torch.manual_seed(0)
    images = torch.rand(1, 1, 28, 28).repeat(2, 1, 1, 1)
    jitter = Jitter()
    assert jitter.eval()(images) is images
    first, second = jitter.train()(images)
    assert not torch.equal(first, second)


def test_no_jitter_is_no_change() -> None:
    """With nothing to move, turn or scale by, an image stays what it is."""
    images = torch.rand(3, 1, 28, 28) - 0.4
    assert torch.allclose(images, Jitter(0, 0, 0)(images), atol=1e-5)


def test_jitter_lets_paper_in() -> None:
    """A move by many pixels leaves paper behind, at the value that paper has."""
    torch.manual_seed(0)
    images = torch.full((8, 1, 28, 28), -0.42)
    images[..., 14, 14] = 2.8
    moved = Jitter(pixels=10)(images)
    assert pytest.approx(-0.42) == moved.min().item()
    assert pytest.approx(-0.42) == moved.median().item()


def test_jitter_moves_by_at_most_its_pixels() -> None:
    """Ink in the middle stays within two pixels of it."""
    torch.manual_seed(0)
    images = torch.zeros(200, 1, 28, 28)
    images[..., 13:15, 13:15] = 1.0
    inked = (Jitter(pixels=2, degrees=0, scale=0)(images) > 0.01).nonzero()[:, 2:]
    assert 10 <= inked.min() < inked.max() <= 17


def test_jitter_goes_to_the_device_with_the_model() -> None:
    """Its limits are a buffer, which is moved and saved, and not trained."""
    jitter = Jitter()
    assert "limits" in jitter.state_dict()
    assert not list(jitter.parameters())
    assert torch.float64 == jitter.double().limits.dtype
