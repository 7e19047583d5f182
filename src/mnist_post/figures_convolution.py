"""The figures of Part II: data in, a matplotlib figure out."""

import math

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor


def plot_convolution(image: Tensor, kernel: Tensor, feature_map: Tensor) -> Figure:
    """Draw an image, the kernel that slides over it, and what comes out; each (H, W)."""
    figure, panels = plt.subplots(1, 3, figsize=(7, 2.7), width_ratios=[28, 16, 26])
    most = feature_map.abs().max().item()
    panels[0].imshow(image.numpy(), cmap="gray_r", interpolation="nearest")
    panels[1].imshow(kernel.numpy(), cmap="PuOr", vmin=-1.5, vmax=1.5)
    panels[2].imshow(feature_map.numpy(), cmap="PuOr", vmin=-most, vmax=most)
    for row, line in enumerate(kernel.tolist()):
        for column, weight in enumerate(line):
            panels[1].text(column, row, f"{weight:g}", ha="center", va="center")
    for axes, name in zip(panels, ["image", "kernel", "feature map"], strict=True):
        axes.set_title(name)
        axes.set_axis_off()
    return figure


def plot_tiles(tiles: Tensor, columns: int = 8) -> Figure:
    """Draw small pictures, (N, H, W), as a sheet; each is white at zero, orange below."""
    rows = math.ceil(len(tiles) / columns)
    figure, panels = plt.subplots(rows, columns, figsize=(7, 7 * rows / columns), squeeze=False)
    for axes in panels.flat:
        axes.set_axis_off()
    for axes, tile in zip(panels.flat, tiles, strict=False):
        most = tile.abs().max().item()
        axes.imshow(tile.numpy(), cmap="PuOr", vmin=-most, vmax=most, interpolation="nearest")
    return figure


def plot_plane(points: Tensor, labels: Tensor) -> Figure:
    """Draw points of a plane, (N, 2), as the digits that they stand for."""
    figure, axes = plt.subplots(figsize=(7, 5.6))
    for digit in range(10):
        own = points[labels == digit]
        across, up = own.unbind(dim=1)
        axes.scatter(across, up, s=40, marker=f"${digit}$", linewidths=0, color=f"C{digit}")
        x, y = own.median(dim=0).values.tolist()
        axes.text(x, y, str(digit), fontsize=26, weight="bold", ha="center", va="center")
    axes.set_axis_off()
    return figure


def plot_saliency(images: Tensor, slopes: Tensor) -> Figure:
    """Draw images, (N, 1, 28, 28), and under each the pixels that its answer hangs on."""
    figure, panels = plt.subplots(2, len(images), figsize=(7, 14.4 / len(images)))
    for column, (image, slope) in enumerate(zip(images, slopes, strict=True)):
        panels[0, column].imshow(image[0].numpy(), cmap="gray_r", interpolation="nearest")
        panels[1, column].imshow(slope[0].numpy(), cmap="magma_r", interpolation="nearest")
    for axes in panels.flat:
        axes.set_axis_off()
    return figure
