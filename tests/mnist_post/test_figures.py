import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from mnist_post import figures
from mnist_post.basics import Score, plot_digits, plot_search

HISTORY = [(Score(0.5, 0.9), Score(0.3, 0.92)), (Score(0.2, 0.95), Score(0.25, 0.94))]


def drawn(figure: Figure) -> Figure:
    """Draw for real, so that a fault shows, and close."""
    figure.canvas.draw()
    plt.close(figure)
    assert [] == plt.get_fignums()
    return figure


def texts(figure: Figure) -> list[str]:
    """Return what is written inside the first panel."""
    return [text.get_text() for text in figure.axes[0].texts]


def heights(figure: Figure, line: int) -> list[float]:
    """Return the heights of a line's points."""
    return [float(y) for y in np.asarray(figure.axes[0].lines[line].get_ydata())]


def test_digits_stand_in_reading_order_below_their_titles() -> None:
    """The second of two columns shows the second digit, the next row the third."""
    images = torch.stack([torch.full((1, 28, 28), float(n)) for n in range(3)])
    figure = drawn(plot_digits(images, "abc", columns=2))
    assert ["a", "b", "c", ""] == [axes.get_title() for axes in figure.axes]
    shown = [axes.images[0].get_array() for axes in figure.axes[:3]]
    assert [0.0, 1.0, 2.0] == [np.asarray(image)[0, 0] for image in shown]
    assert not figure.axes[3].images


def test_marked_titles_stand_out() -> None:
    """Titles at the places in `marked` have another colour than the rest."""
    figure = drawn(plot_digits(torch.rand(2, 1, 28, 28), "ab", columns=2, marked=[1]))
    assert ["0.2", "C1"] == [axes.title.get_color() for axes in figure.axes]


def test_descent_shows_every_step() -> None:
    """All weights of the path are drawn at their loss."""
    figure = drawn(figures.plot_descent(lambda weight: weight**2, [2.0, 1.0, 0.5]))
    assert [4.0, 1.0, 0.25] == heights(figure, 1)


def test_search_has_a_line_per_choice_and_a_dot_per_seed() -> None:
    """Lines join the means of the seeds, in percent, over the learning rate."""
    tried = {(32, 0.1): [0.8, 0.9], (32, 0.2): [0.7], (64, 0.1): [0.95], (64, 0.2): [0.9]}
    figure = drawn(plot_search(tried, "units"))
    assert [pytest.approx([85, 70]), pytest.approx([95, 90])] == [
        heights(figure, n) for n in (0, 1)
    ]
    assert [2, 1, 1, 1] == [len(dots.get_offsets()) for dots in figure.axes[0].collections]  # type: ignore[arg-type]
    legend = figure.axes[0].get_legend()
    assert legend is not None
    assert ["32 units", "64 units"] == [text.get_text() for text in legend.get_texts()]


def test_mlp_is_drawn_with_its_width() -> None:
    """The picture names what its three columns are, and each logit."""
    written = texts(drawn(figures.draw_mlp(48)))
    assert {"784 pixels", "48 hidden units", "10 logits"} < {*written}
    assert {str(digit) for digit in range(10)} < {*written}


def test_history_has_loss_and_error() -> None:
    """Two panels show training and validation, with zero as their floor."""
    figure = drawn(figures.plot_history(HISTORY))
    assert ["loss", "error (%)"] == [axes.get_ylabel() for axes in figure.axes]
    assert [2, 2] == [len(axes.lines) for axes in figure.axes]
    assert [0, 0] == [axes.get_ylim()[0] for axes in figure.axes]


def test_confusion_shows_all_counts_and_shades_mistakes() -> None:
    """Every count is written; right answers do not outshine the mistakes."""
    matrix = torch.diag(torch.full((10,), 1000))
    matrix[4, 9] = 7
    figure = drawn(figures.plot_confusion(matrix))
    assert 100 == len(texts(figure))
    assert "7" == texts(figure)[49]
    shade = figure.axes[0].images[0].get_array()
    assert shade is not None
    assert 7 == shade.max()
    assert 1007 == matrix[4].sum()
