"""When two figures look the same."""

import io

import pytest
from PIL import Image

from post_builder.freshness.comparison.figures import figure_drift, side_by_side


def png(colour: str, size: tuple[int, int] = (8, 4), kind: str = "PNG") -> bytes:
    """Make a picture of one colour."""
    stream = io.BytesIO()
    Image.new("RGB", size, colour).save(stream, kind)
    return stream.getvalue()


def svg(width: int, fill: str) -> bytes:
    """Make a drawing of a filled square."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="10">'
        f'<rect width="10" height="10" fill="{fill}"/></svg>'
    ).encode()


def test_equal_bytes_are_not_decoded() -> None:
    """A figure equals itself, whatever it is."""
    assert "" == figure_drift(b"not an image", b"not an image")


@pytest.mark.parametrize(
    ("published", "fresh"),
    [
        (svg(10, "red"), svg(10, "red").replace(b"<rect", b"<!-- note --><rect")),
        (svg(10, "red"), svg(10, "#ff0000")),
        (svg(10, "red"), png("red", (10, 10))),
        (png("white"), png("white", kind="JPEG")),
        (png("#808080"), png("#828282")),
    ],
    ids=["a comment", "a name", "another format", "JPEG", "two levels"],
)
def test_what_looks_the_same_is_the_same(published: bytes, fresh: bytes) -> None:
    """Pixels are compared on white and on black, at the size at which a page shows them."""
    assert "" == figure_drift(published, fresh)


@pytest.mark.parametrize(
    ("published", "fresh", "message"),
    [
        (svg(10, "red"), svg(10, "blue"), "root mean square difference 208.21"),
        (png("white"), png("black"), "root mean square difference 255.00"),
        (png("#808080"), png("#838383"), "root mean square difference 3.00"),
        (png("#800000"), png("#840000"), "root mean square difference 2.31"),
        (svg(10, "red"), svg(20, "red"), "size 10 by 10 → 20 by 10"),
        (png("white"), png("white", (4, 4)), "size 8 by 4 → 4 by 4"),
        (png("white"), b"rubbish", "cannot be decoded: "),
        (svg(10, "none"), png("white", (10, 10)), "root mean square difference 255.00"),
        (png("white")[:40], png("white"), "cannot be decoded: "),
        (b"\xff\xfe", png("white"), "cannot be decoded: "),
    ],
)
def test_a_visible_difference_is_drift(published: bytes, fresh: bytes, message: str) -> None:
    """Other pixels or another size are described in words."""
    found = figure_drift(published, fresh)
    assert found.startswith(message)
    assert message.endswith(": ") or found == message


def test_little_noise_is_not_drift() -> None:
    """Another version of a font library moves some pixels by some levels."""
    noisy = Image.new("L", (100, 100), 128)
    noisy.putpixel((50, 50), 255)  # 127 levels in one of 10,000 pixels: 1.27
    stream = io.BytesIO()
    noisy.convert("RGB").save(stream, "PNG")
    assert "" == figure_drift(png("#808080", (100, 100)), stream.getvalue())


def test_a_picture_shows_both_and_their_difference() -> None:
    """Three panels with gaps: equal pixels are white in the last one."""
    published, fresh = png("white"), png("black")
    with Image.open(io.BytesIO(side_by_side(published, fresh))) as picture:
        assert (8 * 3 + 16 * 2, 4) == picture.size
        colours = [picture.getpixel((x, 0)) for x in (0, 8, 24, 32, 48, 55)]
    white, grey, black = (255, 255, 255), (136, 136, 136), (0, 0, 0)
    assert [white, grey, black, grey, black, black] == colours
    with Image.open(io.BytesIO(side_by_side(published, published))) as picture:
        assert white == picture.getpixel((55, 3))


def test_figures_of_different_sizes_have_no_difference() -> None:
    """Two panels, on a canvas that holds both."""
    with Image.open(io.BytesIO(side_by_side(png("white"), png("black", (4, 6))))) as picture:
        assert (8 + 16 + 4, 6) == picture.size
        assert (0, 0, 0) == picture.getpixel((24, 5))
