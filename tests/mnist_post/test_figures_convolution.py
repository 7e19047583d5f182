import numpy as np
import pytest
import torch
from matplotlib.patches import Rectangle

from mnist_post import figures_convolution as figures
from mnist_post.figures import plot_spread


def test_convolution_shows_image_kernel_and_map() -> None:
    """Three named panels; the kernel's weights are written on it, and zero is neutral."""
    kernel = torch.tensor([[1.0, 0.0, -1.0]])
    figure = figures.plot_convolution(torch.rand(28, 28), kernel, torch.tensor([[2.0, -3.0]]))
    assert ["image", "kernel", "feature map"] == [axes.get_title() for axes in figure.axes]
    assert ["1", "0", "-1"] == [text.get_text() for text in figure.axes[1].texts]
    assert (-3, 3) == figure.axes[2].images[0].get_clim()


def test_tiles_are_white_at_zero() -> None:
    """Each picture has its own scale, as far below zero as above; no panel is empty."""
    tiles = torch.stack([torch.full((5, 5), -2.0), torch.full((5, 5), 3.0)])
    figure = figures.plot_tiles(tiles, columns=3)
    first, second, third = figure.axes
    assert (-2, 2) == first.images[0].get_clim()
    assert (-3, 3) == second.images[0].get_clim()
    assert not third.images
    assert not third.axison


def test_plane_has_a_mark_a_point_and_a_name_a_digit() -> None:
    """Each digit's points are drawn, and its name is at their median."""
    points = torch.arange(40.0).reshape(20, 2)
    figure = figures.plot_plane(points, torch.arange(20) % 10)
    (axes,) = figure.axes
    assert [2] * 10 == [len(each.get_offsets()) for each in axes.collections]  # type: ignore[arg-type]
    assert [str(digit) for digit in range(10)] == [text.get_text() for text in axes.texts]


def test_cnn_is_drawn_from_its_shapes() -> None:
    """Every shape is written; maps are squares of their size, and rows of numbers one bar."""
    figure = figures.draw_cnn([(1, 28, 28), (16, 5, 5), (64,)])
    (axes,) = figure.axes
    assert {"1 x\n28 x 28", "16 x\n5 x 5", "64"} <= {text.get_text() for text in axes.texts}
    widths = [patch.get_width() for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [28] + [5] * 8 + [1.5] == widths


def test_robustness_has_a_panel_per_kind_of_corruption() -> None:
    """Each model has a line in each panel, in percent, with its name at the end."""
    curves = {"MLP": torch.tensor([[1.0, 0.5], [0.9, 0.1]])}
    figure = figures.plot_robustness(curves, {"shift": [1, 3], "blur": [1, 2]})
    assert ["shift", "blur"] == [axes.get_xlabel() for axes in figure.axes]
    drawn = [np.asarray(axes.lines[0].get_ydata()).tolist() for axes in figure.axes]
    assert [pytest.approx([100, 50]), pytest.approx([90, 10])] == drawn
    assert [["MLP"]] * 2 == [[text.get_text() for text in axes.texts] for axes in figure.axes]


def test_spread_has_a_dot_per_seed_and_a_mean() -> None:
    """Seeds of one model are side by side, the first on top, with their mean as a number."""
    (axes,) = plot_spread({"rows": [0.9, 0.95, 1.0], "columns": [0.5]}).axes
    assert ["95.0", "50.0"] == [text.get_text() for text in axes.texts]
    dots = [np.asarray(axes.collections[place].get_offsets()).tolist() for place in (0, 2)]
    assert [[pytest.approx([x, 0]) for x in (90, 95, 100)], [[50, 1]]] == dots
    assert axes.yaxis_inverted()


def test_calibration_has_bars_that_shrink_with_the_count() -> None:
    """Dots are at confidence and accuracy; more answers make a shorter bar, inside 0 to 1."""
    rows = torch.tensor([[0.6, 0.5, 10.0], [0.9, 0.9, 1000.0], [1.0, 1.0, 50.0]])
    axes, other = figures.plot_calibration({"MLP": rows, "CNN": rows}).axes
    assert ["MLP", "CNN"] == [axes.get_title(), other.get_title()]
    assert pytest.approx([0.5, 0.9, 1.0]) == np.asarray(axes.lines[1].get_ydata()).tolist()
    (bars,) = axes.collections
    ends = [segment[:, 1].tolist() for segment in bars.get_segments()]  # type: ignore[attr-defined]
    lengths = [high - low for low, high in ends]
    assert lengths[1] < lengths[2] < lengths[0]
    assert (0.2366, 0.7634) == pytest.approx(tuple(ends[0]), abs=1e-3)  # Wilson's, by hand
    assert ends[2][1] == pytest.approx(1)
