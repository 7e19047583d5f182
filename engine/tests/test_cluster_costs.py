"""What builds on a cluster cost is found from few posts, and predicts many."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

COST = Path(__file__).resolve().parents[1] / "benchmarks/cost.py"
model = runpy.run_path(str(COST))
COST_OF = {"clock": 0.1, "home": 0.02, "scheduler": 0.01, "workers": 0.13}
"""Seconds for each post: on the clock of one machine, and of the processor."""


def round_of(posts: int, start: float = 1.5) -> dict[str, Any]:
    """Return builds that cost so much once and for each post, on this machine."""
    clock, *parts = COST_OF.values()
    spent = (0.5 + posts * each for each in parts)
    return dict.fromkeys(model["NAMES"], model["Build"](posts, start + posts * clock, *spent))


def test_builds_of_few_posts_tell_what_many_cost() -> None:
    """What is spent once, and idle time at the start, is not taken for a post's."""
    found = model["costs"]([round_of(10)], [round_of(40)])["later"]
    assert COST_OF == pytest.approx({name: getattr(found, name) for name in COST_OF})
    assert found.start == pytest.approx(1.5)
    assert round_of(1000)["later"].seconds == pytest.approx(found.on_one_machine(1000))


def test_on_several_machines_the_slowest_part_decides() -> None:
    """Threads help until the author's machine is busy all the time."""
    cost = model["Cost"](1.5, **COST_OF)
    assert cost.on_several(100, work=0.27, threads=2) == pytest.approx(1.5 + 100 * 0.4 / 2)
    assert cost.useful_threads(0.27) == pytest.approx(20)
    for threads in (20, 40):
        assert cost.on_several(100, work=0.27, threads=threads) == pytest.approx(1.5 + 100 * 0.02)


def test_tables_show_all_rounds_and_their_spread() -> None:
    """A median alone says nothing of how much trials differ."""
    rounds = [round_of(10, start) for start in (1, 2, 4)]
    table = model["trials_table"](rounds).splitlines()
    assert ["round", "---", "1", "2", "3", "medians"] == [
        line.split("|")[1].strip() for line in table
    ]
    (checked,) = model["checks"]("ten", rounds, {"later": rounds[0]["later"].seconds})
    assert "| ten | later builds |" in checked
    assert " 1.00 to " in checked.replace("(", " ")
