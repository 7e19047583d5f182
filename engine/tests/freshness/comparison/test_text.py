"""When two outputs say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.freshness.comparison.text import Tolerances, same_text

USUAL = Tolerances(1e-6, 1e-12)


@pytest.mark.parametrize(
    ("published", "fresh", "same"),
    [
        ("loss 0.1234567", "loss 0.1234568", True),
        ("loss 0.1234", "loss 0.1235", False),
        ("loss 0.97000001.", "loss 0.97.", True),
        ("1,000.0000001 m", "1,000.0 m", True),
        ("epoch 1", "epoch one", False),
        ("epoch one", "epoch two", False),
        ("a b", "a b c", False),
        ("a b c", "a b", False),
        ("x = -1e-17", "x = 3e-17", True),
        ("0.0", "-1e-16", True),
        ("1e-9", "9e-7", False),
        ("1e-9", "1e-09", True),
        ("+.5", "0.5", True),
        ("[2. 3.]", "[2.0 3.00000001]", True),
        ("3.11.7", "3.11.8", False),
        ("1.5 ms", "1.5 s", False),
        ("nan", "nan", True),
        ("inf", "nan", False),
        ("<b>1</b>", "<i>1</i>", False),
        ("<td>1.0</td><td>2.0</td>", "<td>1.0</td><td>2.5</td>", False),
        ("id a1b2", "id a1b3", False),
        ("", "", True),
        ("\u0660.\u0669\u0663", "0.93", False),
        ("0.\uff193", "0.93", False),
        ("00.93", "0.93", False),
        ("09.9999999", "10.0000001", True),
        ("0.93" + 40 * "0", "0.93", False),
        ("Python 3.10", "Python 3.1", False),
        ("1.0  0.5", "1.00  0.50000001", True),
    ],
)
def test_words_count_exactly_and_numbers_nearly(published: str, fresh: str, *, same: bool) -> None:
    """With the usual tolerances, only numbers may differ, and only that much."""
    assert same == same_text(published, fresh, USUAL)


@pytest.mark.parametrize(
    ("published", "fresh"),
    [
        ("2,000,000 rows", "2,000,001 rows"),
        ("id 123456789", "id 123456700"),
        ("There are 2000000.", "There are 2000001."),
        ("3", "3.0"),
        ("1000000", "1e6"),
        ("1,000", "1000"),
        ("2026-11-23", "2026-11-24"),
    ],
)
def test_integers_count_exactly(published: str, fresh: str) -> None:
    """They count something, or name it; a float in place of one is another type."""
    assert not same_text(published, fresh, Tolerances(1.0, 1e9))
    assert same_text(published, published, Tolerances(0, 0))


@pytest.mark.parametrize(
    ("published", "fresh", "same"),
    [
        ("if a:\n  b", "if a:\n   b", False),
        ("  a", "a", False),
        ("a\n\tb", "a\n        b", False),
        ("a b\nc", "a b c", False),
        ("a\n\nb", "a\nb", False),
        ("a   0.5  b", "a 0.5 b", True),
        ("a  ", "a", True),
        (f"loss 0.5{999 * ' '}(baseline)", "loss 0.5 (baseline)", False),
        ("a\xa0b", "a b", False),
        ("a\u3000", "a", False),
        ("a < = b", "a <= b", False),
        ("[ 0.]", "[-0.]", True),
        ("a\r\n b\r\n", "a\n b\n", True),
    ],
    ids=[
        *("two and three spaces", "the first line", "a tab", "a line less", "a blank line"),
        *("between words", "at the end of a line", "out of sight", "another space"),
        *("a wide space", "within an operator", "beside a number", "line endings"),
    ],
)
def test_indentation_and_lines_count_exactly(published: str, fresh: str, *, same: bool) -> None:
    """Spaces between words may move with a number that drifts."""
    assert same == same_text(published, fresh, USUAL)


@given(
    number=st.floats(-1e6, 1e6),
    tolerance=st.floats(1e-6, 0.5),
    direction=st.sampled_from([-1, 1]),
    relative=st.booleans(),
)
def test_each_tolerance_is_enough(
    number: float, tolerance: float, direction: int, *, relative: bool
) -> None:
    """A number may move by the absolute tolerance or by that part of itself, and by no more."""
    number += 1 if number >= 0 else -1  # so that it is printed as a number that is not an integer
    allowed = tolerance * abs(number) if relative else tolerance
    tolerances = Tolerances(tolerance, 0) if relative else Tolerances(0, tolerance)
    near, far = number + 0.9 * direction * allowed, number + 2.1 * direction * allowed
    assert same_text(f"x {number!r}", f"x {near!r}", tolerances)
    assert not same_text(f"x {number!r}", f"x {far!r}", tolerances)


def test_tolerances_of_zero_ask_for_equal_numbers() -> None:
    """However they are written."""
    assert same_text("1,000.50", "1000.5", Tolerances(0, 0))
    assert not same_text("0.1", "0.1000000001", Tolerances(0, 0))
