"""The text of a post: places in it, prefixes of lists and quotes, and splicing."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.document.post import Edit, Post, Span, splice

TEXTS = st.text("ab\r\n", max_size=3)
PIECES = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), max_size=6)
"""For each edit the text before it, the text that it replaces, and its new text."""


def test_a_place_has_the_text_of_its_line(read: Callable[[str], Post]) -> None:
    """A line after the last has none."""
    post = read("one\r\n\ntwo  \n")
    assert ("post:4", "one") == (str(post.place(4)), post.place(4).source)
    assert ("post:6", "two  ") == (str(post.place(6)), post.place(6).source)
    assert ("post:99", "") == (str(post.place(99)), post.place(99).source)


def test_an_offset_is_on_the_line_that_holds_it(read: Callable[[str], Post]) -> None:
    """The ending of a line belongs to it; form feeds and separators do not end lines."""
    body = "a\x0c\u2028b\r\nc\rd\n"
    post = read(body)
    start = len(post.text) - len(body)
    lines = {body[i]: post.line_of(start + i) for i in range(len(body)) if body[i] in "a\u2028bcd"}
    assert {"a": 4, "\u2028": 4, "b": 4, "c": 5, "d": 6} == lines
    endings = ("\r\n", "\rd", "d\n")
    assert [4, 5, 6] == [post.line_of(start + body.index(ending)) for ending in endings]
    assert 7 == post.line_of(len(post.text))


@pytest.mark.parametrize(
    ("first", "rest"), [("", ""), ("- ", "  "), ("> ", "> "), ("> - ", ">   ")]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_get_the_prefix_of_their_cell_and_lose_it_again(
    read: Callable[[str], Post], first: str, rest: str, newline: str
) -> None:
    """Empty lines get no trailing white space."""
    body = f"{first}```python\n{rest}x\n{rest}```\n"
    (cell,) = read(body.replace("\n", newline)).cells
    written = cell.with_prefix("a\n\n  b")
    assert f"{rest}a{newline}{rest.rstrip()}{newline}{rest}  b" == written
    assert "a\n\n  b" == cell.without_prefix(written)


def test_edits_may_come_in_any_order_and_touch() -> None:
    """Each may replace, insert or delete."""
    edits = [(Span(4, 6), "X"), (Span(0, 1), ""), (Span(6, 6), "!"), (Span(1, 3), "long")]
    assert "longdX!g" == splice("abcdefg", edits)


@given(PIECES, TEXTS, st.randoms(use_true_random=False))
def test_a_splice_replaces_exactly_its_spans(
    pieces: list[tuple[str, str, str]], rest: str, chance: random.Random
) -> None:
    """What lies between the edits stays, in whatever order the edits come."""
    text, expected = "", ""
    edits: list[Edit] = []
    for before, old, new in pieces:
        kept = f"-{before}"  # two insertions at one offset have no order
        start = len(text) + len(kept)
        edits.append((Span(start, start + len(old)), new))
        text += kept + old
        expected += kept + new
    chance.shuffle(edits)
    assert expected + rest == splice(text + rest, edits)


@pytest.mark.parametrize("other", [Span(2, 4), Span(0, 3), Span(1, 1), Span(0, 1)])
def test_overlapping_edits_are_refused(other: Span) -> None:
    """One of the two would be lost."""
    with pytest.raises(ValueError, match="edits overlap"):
        splice("abcdef", [(Span(0, 3), "x"), (other, "y")])
