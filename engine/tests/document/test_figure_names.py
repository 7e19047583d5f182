"""Names of figure files."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.document.figure_names import FigureNames

CELLS = st.lists(
    st.tuples(st.text("aA-1:/.é ", min_size=1, max_size=4), st.integers(0, 3)),
    max_size=6,
    unique_by=lambda cell: cell[0],
)


def _names(*cells: tuple[str, int]) -> list[list[str]]:
    names = FigureNames("f", [name for name, _ in cells])
    return [names.of(name, count) for name, count in cells]


def test_a_figure_is_named_after_its_cell() -> None:
    """Several of one cell are numbered."""
    assert [["f/loss"], ["f/plots-1", "f/plots-2"], []] == _names(
        ("loss", 1), ("plots", 2), ("text", 0)
    )


def test_a_number_never_makes_the_name_of_another_cell() -> None:
    """`#loss` with two figures beside a cell `#loss-2`."""
    assert [["f/loss--1", "f/loss--2"], ["f/loss-2"]] == _names(("loss", 2), ("loss-2", 1))


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        ("aux", "f/aux-"),
        ("COM1", "f/COM1-"),
        ("comb", "f/comb"),
        ("fig:one", "f/fig-one"),
        ("a/b", "f/a-b"),
        ("..", "f/figure"),
        ("x" * 300, f"f/{'x' * 100}"),
    ],
)
def test_a_name_is_a_file_name_on_every_system(cell: str, name: str) -> None:
    """It leads to no other folder, and is not too long."""
    assert [[name]] == _names((cell, 1))


def test_cells_that_differ_only_in_case_or_signs_have_figures_of_their_own() -> None:
    """Some file systems would take them for one file."""
    (first,), (second,), (third,) = _names(("Loss", 1), ("loss", 1), ("loss:", 1))
    assert "f/Loss" == first
    assert 3 == len({first.casefold(), second.casefold(), third.casefold()})


@given(CELLS)
def test_no_two_figures_share_a_file(cells: list[tuple[str, int]]) -> None:
    """Whatever cells are called and however many figures they make."""
    given_out = list(itertools.chain(*_names(*cells)))
    assert len({name.casefold() for name in given_out}) == len(given_out)
    assert all(name.count("/") == 1 and not name.startswith("f/.") for name in given_out)


@given(CELLS)
def test_every_name_that_is_given_was_foreseen(cells: list[tuple[str, int]]) -> None:
    """Files that are in the way are found before anything runs."""
    names = FigureNames("f", [name for name, _ in cells])
    for name, count in cells:
        assert all(names.may_give(name, path.removeprefix("f/")) for path in names.of(name, count))
