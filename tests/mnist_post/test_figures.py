from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation

from mnist_post import figures
from mnist_post.basics import Score, label_lines, plot_digits, plot_search

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
    tried: dict[tuple[int, float], Sequence[float]] = {
        (32, 0.1): [0.8, 0.9],
        (32, 0.2): [0.7],
        (64, 0.1): [0.95],
        (64, 0.2): [0.9],
    }
    figure = drawn(plot_search(tried, "units"))
    assert [pytest.approx([85, 70]), pytest.approx([95, 90])] == [
        heights(figure, n) for n in (0, 1)
    ]
    assert [2, 1, 1, 1] == [len(dots.get_offsets()) for dots in figure.axes[0].collections]  # type: ignore[arg-type]
    assert ["32\nunits", "64\nunits"] == texts(figure)


def lines(*heights: float) -> Axes:
    """Return axes of unit height with a level line at each height, named by it."""
    _, axes = plt.subplots()
    for height in heights:
        axes.plot([0, 2], [height, height], label=str(height))
    axes.set(xlim=(-1, 3), ylim=(0, 1))
    return axes


def places(axes: Axes) -> dict[str, tuple[float, float]]:
    """Return where in the axes each name is attached; and close."""
    plt.close(axes.figure)  # type: ignore[arg-type]
    notes = [note for note in axes.texts if isinstance(note, Annotation)]
    return {note.get_text(): (float(note.xy[0]), float(note.xy[1])) for note in notes}


def test_a_line_is_named_at_its_end() -> None:
    """A name is at the height of the last point, or of the first."""
    axes = lines(0.2, 0.8)
    label_lines(axes)
    assert [pytest.approx((0.75, 0.2)), pytest.approx((0.75, 0.8))] == [*places(axes).values()]
    axes = lines(0.2)
    label_lines(axes, end=0)
    assert [pytest.approx((0.25, 0.2))] == [*places(axes).values()]


def test_names_of_lines_that_meet_stay_apart() -> None:
    """They are at least the gap apart, in the order of their lines, and none is above the axes."""
    axes = lines(0.5, 0.97, 0.99, 0.98)
    label_lines(axes, gap=0.1)
    heights = {name: y for name, (_, y) in places(axes).items()}
    expected = {"0.5": 0.5, "0.97": 0.8, "0.98": 0.9, "0.99": 1.0}
    assert pytest.approx(expected) == heights


def test_a_name_has_the_colour_of_its_line_but_darker() -> None:
    """Pale colours are legible as text, too."""
    axes = lines(0.5)
    axes.lines[0].set_color("#ffffff")
    label_lines(axes)
    assert (0.65, 0.65, 0.65) == to_rgb(axes.texts[0].get_color())
    plt.close(axes.figure)  # type: ignore[arg-type]


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
    assert ["training", "validation"] == [text.get_text() for text in figure.axes[1].texts]


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
