"""What builds on a cluster cost: predicted from a few posts, and measured with many.

Posts in a git repository: a local build with two jobs, and two builds by a scheduler and two
workers on loopback, all forced. In each round the cluster is a new one: in its first build workers
have no files and no templates, in its second one they have what they keep, as in all later ones.
What a post costs, and a build once, comes from builds of 20 and 80 posts; with that it predicts
the seconds for larger numbers, and measures them. These posts are small, of one
cell that imports nothing. A hundred others wait half a second each, as if another machine did their
work. Last come ten posts of `builds.py`, with workers that have imported the engine when the build
begins, and with workers that have not. All take turns within a round.

Run: python engine/benchmarks/cluster.py [ROUNDS] [POSTS …] [DOCUMENT.md]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import corpus
import psutil
from cost import CHECKS, Build, Round, checks, costs, costs_table, head, trials_table
from document import machine, put
from msgspec import Struct
from words import used

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dask_cluster import DaskCluster, dask_cluster

THREADS = 2
"""Posts at a time: jobs of the local build, and threads of both workers together."""

FEW, MORE = "20", "80"
"""Posts from which costs are known."""

COUNTS = ("100", "1000")
"""Posts for which seconds are predicted."""

USUAL = 10
"""Posts of `builds.py`."""

WAITING, WAIT = 100, 0.5
"""Posts that wait, and for how many seconds each."""

BUILD = [sys.executable, "-m", "post_builder", "build", "--json", "--force"]


@contextmanager
def two_workers(*, preloaded: bool = True) -> Iterator[DaskCluster]:
    """Start a cluster; its workers may keep compiled modules, as builds may."""
    options = ("--preload", "post_builder.cluster.worker.workshop") if preloaded else ()
    with tempfile.TemporaryDirectory() as folder, dask_cluster(Path(folder)) as cluster:
        for name in ("one", "two"):
            cluster.add(name, *options, environment={"PYTHONDONTWRITEBYTECODE": ""})
        cluster.wait_for_workers()
        yield cluster


def build(root: Path, posts: int, cluster: DaskCluster | None = None) -> Build:
    """Build all posts of a site, here or on a cluster."""
    where = ["--scheduler", cluster.address] if cluster else ["--jobs", str(THREADS)]
    processes = [cluster.scheduler, *cluster.workers.values()] if cluster else []
    before = [*map(spent, processes)]
    seconds, home = used([*BUILD, *where], root)
    others = [spent(one) - then for one, then in zip(processes, before, strict=True)]
    return Build(posts, seconds, home, sum(others[:1]), sum(others[1:]))


def spent(process: subprocess.Popen[bytes]) -> float:
    """Return the seconds that processors gave to a process and to all that it has started."""
    one, seconds = psutil.Process(process.pid), 0.0
    for each in (one, *one.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            seconds += sum(each.cpu_times()[:4])  # its own, and those of children that have ended
    return seconds


def all_kinds(root: Path, posts: int) -> Round:
    """Return a local build, and the first and the second one of a cluster."""
    with two_workers() as cluster:
        first = build(root, posts, cluster)
        local = build(root, posts)
        return {"local": local, "first": first, "later": build(root, posts, cluster)}


def with_and_without_preload(root: Path, posts: int) -> Round:
    """Return the same, and those of a cluster whose workers have not imported the engine."""
    with two_workers(preloaded=False) as cluster:
        bare = {kind: build(root, posts, cluster) for kind in ("first, bare", "later, bare")}
    return {**all_kinds(root, posts), **bare}


def first_only(root: Path, posts: int) -> Round:
    """Return the first build of a cluster."""
    with two_workers() as cluster:
        return {"first": build(root, posts, cluster)}


class Case(Struct, frozen=True):
    """Posts that are built."""

    posts: int
    write: Callable[[int], str] = corpus.small
    """Returns the text of a post with some number."""
    way: Callable[[Path, int], Round] = all_kinds

    def site(self, folder: Path) -> Path:
        """Write a repository of the posts, and build it: that warms the disk's cache."""
        corpus.write(folder / "_config.yml", "title: Posts\n")
        for number in range(1, self.posts + 1):
            corpus.write(folder / f"_posts/2020-01-01-post-{number}.md", self.write(number))
        for command in (["init", "-q"], ["add", "--all"]):
            subprocess.run(["git", *command], cwd=folder, check=True)
        build(folder, self.posts)
        return folder


def measure(cases: Mapping[str, Case], rounds: int) -> dict[str, list[Round]]:
    """Measure all cases in turns; return the rounds of each."""
    found: dict[str, list[Round]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        roots = {name: case.site(Path(folder, name)) for name, case in cases.items()}
        for number in range(1, rounds + 1):
            for name, case in cases.items():
                found[name].append(case.way(roots[name], case.posts))
                took = (f"{kind} {one.seconds:.2f} s" for kind, one in found[name][-1].items())
                print(f"{number}: {name} posts,", *took, file=sys.stderr, flush=True)
    return found


def main(rounds: str = "3", *arguments: str) -> None:
    """Measure, and print or write the tables."""
    documents = [argument for argument in arguments if not argument.isdecimal()]
    counts = [argument for argument in arguments if argument.isdecimal()] or COUNTS
    cases = {count: Case(int(count)) for count in (FEW, MORE, *counts)}
    cases["waiting"] = Case(WAITING, partial(corpus.waiting, seconds=WAIT), first_only)
    cases["usual"] = Case(USUAL, corpus.post, with_and_without_preload)
    found = measure(cases, int(rounds))
    known = costs(found[FEW], found[MORE])
    rows = [*head(*CHECKS)]
    for count in counts:
        predicted = {kind: one.on_one_machine(int(count)) for kind, one in known.items()}
        rows += checks(f"{int(count):,}", found[count], predicted, "local")
    apart = known["first"].on_several(WAITING, WAIT, THREADS)
    rows += checks(f"{WAITING} that wait {WAIT} s", found["waiting"], {"first": apart})
    where = f"Rounds in turns: {rounds}; {machine('post-builder', 'distributed', 'ipykernel')}."
    tables = {
        "costs": costs_table(known),
        "checks": "\n".join([*rows, "", where]),
        "trials": trials_table(found["usual"]),
    }
    for mark, table in tables.items():
        print(f"{table}\n")
        for document in documents:
            put(Path(document), mark, f"{table}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
