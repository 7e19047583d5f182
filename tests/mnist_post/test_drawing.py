"""Drawings and photos in MNIST's form."""

import pytest
import torch
from torch import Tensor
from torch.utils.data import TensorDataset

from mnist_post.deployment.drawing import (
    centre,
    crop,
    even_pen,
    overlaps,
    prepare,
    rasterise,
    resize,
    stroke_width,
)

ANY = (0.0, 99.0)
"""Widths that leave every stroke as it is."""

SEVEN = [[(0.2, 0.2), (0.5, 0.2), (0.35, 0.7)]]


def middle_of(ink: Tensor) -> tuple[float, float]:
    """Return the centre of mass: row and column."""
    places = torch.arange(len(ink)).double()
    return tuple((ink.double().sum(dim=dim) @ places / ink.sum()).item() for dim in (1, 0))  # type: ignore[return-value]


def test_a_point_becomes_a_disc() -> None:
    """A single point is a dot as wide as the pen."""
    ink = rasterise([[(0.5, 0.5)]], size=100, pen=0.1)
    assert ink.sum().item() == pytest.approx(torch.pi * 10**2, rel=0.01)
    assert ink[50, 50] == 1
    assert ink[:, 38].max() == 0


def test_a_line_is_as_wide_as_the_pen() -> None:
    """Ink reaches one radius to each side, at any angle."""
    for start, end in (((0.1, 0.5), (0.9, 0.5)), ((0.1, 0.1), (0.9, 0.9))):
        ink = rasterise([[start, end]], size=200, pen=0.03)
        assert stroke_width(ink) == pytest.approx(12, abs=1)


def test_strokes_that_cross_are_no_darker() -> None:
    """Ink is at most 1 where strokes lie on each other."""
    once, twice = rasterise(SEVEN), rasterise(SEVEN + SEVEN)
    assert torch.equal(once, twice)


def test_crop_leaves_no_paper_around() -> None:
    """All four edges of what is cut out have ink."""
    digit = crop(rasterise(SEVEN))
    for edge in (digit[0], digit[-1], digit[:, 0], digit[:, -1]):
        assert edge.max() > 0.2


def test_there_must_be_ink() -> None:
    """An empty page is refused."""
    with pytest.raises(ValueError, match=r"no ink is above 0\.2"):
        prepare(torch.zeros(112, 112).double(), ANY)


@pytest.mark.parametrize(("before", "after"), [(112, 20), (7, 20), (20, 20), (33, 1)])
def test_areas_are_shared_out_exactly(before: int, after: int) -> None:
    """Each new pixel is an average; each old one gives all that it has."""
    shares = overlaps(before, after)
    assert torch.allclose(shares.sum(dim=1), torch.ones(after).double())
    assert torch.allclose(shares.sum(dim=0) * before / after, torch.ones(before).double())


def test_resizing_keeps_the_mean() -> None:
    """No ink is lost or made where sides divide evenly."""
    ink = rasterise(SEVEN, size=80)
    small = resize(ink, 0.25)
    assert small.shape == (20, 20)
    assert small.mean().item() == pytest.approx(ink.mean().item())
    assert torch.allclose(small[0, 0], ink[:4, :4].mean())


@pytest.mark.parametrize("pen", [0.01, 0.03, 0.09])
def test_pens_become_alike(pen: float) -> None:
    """A thin and a thick pen end between the widths that were asked for."""
    page = resize(crop(rasterise(SEVEN, pen=pen)), 20 / 68)
    assert 1.9 < stroke_width(even_pen(page, 2, 3)) < 3.4


def test_a_pen_that_fits_changes_nothing() -> None:
    """Strokes inside the range are only made fully dark."""
    ink = resize(crop(rasterise(SEVEN)), 0.3)
    assert torch.equal(even_pen(ink, *ANY), ink / ink.max())


def test_the_centre_of_mass_is_in_the_middle() -> None:
    """An off-centre digit is moved, to the nearest whole pixel."""
    row, column = middle_of(prepare(rasterise(SEVEN), ANY))
    assert abs(row - 14) <= 0.5
    assert abs(column - 14) <= 0.5


def test_the_middle_of_the_box_is_another_place() -> None:
    """Without the centre of mass a seven lies where its box is centred."""
    digit = resize(crop(rasterise(SEVEN)), 0.3)
    boxed = centre(digit, by_mass=False)
    rows, columns = (boxed > 0).nonzero().unbind(dim=1)
    assert abs(rows.min() + rows.max() - 27) <= 1
    assert abs(columns.min() + columns.max() - 27) <= 1
    assert not torch.equal(boxed, centre(digit))


@pytest.mark.parametrize("leave_out", ["crop", "scale", "pen", "mass"])
def test_every_step_does_something(leave_out: str) -> None:
    """Leaving a step out gives another image, of the same form."""
    ink = rasterise(SEVEN, pen=0.07)
    whole, less = prepare(ink, (2, 3)), prepare(ink, (2, 3), leave_out)
    assert less.shape == whole.shape == (28, 28)
    assert less.dtype == torch.uint8
    assert not torch.equal(whole, less)


def test_where_and_how_large_does_not_matter() -> None:
    """A digit moved or drawn twice as large with a larger pen comes out nearly the same."""
    small = [[(0.5 + x / 2, 0.1 + y / 2) for x, y in stroke] for stroke in SEVEN]
    a = prepare(rasterise(SEVEN, size=224, pen=0.05), ANY).double()
    b = prepare(rasterise(small, size=224, pen=0.025), ANY).double()
    assert (a - b).abs().mean() < 3


def test_mnist_is_in_its_own_form(everything: TensorDataset) -> None:
    """MNIST's digits stay as they are, but for a few faint pixels at their edges."""
    images = everything.tensors[0][:50, 0].double()
    prepared = torch.stack([prepare(image, ANY) for image in images]).double() / 255
    assert (prepared - images).abs().mean() < 0.01
