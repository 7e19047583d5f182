"""One's own digits in MNIST's form, which is all that a network has learnt to read."""

import torch
import torch.nn.functional as F
from torch import Tensor


def like_mnist(photo: Tensor, ink: float = 0.2) -> Tensor:
    """Bring a photo of a digit, (H, W), ink near 1, paper near 0, into MNIST's form.

    The digit is cut out, scaled into 20 x 20 pixels, and laid on (1, 1, 28, 28) with
    its centre of mass on pixel (14, 14), as in http://yann.lecun.com/exdb/mnist/

    Raises:
        ValueError: if no pixel is darker than `ink`.
    """
    if photo.max() <= ink:
        raise ValueError(f"there is no digit: no pixel is darker than {ink}")
    rows, columns = (photo > ink).nonzero().unbind(dim=1)
    digit = photo[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    scale = 20 / max(digit.shape)
    height, width = (max(1, round(scale * side)) for side in digit.shape)
    small = F.interpolate(
        digit[None, None], [height, width], mode="bilinear", antialias=True
    )
    by_row, by_column = small[0, 0].sum(dim=1), small[0, 0].sum(dim=0)
    down = (by_row @ torch.arange(height).float() / small.sum()).item()
    across = (by_column @ torch.arange(width).float() / small.sum()).item()
    top = min(max(0, round(14 - down)), 28 - height)
    left = min(max(0, round(14 - across)), 28 - width)
    return F.pad(small, (left, 28 - width - left, top, 28 - height - top))
