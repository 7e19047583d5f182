"""What a cluster of two local workers costs beside a local build of the same posts.

Posts in a git repository: a local build with two jobs, and one by a scheduler and two workers on
loopback, in turns. For some numbers of posts it prints the seconds of both and their ratio. The
posts are those of `builds.py`, or small ones, of one cell that imports nothing, so that a thousand
of them take minutes.

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
    print("posts  local, 2 jobs  cluster, 2 workers  ratio")
    for count in map(int, counts or ("10", "100", "1000")):
        local, remote = [], []
        with (
            tempfile.TemporaryDirectory() as folder,
            dask_cluster(Path(folder), "one", "two") as cluster,
        ):
            root = site(Path(folder, "site"), count, kind)
            for _ in range(int(rounds)):
                local.append(seconds(root, "--jobs", str(JOBS)))
                remote.append(seconds(root, "--scheduler", cluster.address))
        one, other = statistics.median(local), statistics.median(remote)
        print(f"{count:5}  {one:11.1f} s  {other:16.1f} s  {other / one:5.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
