"""Digits written by invented hands."""

import pytest
import torch

from mnist_post.deployment.hands import GLYPHS, invent, smooth, write


@pytest.mark.parametrize("digit", range(10))
def test_every_way_to_write_a_digit_stays_on_the_page(digit: int) -> None:
    """Strokes have two points or more, all on the page."""
    for seed in range(len(GLYPHS[digit]) * (digit + 1)):
        strokes = write(digit, invent(seed), torch.Generator().manual_seed(seed))
        assert all(len(stroke) > 1 for stroke in strokes)
        assert all(0 <= number <= 1 for stroke in strokes for point in stroke for number in point)


def test_a_hand_is_the_same_at_every_call() -> None:
    """Hands and digits depend on seeds alone."""
    first, second = (write(4, invent(3), torch.Generator().manual_seed(1)) for _ in range(2))
    assert first == second


def test_hands_differ() -> None:
    """Among a few hands all ways to write a seven occur, with several slants."""
    hands = [invent(seed) for seed in range(24)]
    assert len({hand.ways[7] for hand in hands}) == len(GLYPHS[7])
    assert max(hand.slant for hand in hands) - min(hand.slant for hand in hands) > 20


def test_smoothing_keeps_ends_and_corners() -> None:
    """A line keeps its ends; a point that stands twice stays a corner."""
    line = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    round_, sharp = smooth(line[[0, 1, 3]]), smooth(line)
    assert torch.equal(sharp[0], line[0])
    assert torch.equal(sharp[-1], line[-1])
    corner = line[1]
    assert (sharp - corner).norm(dim=1).min() < 0.01
    assert (round_ - corner).norm(dim=1).min() > 0.1
