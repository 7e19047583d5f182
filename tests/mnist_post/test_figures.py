import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from mnist_post import figures
from mnist_post.training import Score

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


def test_digits_are_one_picture_with_a_title_each() -> None:
    """A sheet holds all digits in one image, with titles in reading order."""
    figure = drawn(figures.plot_digits(torch.rand(10, 1, 28, 28), [*"abcdefghij"], columns=5))
    assert 1 == len(figure.axes[0].images)
    assert [*"abcdefghij"] == texts(figure)


def test_digits_stand_in_reading_order() -> None:
    """The second of two columns shows the second digit, the next row the third."""
    images = torch.stack([torch.full((1, 28, 28), float(n)) for n in range(4)])
    sheet = drawn(figures.plot_digits(images, columns=2)).axes[0].images[0].get_array()
    assert sheet is not None
    assert [0.0, 1.0, 2.0, 3.0] == [sheet[y, x] for y in (14, 42) for x in (16, 48)]


def test_marked_titles_stand_out() -> None:
    """Titles in `marked` have another colour than the rest."""
    figure = drawn(figures.plot_digits(torch.rand(2, 1, 28, 28), "ab", columns=2, marked=[1]))
    assert ["0.2", "C1"] == [text.get_color() for text in figure.axes[0].texts]


def test_class_balance_has_a_bar_a_digit() -> None:
    """Every digit has a bar as long as its count, even a digit that is absent."""
    figure = drawn(figures.plot_class_balance(torch.tensor([0, 0, 3])))
    bars = [patch.get_width() for patch in figure.axes[0].patches]  # type: ignore[attr-defined]
    assert [2, 0, 0, 1, 0, 0, 0, 0, 0, 0] == bars


def test_descent_shows_every_step() -> None:
    """All weights of the path are drawn at their loss."""
    figure = drawn(figures.plot_descent(lambda weight: weight**2, [2.0, 1.0, 0.5]))
    assert [4.0, 1.0, 0.25] == heights(figure, 1)


def test_validation_has_a_named_line_a_training() -> None:
    """Each training has its line, in percent, with its name at the end."""
    figure = drawn(figures.plot_validation({"32 wide": HISTORY, "64 wide": HISTORY}))
    assert ["32 wide", "64 wide"] == texts(figure)
    assert [92.0, 94.0] == pytest.approx(heights(figure, 0))


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


def test_reliability_has_a_curve_a_model_and_the_diagonal() -> None:
    """Dots are at confidence and accuracy, and the larger the more answers they represent."""
    rows = torch.tensor([[0.5, 0.4, 0.1], [0.95, 0.97, 0.9]])
    figure = drawn(figures.plot_reliability({"MLP": rows}))
    assert pytest.approx([0.4, 0.97]) == heights(figure, 1)
    (dots,) = figure.axes[0].collections
    small, large = dots.get_sizes()  # type: ignore[attr-defined]
    assert small < large


def test_robustness_has_a_panel_a_kind_of_damage() -> None:
    """Each model has a line in each panel, in percent."""
    curves = {"MLP": torch.tensor([[1.0, 0.5], [0.9, 0.1]])}
    figure = drawn(figures.plot_robustness(curves, {"shift": [0, 3], "blur": [0, 1]}))
    assert ["shift", "blur"] == [axes.get_xlabel() for axes in figure.axes]
    assert pytest.approx([100, 50]) == heights(figure, 0)
    assert pytest.approx([90, 10]) == list(figure.axes[1].lines[0].get_ydata())  # type: ignore[arg-type]


def test_spread_has_a_dot_a_seed_and_a_mean() -> None:
    """Seeds of one model are side by side, the first on top, with their mean as a number."""
    figure = drawn(figures.plot_spread({"rows": [0.9, 0.95, 1.0], "columns": [0.5]}))
    (axes,) = figure.axes
    assert ["95.0", "50.0"] == [text.get_text() for text in axes.texts]
    dots = [np.asarray(axes.collections[place].get_offsets()).tolist() for place in (0, 2)]
    assert [[pytest.approx([x, 0]) for x in (90, 95, 100)], [[50, 1]]] == dots
    assert axes.yaxis_inverted()
