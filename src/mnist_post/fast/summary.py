"""What the trials of Part V say, and where the time of a step goes."""

from mnist_post.fast.racing import Rung, Trial, build, step_function, stream

# isort: split
# region summary
import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch.autograd.profiler import record_function
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import TensorDataset


def read_trials(text: str) -> dict[str, list[Trial]]:
    """Return the trials of each rung, in the order of the file.

    Lines that begin with # say how the file was made; the first other one has heads.
    """
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    trials = defaultdict(list)
    for line in lines[1:]:
        name, seed, *numbers, reached = line.split(",")
        seconds, compilation, steps, epochs, accuracy = map(float, numbers)
        found = (seconds, compilation, int(steps), epochs, accuracy, reached == "1")
        trials[name].append(Trial(name, int(seed), *found))
    return dict(trials)


def median_interval(numbers: Sequence[float]) -> tuple[float, float, float]:
    """Return the median, and the 95% interval of the true one.

    Each number is below the true median or above it as a coin falls, so a number
    with few others below it is nearly always below: the second of ten, for example.
    Raises ValueError for fewer than six numbers.
    """
    ranked, count = sorted(numbers), len(numbers)
    chances = [math.comb(count, heads) / 2**count for heads in range(count)]
    safe = [below for below in range(count // 2) if sum(chances[: below + 1]) <= 1 / 40]
    if not safe:
        raise ValueError(f"{count} numbers are too few for an interval")
    return statistics.median(ranked), ranked[safe[-1]], ranked[-1 - safe[-1]]


def training_seconds(trials: Sequence[Trial]) -> list[float]:
    """Return the seconds to the target; infinite where it was not reached."""
    return [trial.seconds if trial.reached else math.inf for trial in trials]


def as_table(ladder: dict[str, list[Trial]]) -> str:
    """Write a line per rung: medians, and how many trials arrived.

    Accuracy is that of the last evaluation, in percent; the first rung has speed 1.
    Where half of the trials or more did not arrive, there is no speed.
    """
    plain = statistics.median(training_seconds(next(iter(ladder.values()))))
    lines = [
        "rung                seconds (interval)      accuracy   reached  epochs  speed"
    ]
    for name, trials in ladder.items():
        median, low, high = median_interval(training_seconds(trials))
        interval = f"{median:5.2f} ({low:.2f} to {high:.2f})"
        accuracy = statistics.median(trial.accuracy for trial in trials)
        reached = f"{sum(trial.reached for trial in trials)} of {len(trials)}"
        epochs = statistics.median(trial.epochs for trial in trials)
        speed = f"{plain / median:.1f}" if max(plain, median) < math.inf else "-"
        line = f"{name:19} {interval:23} {accuracy:8.2f} {reached:>9} {epochs:7.2f}"
        lines.append(f"{line} {speed:>6}")
    return "\n".join(lines)


RARE = 0.05  # a chance below this one decides


class Step(NamedTuple):
    """A rung compared with the one before it, each seed with the same seed."""

    rung: str
    faster: int  # in so many seeds
    seeds: int  # of so many; one that arrived on neither rung does not tell
    times: float  # as fast, by the median of the seeds
    chance: float  # that a coin falls at least so unevenly: a sign test

    def verdict(self) -> str:
        """Return what the seeds tell."""
        if self.chance >= RARE:
            return "undecided"
        return "faster" if 2 * self.faster > self.seeds else "slower"


def compare_steps(ladder: dict[str, list[Trial]]) -> list[Step]:
    """Compare each rung with the one before it, by seed.

    Raises ValueError where two rungs have other seeds, or none arrived on both.
    """
    steps = []
    for before, after in pairwise(ladder.values()):
        if [trial.seed for trial in before] != [trial.seed for trial in after]:
            raise ValueError(f"{before[0].rung} and {after[0].rung} have other seeds")
        pairs = zip(training_seconds(before), training_seconds(after), strict=True)
        times = [old / new for old, new in pairs if min(old, new) < math.inf]
        count, faster = len(times), sum(ratio > 1 for ratio in times)
        rare = range(min(faster, count - faster) + 1)
        chance = min(1, 2 * sum(math.comb(count, heads) for heads in rare) / 2**count)
        ratio = statistics.median(times)
        steps.append(Step(after[0].rung, faster, count, ratio, chance))
    return steps


def steps_table(steps: Sequence[Step]) -> str:
    """Write a line per rung: how it compares with the one before it."""
    lines = ["rung                faster in    times  chance"]
    for step in steps:
        count = f"{step.faster} of {step.seeds}"
        line = f"{step.rung:19} {count:>9} {step.times:8.2f} {step.chance:7.3f}"
        lines.append(f"{line} {step.verdict()}")
    return "\n".join(lines)


# endregion
# region times

# Parts of names of operations, and what we call them
KINDS = {
    "Optimizer.step": "optimiser",
    "zero_grad": "optimiser",
    "conv": "convolution",
    "batch_norm": "batch norm",
    "BatchNorm": "batch norm",
    "pool": "pooling",
    "Pool": "pooling",
}


def kind_of(event: torch.autograd.profiler_util.FunctionEvent) -> str:
    """Return what an event of the profiler belongs to."""
    names = [event.name]
    parent = event.cpu_parent
    while parent:
        names.append(parent.name)
        parent = parent.cpu_parent
    if "loading" in names:
        return "loading"
    for name in names:
        for part, kind in KINDS.items():
            if part in name:
                return kind
    return "everything else"


def where_time_goes(
    rung: Rung, digits: TensorDataset, count: int = 6400
) -> dict[str, float]:
    """Return the milliseconds per 1,000 digits that each kind of operation takes."""
    device = torch.device("cpu")
    model, network = build(rung, device)
    optimizer = torch.optim.AdamW(model.parameters(), rung.lr, fused=rung.fused)
    train = step_function(rung, network, optimizer)
    batches = stream(rung, digits, device)

    def step() -> None:
        with record_function("loading"):
            images, labels = next(batches)
        train(images, labels)

    step()  # the first one warms up
    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(count // rung.batch):
            with record_function("step"):
                step()
    spent: dict[str, float] = defaultdict(float)
    for event in profiler.events():
        spent[kind_of(event)] += event.self_cpu_time_total / count  # µs per digit: ms
    return dict(spent)


# endregion


def all_reduce_seconds(
    workers: int, size: float, bandwidth: float, latency: float
) -> float:
    """Return the time of a ring all-reduce of `size` bytes.

    Each worker sends 2 (n - 1) / n of the bytes over a link of so many bytes per
    second, in 2 (n - 1) messages (Patarasuk and Yuan, 2009).
    """
    messages = 2 * (workers - 1)
    return messages / workers * size / bandwidth + messages * latency
