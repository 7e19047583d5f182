"""What counts as the same output."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from post_builder.freshness.comparison import figure_drift, same_text, side_by_side


def png(colour: str, size: tuple[int, int] = (8, 4)) -> bytes:
    """Make a picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, "PNG")
    return stream.getvalue()


def svg(width: int, fill: str) -> bytes:
    """Make a drawing of a filled square."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="10">'
        f'<rect width="10" height="10" fill="{fill}"/></svg>'
    ).encode()


@pytest.mark.parametrize(
    ("published", "fresh", "same"),
    [
        ("loss 0.1234567", "loss 0.1234568", True),
        ("loss 0.1234", "loss 0.1235", False),
        ("1,000,000 rows", "1,000,001 rows", True),
        ("1,000 rows", "1,001 rows", False),
        ("epoch 1", "epoch one", False),
        ("a  b\nc", "a b c", True),
        ("a b", "a b c", False),
        ("x = -1e-09", "x = 1e-09", True),
        ("3.11.7", "3.11.8", False),
        ("nan", "nan", True),
        ("inf", "nan", False),
        ("<b>1</b>", "<i>1</i>", False),
        ("<td>1.0</td><td>2.0</td>", "<td>1.0</td><td>2.5</td>", False),
        ("&#123;", "&#125;", False),
        ("id a1b2", "id a1b3", False),
    ],
)
def test_words_count_exactly_and_numbers_nearly(published: str, fresh: str, *, same: bool) -> None:
    """With a tolerance of a millionth, only numbers may differ, and hardly."""
    assert same == same_text(published, fresh, 1e-6)


@given(st.floats(-1e6, 1e6), st.floats(0, 0.5))
def test_tolerance_is_relative_or_absolute(number: float, tolerance: float) -> None:
    """A number that moved by less than the tolerance allows is the same."""
    moved = number + tolerance * max(abs(number), 1) * 0.9
    assert same_text(f"x {number!r}", f"x {moved!r}", tolerance + 1e-12)


def test_equal_bytes_are_not_decoded() -> None:
    """A figure is the same as itself, whatever it is."""
    assert figure_drift(b"no image at all", b"no image at all") == ""


def test_other_metadata_is_no_drift() -> None:
    """Two files that look the same are the same."""
    published = svg(10, "red")
    assert figure_drift(published, published.replace(b"<rect", b"<!-- note --><rect")) == ""


@pytest.mark.parametrize(
    ("published", "fresh", "said"),
    [
        (svg(10, "red"), svg(10, "blue"), "root mean square"),
        (svg(10, "red"), svg(20, "red"), "size 10 by 10 → 20 by 10"),
        (png("white"), png("black"), "root mean square"),
        (png("white"), png("white", (4, 4)), "size 8 by 4 → 4 by 4"),
        (png("white"), b"rubbish", "cannot be decoded"),
    ],
)
def test_visible_difference_is_drift(published: bytes, fresh: bytes, said: str) -> None:
    """Other pixels or another size are told in words."""
    assert said in figure_drift(published, fresh)


def test_side_by_side_shows_both_and_their_difference() -> None:
    """Three panels of eight pixels with gaps between them."""
    with Image.open(io.BytesIO(side_by_side(png("white"), png("black")))) as picture:
        assert (8 * 3 + 16 * 2, 4) == picture.size
        assert (255, 255, 255) == picture.getpixel((0, 0))
        assert (0, 0, 0) == picture.getpixel((24, 0))
