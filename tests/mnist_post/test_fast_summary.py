"""What is read from the trials of Part V, and its figures."""

import math

import pytest
import torch
from torch.utils.data import TensorDataset

from mnist_post.fast.figures import plot_ladder, plot_survival, plot_times
from mnist_post.fast.racing import Rung, Trial
from mnist_post.fast.summary import (
    all_reduce_seconds,
    as_table,
    compare_steps,
    median_interval,
    read_trials,
    steps_table,
    training_seconds,
    where_time_goes,
)

TRIALS = "# a comment\nrung,seed,seconds,compilation,steps,epochs,accuracy,reached\n" + "\n".join(
    f"{name},{seed},{seconds + seed},0.0,100,{epochs},98.6,{int(seed < 9)}"
    for name, seconds, epochs in (("plain", 20, 2.0), ("fast", 1, 0.5))
    for seed in range(10)
)


def test_trials_are_read_by_rung() -> None:
    """Rungs stay in the order of the file, with a trial per line."""
    ladder = read_trials(TRIALS)
    assert ["plain", "fast"] == list(ladder)
    assert [10, 10] == [len(trials) for trials in ladder.values()]
    assert ("fast", 2, 3.0, True) == (*ladder["fast"][2][:3], ladder["fast"][2].reached)


def test_failures_count_as_never() -> None:
    """A trial that did not reach its target has no time, however long it ran."""
    assert math.inf == training_seconds(read_trials(TRIALS)["plain"])[9]


def test_the_interval_of_a_median_goes_by_ranks() -> None:
    """Of ten numbers, from the second to the ninth; one that is infinite changes nothing else."""
    assert (5.5, 2, 9) == median_interval([*range(10, 0, -1)])
    assert (5.5, 2, 9) == median_interval([*range(1, 10), math.inf])


def test_the_interval_holds_the_median_as_often_as_it_says() -> None:
    """Of 2,000 samples of ten, at least 95 in 100 hold the true median, and not all."""
    samples = torch.randn(2000, 10, generator=torch.Generator().manual_seed(0))
    bounds = [median_interval(sample.tolist())[1:] for sample in samples]
    assert 0.95 < sum(low < 0 < high for low, high in bounds) / 2000 < 0.99


def test_too_few_numbers_have_no_interval() -> None:
    """Five numbers cannot bound a median in 95 cases of 100."""
    with pytest.raises(ValueError, match="5 numbers are too few"):
        median_interval([1, 2, 3, 4, 5])


def test_the_table_compares_with_the_first_rung() -> None:
    """A line per rung: how accurate it was, how many arrived, and how much faster it was."""
    head, plain, fast = as_table(read_trials(TRIALS)).splitlines()
    assert head.startswith("rung")
    assert "24.50 (21.00 to 28.00)" in plain
    assert " 98.60 " in plain
    assert plain.endswith(" 1.0")
    assert "9 of 10" in fast
    assert fast.endswith(f" {24.5 / 5.5:.1f}")


def raced(name: str, seconds: list[float]) -> list[Trial]:
    """Return a trial per seed; an infinite one did not arrive."""
    return [Trial(name, n, x, 0, 1, 1, 98, x < math.inf) for n, x in enumerate(seconds)]


def test_a_race_that_most_do_not_finish_has_no_speed() -> None:
    """An infinite median is in the table, and is not divided by."""
    ladder = {"plain": raced("plain", [math.inf] * 6), "fast": raced("fast", [1.0] * 6)}
    _, plain, fast = as_table(ladder).splitlines()
    assert "inf (inf to inf)" in plain
    assert [" -", " -"] == [plain[-2:], fast[-2:]]


