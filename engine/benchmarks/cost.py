"""What builds on a cluster cost: the model, and how it compares with what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct


class Build(Struct, frozen=True):
    """What one build took."""

    posts: int
    seconds: float
    """On the clock."""
    home: float
    """Seconds of the processor, of the engine and what it started."""
    scheduler: float
    """Likewise, of the scheduler."""
    workers: float
    """Likewise, of all workers and their kernels."""


Round = Mapping[str, Build]
"""The builds of one round, by their kind."""

NAMES = {"local": "local build", "first": "first build", "later": "later builds"}
"""Kinds of builds of which costs are known."""


class Cost(Struct, frozen=True):
    """What a build costs once, and each post, in seconds."""

    start: float
    clock: float
    """For each post on one machine, whose cores all share: waits for messages are in it."""
    home: float
    """For each post, of the processor, as the next two."""
    scheduler: float
    workers: float

    def on_one_machine(self, posts: int) -> float:
        """Return the seconds of a build where everything shares the cores of this machine."""
        return self.start + posts * self.clock

    def on_several(self, posts: int, work: float, threads: int) -> float:
        """Return the seconds of a build where home, scheduler and threads have cores of their own.

        Args:
            posts: how many.
            work: seconds that the cells of each take.
            threads: of all workers together.
        """
        return self.start + posts * max(self.home, self.scheduler, (self.workers + work) / threads)

    def useful_threads(self, work: float) -> float:
        """Return the number of threads with which the author's machine becomes the bound."""
        return (self.workers + work) / self.home


def costs(few: Sequence[Round], more: Sequence[Round]) -> dict[str, Cost]:
    """Return what builds of each kind cost, from those of two numbers of posts."""
    return {kind: _cost(builds(few, kind), builds(more, kind)) for kind in NAMES}


def _cost(few: Sequence[Build], more: Sequence[Build]) -> Cost:
    """Find what builds cost: for each post, what was added with more of them; once, the rest."""
    added = more[0].posts - few[0].posts
    clock, home, scheduler, workers = (
        (median(more, part) - median(few, part)) / added
        for part in ("seconds", "home", "scheduler", "workers")
    )
    start = median(few, "seconds") - few[0].posts * clock
    return Cost(start, clock, home, scheduler, workers)


def builds(rounds: Sequence[Round], kind: str) -> list[Build]:
    """Return the builds of one kind."""
    return [one[kind] for one in rounds]


def median(measured: Sequence[Build], part: str) -> float:
    """Return the median of one of the things that were measured."""
    values: list[float] = [getattr(build, part) for build in measured]
    return statistics.median(values)


def costs_table(found: Mapping[str, Cost]) -> str:
    """Return what builds cost, and how many threads of workers are of use."""
    lines = [*head("", "*start*", "*p*", "*a*, home", "*s*, scheduler", "*k*, workers")]
    for kind, one in found.items():
        parts = (
            ("", "", "") if kind == "local" else map(_ms, (one.home, one.scheduler, one.workers))
        )
        lines.append(row(NAMES[kind], f"{one.start:.1f} s", _ms(one.clock), *parts))
    threads = (f"{found['later'].useful_threads(work):,.0f}" for work in (0, 1, 60))
    useful = "(*k* + *w*) / *a* of later builds, for *w* of 0, 1 and 60 s"
    return "\n".join([*lines, "", f"{useful}: {' and '.join(', '.join(threads).rsplit(', ', 1))}."])


def _ms(seconds: float) -> str:
    return f"{1000 * seconds:.0f} ms"


def checks(
    name: str, rounds: Sequence[Round], predicted: Mapping[str, float], beside: str = ""
) -> Iterator[str]:
    """Yield a row for each kind of build: what was predicted, and measured.

    Args:
        name: of the posts.
        rounds: that were measured.
        predicted: seconds, by the kind of build.
        beside: the kind of build that the others are compared with, if there is one.
    """
    for kind, expected in predicted.items():
        took = builds(rounds, kind)
        ratios = [build.seconds / expected for build in took]
        cells = f"{expected:.1f} s", f"{median(took, 'seconds'):.1f} s", spread(ratios)
        others = spread(times(rounds, kind, beside)) if beside and kind != beside else ""
        yield row(name, NAMES[kind], *cells, others)


CHECKS = ("posts", "", "predicted", "measured", "measured / predicted", "/ local build")
"""Heads of the columns of these rows."""


def times(rounds: Sequence[Round], kind: str, beside: str) -> list[float]:
    """Return how many times as long a build took as another one, in each round."""
    return [one[kind].seconds / one[beside].seconds for one in rounds]


def spread(ratios: Sequence[float]) -> str:
    """Return the median, the least and the greatest."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def trials_table(rounds: Sequence[Round]) -> str:
    """Return the seconds of all rounds, and what they are beside the local builds."""
    kinds = [kind for kind in rounds[0] if kind != "local"]
    names = {str(number): [one] for number, one in enumerate(rounds, 1)} | {"medians": [*rounds]}
    lines = [*head("round", "local build", *kinds)]
    for name, some in names.items():
        local = f"{median(builds(some, 'local'), 'seconds'):.2f} s"
        cells = [
            f"{median(builds(some, kind), 'seconds'):.2f} s, "
            f"{statistics.median(times(some, kind, 'local')):.2f}"
            for kind in kinds
        ]
        lines.append(row(name, local, *cells))
    return "\n".join(lines)


def head(*names: str) -> Iterator[str]:
    """Yield the first two lines of a table."""
    yield row(*names)
    yield "|---" * len(names) + "|"


def row(*cells: str) -> str:
    """Return a line of a table."""
    return f"| {' | '.join(cells)} |"
