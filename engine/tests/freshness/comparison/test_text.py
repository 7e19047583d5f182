"""When two outputs say the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.freshness.comparison.text import same_text


@pytest.mark.parametrize(
    ("published", "fresh", "same"),
    [
        ("loss 0.1234567", "loss 0.1234568", True),
        ("loss 0.1234", "loss 0.1235", False),
        ("1,000,000 rows", "1,000,001 rows", True),
        ("1,000 rows", "1,001 rows", False),
        ("epoch 1", "epoch one", False),
        ("epoch one", "epoch two", False),
        ("a  b\nc", "a b c", True),
        ("a b", "a b c", False),
        ("a b c", "a b", False),
        ("x = -1e-09", "x = 1e-09", True),
        ("+.5", "0.5", True),
        ("2.", "2.0", True),
        ("3.11.7", "3.11.8", False),
        ("nan", "nan", True),
        ("inf", "nan", False),
        ("<b>1</b>", "<i>1</i>", False),
        ("<td>1.0</td><td>2.0</td>", "<td>1.0</td><td>2.5</td>", False),
        ("&#123;", "&#125;", False),
        ("&lt;1&gt;", "<1>", True),
        ("id a1b2", "id a1b3", False),
        ("", "", True),
    ],
)
def test_words_count_exactly_and_numbers_nearly(published: str, fresh: str, *, same: bool) -> None:
    """With a tolerance of a millionth, only numbers may differ, and only that much."""
    assert same == same_text(published, fresh, 1e-6)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 0.5), st.sampled_from([-1, 1]))
def test_the_tolerance_is_relative_or_absolute(
    number: float, tolerance: float, direction: int
) -> None:
    """A number may move by the tolerance or by that part of itself, and by no more."""
    allowed = tolerance * max(abs(number), 1)
    near, far = number + 0.9 * direction * allowed, number + 2.1 * direction * allowed
    assert same_text(f"x {number!r}", f"x {near!r}", tolerance)
    assert not same_text(f"x {number!r}", f"x {far!r}", tolerance)


def test_a_tolerance_of_zero_asks_for_equal_numbers() -> None:
    """However they are written."""
    assert same_text("1,000.0", "1000", 0)
    assert not same_text("0.1", "0.1000000001", 0)