def test_steps_are_compared_by_seed() -> None:
    """What overlaps as two groups is decided where each seed is faster than itself before."""
    before = raced("a", [float(x) for x in range(10, 20)])
    after = raced("b", [x - 0.5 for x in range(10, 20)])
    (step,) = compare_steps({"a": before, "b": after})
    assert ("b", 10, 10, "faster") == (*step[:3], step.verdict())
    assert 2 / 1024 == step.chance
    assert 1.03 < step.times < 1.05
    assert "b                    10 of 10     1.04   0.002 faster" in steps_table([step])
    (back,) = compare_steps({"b": after, "a": before})
    assert (0, "slower", step.chance) == (back.faster, back.verdict(), back.chance)


def test_a_seed_that_never_arrived_is_slower_and_two_tell_nothing() -> None:
    """Arriving beats never; a seed that arrived on neither rung is left out."""
    before = raced("a", [2.0] * 8 + [math.inf] * 2)
    after = raced("b", [1.0] * 7 + [math.inf, 1.0, math.inf])
    (step,) = compare_steps({"a": before, "b": after})
    assert (8, 9, "faster") == (*step[1:3], step.verdict())
    assert pytest.approx(20 / 512) == step.chance
    after = raced("b", [1.0] * 6 + [3.0] * 4)
    (step,) = compare_steps({"a": before, "b": after})
    assert (8, 10, "undecided") == (*step[1:3], step.verdict())


def test_other_seeds_are_not_compared() -> None:
    """A pair of trials has one seed."""
    before, after = raced("a", [1.0, 2.0]), raced("b", [1.0, 2.0])
    with pytest.raises(ValueError, match="a and b have other seeds"):
        compare_steps({"a": before, "b": after[::-1]})


def test_all_time_goes_somewhere() -> None:
    """Loading, convolution and the optimiser each take some of the time of a step."""
    pixels = torch.randint(0, 256, (640, 28, 28), dtype=torch.uint8)
    digits = TensorDataset(pixels, torch.arange(640) % 10)
    spent = where_time_goes(Rung(), digits, count=640)
    assert {"loading", "convolution", "batch norm", "optimiser", "pooling"} <= set(spent)
    assert min(spent.values()) > 0


def test_a_ring_sends_less_than_twice_the_bytes() -> None:
    """With many workers the bytes stay those of two copies, and only the latency grows."""
    assert 1.0 == all_reduce_seconds(2, 1e9, 1e9, 0)
    assert all_reduce_seconds(1000, 1e9, 1e9, 0) == pytest.approx(2, abs=0.01)
    assert all_reduce_seconds(3, 0, 1e9, 0.5) == pytest.approx(2)
    assert 0 == all_reduce_seconds(1, 1e9, 1e9, 0.5)


def test_the_ladder_has_a_row_of_dots_per_rung() -> None:
    """Each rung's median is written beside its dots."""
    (axes,) = plot_ladder({"a": [8.0, 9.0, 10.0], "b": [1.0, 2.0, math.inf]}, 1.1).axes
    assert ["9.0", "2.0, 1 never"] == [text.get_text() for text in axes.texts]
    assert [3, 2] == [len(dots.get_offsets()) for dots in axes.collections[::2]]  # type: ignore[arg-type]


def test_times_are_sorted_and_labelled() -> None:
    """The largest kind is on top; each bar has its number, the first of each group its name."""
    figure = plot_times({"plain": {"x": 1.0, "y": 30.0}, "fast": {"x": 2.0}})
    (axes,) = figure.axes
    assert ["y", "x"] == [label.get_text() for label in axes.get_yticklabels()]
    assert ["30  plain", "1", "0  fast", "2"] == [text.get_text() for text in axes.texts]


def test_attempts_begin_where_they_began() -> None:
    """An attempt that began with step 3 is drawn from there."""
    figure = plot_survival([5, 4, 3, 2, 1, 1], {"one": (0, [5, 4, 3]), "two": (3, [2, 1, 1])})
    (axes,) = figure.axes
    assert [3, 4, 5] == axes.lines[2].get_xdata().tolist()  # type: ignore[union-attr]
