"""The figures of Part IV."""

import torch

from mnist_post.deployment.figures import (
    plot_answer,
    plot_bars,
    plot_grid,
    plot_risk,
    plot_sizes,
)


def test_sizes_have_a_line_per_kind() -> None:
    """Each kind is a curve named at its end, sorted by size."""
    figure = plot_sizes({"a": [(2000, 98.0), (1000, 97.0)], "b": [(4000, 98.5)]}, 99.0, 2000)
    (axes,) = figure.axes
    assert axes.lines[0].get_xdata().tolist() == [1000, 2000]  # type: ignore[union-attr]
    assert {"a", "b", "Part II's CNN"} <= {text.get_text() for text in axes.texts}


def test_a_grid_has_a_panel_per_image() -> None:
    """Rows are drawings, columns steps, and the names stand above."""
    image = torch.zeros(5, 7)
    figure = plot_grid([[image] * 3] * 2, ["x", "y", "z"])
    assert len(figure.axes) == 6
    assert [axes.get_title() for axes in figure.axes[:3]] == ["x", "y", "z"]


def test_bars_carry_their_percentage_and_the_first_their_name() -> None:
    """Every bar has its number; those of the first group say what each colour is."""
    figure = plot_bars({"one": [0.5, 0.25], "two": [1.0, 0.0]}, ["p", "q"], "share")
    (axes,) = figure.axes
    written = [text.get_text() for text in axes.texts]
    assert ["50.0", "100.0", "p", "25.0", "0.0", "q"] == written
    assert figure.legends == []


def test_risk_shows_the_last_fifth() -> None:
    """Curves begin where most digits are answered already."""
    coverage = torch.arange(1, 101) / 100
    figure = plot_risk({"a": (coverage, coverage / 50)})
    (axes,) = figure.axes
    assert axes.lines[0].get_xdata().min() > 80  # type: ignore[union-attr]


def test_the_answer_is_marked() -> None:
    """The most probable digit has its percentage beside its bar."""
    probabilities = torch.full((10,), 0.02)
    probabilities[3] = 0.82
    figure = plot_answer(torch.zeros(28, 28), probabilities)
    assert [text.get_text() for text in figure.axes[1].texts] == ["82.0"]
