import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mnist_post import figures_recurrent as figures


def drawn(figure: Figure) -> list[Axes]:
    """Draw for real, so that a fault shows, and close; return the panels."""
    figure.canvas.draw()
    plt.close(figure)
    assert [] == plt.get_fignums()
    return figure.axes


def heights(axes: Axes, line: int) -> list[float]:
    """Return the heights of a line's points."""
    return [float(y) for y in np.asarray(axes.lines[line].get_ydata())]


def test_beliefs_stand_beside_the_rows_they_follow() -> None:
    """Image and beliefs have a row each for every row read."""
    left, right = drawn(figures.plot_beliefs(torch.rand(1, 28, 28), torch.full((28, 10), 0.1)))
    shapes = [np.asarray(axes.images[0].get_array()).shape for axes in (left, right)]
    assert [(28, 28), (28, 10)] == shapes


def test_beliefs_are_written_where_the_mind_changes() -> None:
    """The last belief before each change of mind, and the final one, are shown in percent."""
    probabilities = torch.tensor([[0.6, 0.4], [0.7, 0.3], [0.2, 0.8], [0.01, 0.99]])
    _, right = drawn(figures.plot_beliefs(torch.rand(1, 4, 4), probabilities))
    written = {(*text.get_position(), text.get_text()) for text in right.texts}
    assert {(0, 1, "70"), (1, 3, "99")} == written


def test_rows_are_counted_from_one() -> None:
    """The curve of a reader begins at its first row, in percent, with the ink below."""
    accuracies = torch.linspace(0.1, 1, 28)
    (axes,) = drawn(figures.plot_by_row({"LSTM": accuracies}, torch.ones(28)))
    assert [*range(1, 29)] == [int(x) for x in np.asarray(axes.lines[0].get_xdata())]
    assert pytest.approx((100 * accuracies).tolist()) == heights(axes, 0)
    assert 28 == len(axes.patches)
    assert {"ink in that row", "LSTM"} == {text.get_text() for text in axes.texts}


def test_rows_needed_shows_the_median_of_each_digit() -> None:
    """Every digit has a bar from quarter to quarter and a dot at its median."""
    labels = torch.arange(10).repeat_interleave(5)
    (axes,) = drawn(figures.plot_rows_needed(labels + torch.arange(5).repeat(10), labels))
    assert [[digit + 1.0, digit + 3.0] for digit in range(10)] == [
        heights(axes, line) for line in range(0, 20, 2)
    ]
    assert [digit + 2.0 for digit in range(10)] == [
        heights(axes, line)[0] for line in range(1, 20, 2)
    ]


def test_gradients_end_at_one() -> None:
    """Each curve is a share of its own last step."""
    (axes,) = drawn(figures.plot_gradients({"RNN": torch.tensor([0.5, 2.0])}))
    assert [0.25, 1.0] == heights(axes, 0)
    assert ["RNN"] == [text.get_text() for text in axes.texts]
    assert "log" == axes.get_yscale()


def test_steps_show_loss_and_norm() -> None:
    """One panel has the losses of every run, the other the norms."""
    left, right = drawn(figures.plot_steps({"free": [(2.0, 9.0), (1.0, 3.0)]}))
    assert ([2.0, 1.0], [9.0, 3.0]) == (heights(left, 0), heights(right, 0))


def test_unrolled_cell_ends_at_the_last_row() -> None:
    """The picture shows the first rows and row 28, and what comes after it."""
    (axes,) = drawn(figures.draw_unrolled(4))
    written = {text.get_text() for text in axes.texts}
    assert {"row 1", "row 3", "row 28", "linear", "10 logits"} < written
