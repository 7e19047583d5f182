import torch

from mnist_post import figures_convolution as figures


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


def test_saliency_stands_under_its_image() -> None:
    """Two rows, and one column per image."""
    images, slopes = torch.rand(4, 1, 28, 28), torch.rand(4, 1, 28, 28)
    figure = figures.plot_saliency(images, slopes)
    shown = [axes.images[0].get_array() for axes in figure.axes]
    assert 8 == len(shown)
    assert torch.allclose(slopes[1, 0], torch.as_tensor(shown[5]))
