"""The search for a small network."""

from small_networks import Setting, better_half, size_class


def test_each_class_of_size_keeps_its_better_half() -> None:
    """A small network that is the best of its class goes on, whatever larger ones do."""
    tiny: list[Setting] = [((2, 4, 6, 8), False, True, lr) for lr in (0.01, 0.02)]
    large: list[Setting] = [((8, 12, 20, 20), False, True, lr) for lr in (0.01, 0.02, 0.03)]
    scores = dict(zip(tiny + large, (0.90, 0.91, 0.99, 0.97, 0.98), strict=True))
    assert [tiny[1], large[0], large[2]] == better_half(scores)


def test_classes_grow_with_the_number_of_parameters() -> None:
    """More channels are in no lower class."""
    shapes = [(2, 4, 6, 8), (3, 6, 8, 8), (4, 8, 12, 16), (6, 12, 16, 16), (8, 12, 20, 20)]
    assert [0, 1, 2, 3, 4] == [size_class((shape, False, True, 0.01)) for shape in shapes]
