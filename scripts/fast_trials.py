"""Run the ladder of Part V from several seeds, and write every trial to a dated file.

Each rung has a process of its own, so that what it compiles is compiled once and timed. Trials use
all instructions of the machine, which builds of the posts do not, and one thread each.

Run: .venv/bin/python scripts/fast_trials.py --jobs 2 --output src/mnist_post/fast/trials_cpu.py
On a GPU: .venv/bin/python scripts/fast_trials.py --device cuda --output trials_gpu.py
"""

import argparse
import datetime as dt
import os
import platform
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch.utils.data import TensorDataset
from torchvision import datasets

from mnist_post.basics import load_writers, split_by_writer
from mnist_post.fast.ladder import FARTHER, LADDER
from mnist_post.fast.racing import MEAN, STD, Trial, race

FIXED = ("ATEN_CPU_CAPABILITY", "MKL_CBWR", "ONEDNN_MAX_CPU_ISA")
"""What the posts' code sets so that last digits agree between machines."""
RUNGS = [*LADDER, FARTHER]
"""The ladder, and what a harder target costs at its end."""
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
    """Run one rung from all seeds in this process, and print a line per trial."""
    torch.set_num_threads(1)
    training, validation = digits(torch.device(arguments.device))
    (rung,) = [rung for rung in RUNGS if rung.name == name]
    for seed in range(arguments.seeds):
        trial = race(rung, seed, training, validation)
        print(*trial[:-1], int(trial.reached), sep=",", flush=True)


def machine(arguments: argparse.Namespace) -> list[str]:
    """Say what ran, when, on what."""
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    gpu = [torch.cuda.get_device_name()] if arguments.device == "cuda" else []
    on = [cpu[1] if cpu else platform.processor(), "one thread per trial", *gpu]
    options = f"--device {arguments.device} --seeds {arguments.seeds} --jobs {arguments.jobs}"
    return [
        f"command: python scripts/fast_trials.py {options}",
        f"date: {dt.datetime.now(tz=dt.UTC).date()}",
        f"machine: {', '.join(on)}; {torch.backends.cpu.get_cpu_capability()}",
        f"versions: Python {platform.python_version()}, torch {torch.__version__}",
    ]


def all_rungs(arguments: argparse.Namespace) -> list[str]:
    """Run each rung in a process of its own, with nothing compiled before; return all lines."""
    options = [sys.executable, __file__, "--device", arguments.device]
    options += ["--seeds", str(arguments.seeds)]

    def lines(rung: str) -> list[str]:
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run(
                [*options, "--rung", rung],
                env=os.environ | KEPT_MEMORY | {"TORCHINDUCTOR_CACHE_DIR": cache},
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
        print(done.stdout, end="", flush=True)
        return done.stdout.splitlines()

    with ThreadPoolExecutor(arguments.jobs) as pool:
        found = pool.map(lines, arguments.rungs or [rung.name for rung in RUNGS])
        return [line for rung in found for line in rung]


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
    parser.add_argument("--jobs", type=int, default=1, help="rungs that run at once")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rungs", nargs="*", help="names of rungs; all without it")
    parser.add_argument("--output", type=Path, help="the file to write")
    parser.add_argument("--rung", help="run this rung in this process")
    arguments = parser.parse_args()
    for variable in FIXED:  # before the first computation, which reads them
        os.environ.pop(variable, None)
    if arguments.rung:
        run_rung(arguments.rung, arguments)
        return
    heads = ",".join(Trial._fields)
    rows = [*machine(arguments), heads, *all_rungs(arguments)]
    text = "\n".join(["# " + row for row in rows[:4]] + rows[4:])
    if arguments.output:
        where = arguments.device.upper()
        arguments.output.write_text(
            f'"""Every trial of the ladder, as `scripts/fast_trials.py` wrote them."""\n\n'
            f'# region trials\n{where}_TRIALS = """\\\n{text}\n"""\n\n# endregion\n',
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
