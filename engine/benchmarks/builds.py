"""How long posts take to build, beside other ways to run the same cells.

Ten posts of six cells, of which one computes for 0.2 s and one draws: from nothing, with nothing
changed, with the prose of one post changed, and with one cell of one post changed. All contestants
are measured in turns, several rounds of them; a table has the medians, and what they are in times
of a fresh `python` per post, since seconds say more about the machine.

jupyter-cache and Sphinx-Gallery take part if there is a Python that has them, with ipykernel, numpy
and matplotlib.

Run: python engine/benchmarks/builds.py [ROUNDS] [POSTS] [PYTHON_OF_RIVALS] [DOCUMENT.md FIGURE.svg]
"""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bars import draw
from contestants import JOBS, Contestant, contestants
from document import machine, put

SITUATIONS = ("cold", "cold, processor", "nothing changed", "prose of one", "one cell of one")

Times = dict[str, dict[str, list[float]]]
"""For each contestant and situation the seconds of each round."""


def measure(contestant: Contestant, folder: Path, posts: int) -> dict[str, float]:
    """Return the seconds that a contestant takes in each situation."""
    everything, first = range(1, posts + 1), [1]
    for number in everything:
        contestant.write(folder, number, 0, 0)
    contestant.begin(folder)
    before = processor()
    found = {"cold": _seconds(contestant, folder, everything)}
    found["cold, processor"] = processor() - before
    if contestant.follows:
        found["nothing changed"] = _seconds(contestant, folder, ())
        contestant.write(folder, 1, 0, 1)
        found["prose of one"] = _seconds(contestant, folder, first)
    contestant.write(folder, 1, 1, 1)
    found["one cell of one"] = _seconds(contestant, folder, first)
    return found


def _seconds(contestant: Contestant, folder: Path, posts: Sequence[int]) -> float:
    begin = time.perf_counter()
    contestant.run(folder, posts)
    return time.perf_counter() - begin


def processor() -> float:
    """Return the seconds that processors gave to all that was run and has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def rounds(many: Sequence[Contestant], count: int, posts: int) -> Times:
    """Measure all contestants in turns; a first, short round warms the disk's cache."""
    times: Times = {one.name: {name: [] for name in SITUATIONS} for one in many}
    for number in range(count + 1):
        for one in many:
            with tempfile.TemporaryDirectory() as folder:
                found = measure(one, Path(folder), posts if number else 1)
            print(
                number, one.name, *(f"{name} {took:.2f}" for name, took in found.items()), sep=", "
            )
            for name, took in found.items() if number else ():
                times[one.name][name].append(took)
    return times


def table(times: Times) -> str:
    """Return a table of medians: seconds, and times of a fresh Python per post."""
    base = times["a fresh `python` per post"]
    lines = ["| | " + " | ".join(SITUATIONS) + " |", "|---" * (len(SITUATIONS) + 1) + "|"]
    for name, situations in times.items():
        cells = [_cell(took, base[_measured(what)]) for what, took in situations.items()]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _measured(situation: str) -> str:
    """Return the situation of a fresh Python that another one is compared with."""
    return situation if "processor" in situation else "cold"


def _cell(took: Sequence[float], base: Sequence[float]) -> str:
    if not took:
        return ""
    median = statistics.median(took)
    return f"{median / statistics.median(base):.2f} ({median:.2f} s)"


def circumstances(count: int, posts: int) -> str:
    """Say with what, when and how it was measured."""
    where = machine("post-builder", "ipykernel", "nbconvert", "numpy", "matplotlib")
    return f"{posts} posts, {JOBS} at a time, medians of {count} rounds in turns, {where}."


def figure(times: Times) -> str:
    """Return a figure of the builds from nothing; other work on a machine is not in it."""
    medians = {name: statistics.median(found["cold, processor"]) for name, found in times.items()}
    base = medians["a fresh `python` per post"]
    bars = [(name.replace("`", ""), took / base) for name, took in medians.items()]
    title = "Processor time of a cold build of ten posts, in times of a fresh Python per post"
    return draw(title, bars, "post-builder")


def main(
    count: str = "3", posts: str = "10", rivals: str = "", document: str = "", drawing: str = ""
) -> None:
    """Measure, and print or write the table and the figure."""
    times = rounds(contestants(sys.executable, rivals), int(count), int(posts))
    text = f"{table(times)}\n\n{circumstances(int(count), int(posts))}\n"
    print(text)
    if document:
        put(Path(document), "benchmark", text)
    if drawing:
        Path(drawing).write_text(figure(times), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
