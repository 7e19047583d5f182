"""What a cluster of two local workers costs beside a local build of the same posts.

Posts in a git repository: a local build with two jobs, and two builds by a scheduler and two
workers on loopback, which import the engine when they start. In each round the cluster is a new
one: in its first build workers have no files and no templates, in its second one they have what
they keep, as in all later ones. For some numbers of posts it prints the medians, in seconds, and
for both the ratio to the local build. The posts are those of `builds.py`, or small ones, of one
cell that imports nothing, so that a thousand of them take minutes.

Run: python engine/benchmarks/cluster.py [ROUNDS] [usual | small] [POSTS …]
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import corpus

sys.path.append(str(Path(__file__).parents[1] / "tests"))

from dask_cluster import dask_cluster

JOBS = 2


def site(folder: Path, posts: int, kind: str) -> Path:
    """Write a repository of posts."""
    write = corpus.small if kind == "small" else corpus.post
    corpus.write(folder / "_config.yml", "title: Posts\n")
    for number in range(1, posts + 1):
        corpus.write(folder / f"_posts/2020-01-01-post-{number}.md", write(number))
    for command in (["init", "-q"], ["add", "--all"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def seconds(folder: Path, *options: str) -> float:
    """Return how long a build of everything takes."""
    command = [sys.executable, "-m", "post_builder", "build", "--force", "--site", str(folder)]
    begin = time.perf_counter()
    subprocess.run(
        [*command, *options], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    return time.perf_counter() - begin


def main(rounds: str = "3", kind: str = "usual", *counts: str) -> None:
    """Measure, and print a row for each number of posts."""
    print("posts  local, 2 jobs  first on 2 workers, ratio  later, ratio")
    for count in map(int, counts or ("10", "100", "1000")):
        with tempfile.TemporaryDirectory() as folder:
            root = site(Path(folder, "site"), count, kind)
            measured = [one_round(root, Path(folder, str(number))) for number in range(int(rounds))]
        local, first, later = map(statistics.median, zip(*measured, strict=True))
        ratios = f"{first:18.1f} s  {first / local:5.2f}  {later:4.1f} s  {later / local:5.2f}"
        print(f"{count:5}  {local:11.1f} s  {ratios}", flush=True)


def one_round(root: Path, folder: Path) -> tuple[float, float, float]:
    """Return the seconds of a local build, and of the first and the second one of a cluster."""
    with dask_cluster(folder) as cluster:
        for name in ("one", "two"):
            cluster.add(name, "--preload", "post_builder.cluster.worker.workshop")
        cluster.wait_for_workers()
        first = seconds(root, "--scheduler", cluster.address)
        local = seconds(root, "--jobs", str(JOBS))
        return local, first, seconds(root, "--scheduler", cluster.address)


if __name__ == "__main__":
    main(*sys.argv[1:])
