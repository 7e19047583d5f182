import pytest
import torch
from torch.utils.data import TensorDataset
from torchvision.transforms import v2

from mnist_post.handwriting import like_mnist


def photo_of(digit: torch.Tensor, top: int, left: int) -> torch.Tensor:
    """Lay a digit, four times as large, somewhere on a sheet of 200 by 300."""
    large = v2.functional.resize(digit, [112, 112])[0]
    sheet = torch.zeros(200, 300)
    sheet[top : top + 112, left : left + 112] = large
    return sheet


def test_digits_of_mnist_come_back(test_digits: TensorDataset) -> None:
    """A digit of MNIST, enlarged and moved, is nearest to the same digit, once back."""
    images, labels, _ = test_digits[:100]
    back = torch.cat([like_mnist(photo_of(image, 70, 150)) for image in images])
    assert images.shape == back.shape
    nearest = torch.cdist(back.flatten(1), images.flatten(1)).argmin(dim=1)
    assert torch.equal(labels, labels[nearest])
    assert (nearest == torch.arange(100)).sum() > 95


def test_the_place_on_the_photo_does_not_matter(test_digits: TensorDataset) -> None:
    """Wherever a digit was, the result is the same."""
    image = test_digits.tensors[0][0]
    here, there = (like_mnist(photo_of(image, *place)) for place in [(0, 0), (70, 150)])
    assert torch.allclose(here, there, atol=1e-6)


def test_a_thin_stroke_keeps_its_shape() -> None:
    """A one is scaled by its height alone, and does not become a block."""
    photo = torch.zeros(100, 100)
    photo[10:90, 50:54] = 1.0
    rows, columns = (like_mnist(photo)[0, 0] > 0.5).nonzero().unbind(dim=1)
    assert (20, 1) == (len(set(rows.tolist())), len(set(columns.tolist())))
    assert {14} == set(columns.tolist())


def test_an_empty_sheet_is_refused() -> None:
    """Without ink there is nothing to centre."""
    with pytest.raises(ValueError, match="no digit"):
        like_mnist(torch.full((50, 50), 0.1))
