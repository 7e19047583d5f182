"""Run the ladder of Part V from several seeds, and write every trial to a dated file.

A rung's seeds are shared out among processes; those of a compiled rung stay in one, so that what
it compiles is compiled once and timed. Trials use all instructions of the machine, which builds of
the posts do not, and one thread each. With --rungs, the trials of other rungs stay in the file as
they are, and the new ones stand at its end below lines of their own that say how they were made.

Run: .venv/bin/python scripts/fast_trials.py --jobs 2 --output src/mnist_post/fast/trials_cpu.py
On a GPU: python scripts/fast_trials.py --device cuda --output src/mnist_post/fast/trials_gpu.py
"""

import argparse
import datetime as dt
import os
import platform
import re
import runpy
import shlex
import subprocess
import sys
import tempfile
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch.utils.data import TensorDataset
from torchvision import datasets

from mnist_post.basics import load_writers, split_by_writer
from mnist_post.fast.ladder import FARTHER, LADDER, ON_A_GPU, SEARCH
from mnist_post.fast.racing import MEAN, STD, Rung, Trial, race

FIXED = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")
"""What the posts' code sets so that last digits agree between machines."""
USUAL = {"cpu": [*LADDER, *FARTHER], "cuda": [*LADDER, *FARTHER, *ON_A_GPU]}
"""What is raced on a device: the ladder, and what a harder target costs."""
RUNGS = [*USUAL["cuda"], *SEARCH]
"""All that can be."""
HEADS = ",".join(Trial._fields)
"""The line of the file that names its columns."""
KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "1073741824"}
"""What `_config.yml` sets for builds, and why it says so there."""


def digits(device: torch.device) -> tuple[TensorDataset, TensorDataset]:
    """Return the training digits as bytes, and the validation digits as a network takes them."""
    mnist = datasets.MNIST("data", train=True, download=True)
    writers = load_writers("data", train=True)
    whole = TensorDataset(mnist.data, mnist.targets, writers)
    training, validation = split_by_writer(whole)
    images = ((validation.tensors[0].unsqueeze(1) / 255 - MEAN) / STD).to(device)
    labels = validation.tensors[1].to(device)
    return TensorDataset(*training.tensors[:2]), TensorDataset(images, labels)


def run_rung(name: str, arguments: argparse.Namespace) -> None:
    """Run one rung from every `every`-th seed in this process, and print a line per trial."""
    torch.set_num_threads(1)
    training, validation = digits(torch.device(arguments.device))
    (rung,) = [rung for rung in RUNGS if rung.name == name]
    for seed in range(arguments.first, arguments.seeds, arguments.every):
        trial = race(rung, seed, training, validation)
        print(*trial[:-1], int(trial.reached), sep=",", flush=True)


def machine(arguments: argparse.Namespace) -> list[str]:
    """Say what ran, when, on what."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    gpu = [torch.cuda.get_device_name()] if arguments.device == "cuda" else []
    on = [cpu[1] if cpu else platform.processor(), "one thread per trial", *gpu]
    first = f" --first {arguments.first}" if arguments.first else ""
    seeds = f"--seeds {arguments.seeds}{first}"
    options = f"--device {arguments.device} {seeds} --jobs {arguments.jobs}"
    names = shlex.join(arguments.rungs)
    only = textwrap.wrap(f"with: --rungs {names}", 80, subsequent_indent="  ") if names else []
    return [
        f"command: python scripts/fast_trials.py {options}",
        *only,
        f"date: {dt.datetime.now(tz=dt.UTC).date()}",
        f"machine: {', '.join(on)}; {torch.backends.cpu.get_cpu_capability()}",
        f"versions: Python {platform.python_version()}, torch {torch.__version__}",
    ]


def run_shares(arguments: argparse.Namespace) -> list[str]:
    """Run each share of a rung in a process, with nothing compiled before; return all rows."""
    options = [sys.executable, __file__, "--device", arguments.device]
    options += ["--seeds", str(arguments.seeds)]

    def run(share: tuple[Rung, int, int]) -> list[str]:
        rung, first, every = share
        numbers = ["--first", str(first), "--every", str(every)]
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run(
                [*options, "--rung", rung.name, *numbers],
                env=os.environ | KEPT_MEMORY | {"TORCHINDUCTOR_CACHE_DIR": cache},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
        print(done.stdout, end="", flush=True)
        return done.stdout.splitlines()

    rungs = [rung for rung in RUNGS if rung.name in arguments.rungs]
    start, count = arguments.first, arguments.seeds - arguments.first
    shares = [
        (rung, start + share, every)
        for rung in rungs or USUAL[arguments.device]
        for every in [1 if rung.compiled else min(arguments.jobs, count)]
        for share in range(every)
    ]
    with ThreadPoolExecutor(arguments.jobs) as pool:
        rows = [row for rows in pool.map(run, shares) for row in rows]
    places = [rung.name for rung in RUNGS]

    def place(row: str) -> tuple[int, int]:
        name, seed = row.split(",")[:2]
        return places.index(name), int(seed)

    return sorted(rows, key=place)


def without(text: str, names: list[str]) -> list[str]:
    """Return a file's rows less those of these rungs, below the lines that say what made them."""
    kept: list[str] = []
    for part in re.split(r"(?m)^(?=# command)", text):
        made = [line for line in part.splitlines() if line.startswith("#")]
        rows = [line for line in part.splitlines() if line not in {*made, HEADS}]
        rows = [row for row in rows if row.split(",")[0] not in names]
        kept += [*made, *rows] if rows else []
    return kept


def write(path: Path, where: str, made: list[str], rows: list[str], names: list[str]) -> None:
    """Write rows below the lines that say how they were made, and keep those of other rungs."""
    name = f"{where}_TRIALS"
    old = runpy.run_path(str(path))[name] if path.exists() else ""
    lines = [*without(old, names), *made, *rows]
    first = next(place for place, line in enumerate(lines) if not line.startswith("#"))
    text = "\n".join([*lines[:first], HEADS, *lines[first:]])
    path.write_text(
        f'"""Every trial of the ladder, as `scripts/fast_trials.py` wrote them."""\n\n'
        f'# region trials\n{name} = """\\\n{text}\n"""\n\n# endregion\n',
        encoding="utf-8",
    )


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--jobs", type=int, default=1, help="rungs that run at once")
    parser.add_argument("--seeds", type=int, default=10, help="all below this number")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--rungs", nargs="+", default=[], help="names of rungs, not the usual ones")
    parser.add_argument("--output", type=Path, help="the file to write")
    parser.add_argument("--rung", help="run this rung in this process")
    parser.add_argument("--every", type=int, default=1, help="with --rung: the next ones")
    arguments = parser.parse_args()
    for variable in FIXED:  # before the first computation, which reads them
        os.environ.pop(variable, None)
    if arguments.rung:
        run_rung(arguments.rung, arguments)
        return
    names = [rung.name for rung in RUNGS]
    if unknown := set(arguments.rungs) - set(names):
        parser.error(f"no such rungs: {', '.join(sorted(unknown))}; there are: {', '.join(names)}")
    made = ["# " + row for row in machine(arguments)]
    datasets.MNIST("data", train=True, download=True)  # unpacked once, before shares read it
    rows = run_shares(arguments)
    where = {"cpu": "CPU", "cuda": "GPU"}[arguments.device]
    if arguments.output:
        write(arguments.output, where, made, rows, arguments.rungs or names)


if __name__ == "__main__":
    main()
