"""Digits small enough to reason about, and the real ones where truth is asked."""

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
import torch
from torch.utils.data import TensorDataset

from mnist_post.basics import load_digits

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _quiet_figures() -> Iterator[None]:
    """Draw without a screen, in the style of the posts, and leave no figure open."""
    mpl.use("Agg")
    mpl.rc_file(ROOT / "matplotlibrc")
    yield
    plt.close("all")


@pytest.fixture
def noise() -> TensorDataset:
    """Return 130 random images, 13 of each digit, by 13 writers."""
    images = torch.rand(130, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    return TensorDataset(images, torch.arange(130) % 10, torch.arange(130) // 10)


@pytest.fixture(scope="session")
def everything() -> TensorDataset:
    """Return the 60,000 training digits of MNIST."""
    return load_digits(str(ROOT / "data"), train=True)


@pytest.fixture(scope="session")
def test_digits() -> TensorDataset:
    """Return the 10,000 test digits of MNIST."""
    return load_digits(str(ROOT / "data"), train=False)
