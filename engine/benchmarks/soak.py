"""Whether `watch` stays as it is: many edits, and after each what the engine holds.

It edits code, prose, a data file and settings, and makes mistakes, in a site of its own; after each
edit it waits for the build and counts memory, descriptors, processes and temporary files.

Run: python engine/benchmarks/soak.py [EDITS] [FIGURE.svg] [MINUTES]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import psutil
from panels import draw

PATIENCE = 300
"""Seconds after which a build that has not ended hangs."""

POST = "_posts/2020-01-01-soak.md"
TEXT = """---
title: Soak
jupyter: {{kernelspec: {{name: python3, language: python}}}}
---

Prose {prose}.

```python
import time

time.sleep(0.4)
```

```python
from pathlib import Path

from IPython.display import SVG

number = {code}
print("number", number, Path("data.txt").read_text())
SVG(f"<svg width='9' height='9'><text>{{number}}</text></svg>")
```
{{: #cell data-alt="A number"}}

It is <span data-value="number"></span>.
"""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the engine holds after an edit."""

    memory: float
    """MiB of the engine"""
    descriptors: int
    """open files and sockets of the engine"""
    processes: int
    """the engine, and all that it started"""
    files: int
    """temporary files and copies, in the site and elsewhere"""
    checkpoints: float
    """MiB of the checkpoints, with their share of each page"""


class Soak:
    """A site, and a watch on it."""

    def __init__(self, folder: Path) -> None:
        """Write the site and start the watch."""
        self.root, self.scratch = folder / "site", folder / "tmp"
        self.said = folder / "said"
        for path in (self.root / "_posts", self.scratch):
            path.mkdir(parents=True)
        self.text = {"prose": "0", "code": "0"}
        self._write("_config.yml", "title: x\n")
        self._write("data.txt", "0")
        self._save()
        command = [sys.executable, "-m", "post_builder", "watch", "--site", str(self.root)]
        environment = os.environ | {"TMPDIR": str(self.scratch)}
        with self.said.open("w") as said:
            self.process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        self._wait(lambda: self._count("built in") == 1)

    def edit(self, number: int) -> None:
        """Save something, and wait until the engine has done what follows from it."""
        built, failed = self._count("built in"), self._count("ZeroDivisionError")
        kind = ("code", "prose", "data", "code", "mistake", "code", "prose", "settings")[number % 8]
        if kind == "prose":
            self.text["prose"] = f"number {number}"
            self._save()
            notebook = self.root / "assets/notebooks/soak.ipynb"
            self._wait(lambda: f"Prose number {number}." in notebook.read_text(encoding="utf-8"))
            return
        if kind == "mistake":
            self.text["code"] = f"{number} / 0"
            self._save()
            self._wait(lambda: self._count("ZeroDivisionError") > failed)
            return
        if kind == "data":
            self._write("data.txt", str(number))
        elif kind == "settings":
            self._write("_config.yml", f"title: x\npost_builder: {{output_limit: {number + 99}}}\n")
        else:
            self.text["code"] = str(number)
            self._save()
        self._wait(lambda: self._count("built in") > built)

    def sample(self) -> Sample:
        """Count once a kernel is ready for the next edit."""
        engine = psutil.Process(self.process.pid)
        self._wait(lambda: len(engine.children(recursive=True)) >= 2)  # noqa: PLR2004  # and its guard
        own = [path for path in self.root.rglob("*") if ".tmp" in path.name or "undo" in path.parts]
        started = engine.children(recursive=True)
        return Sample(
            engine.memory_info().rss / 2**20,
            engine.num_fds(),
            1 + len(started),
            len(own) + len(list(self.scratch.iterdir())),
            sum(map(share, started)) / 2**20,
        )

    def end(self) -> list[str]:
        """End the watch; return what it left in the folder for temporary files."""
        self.process.terminate()  # a script started with & ignores Ctrl-C, and so do its children
        self.process.wait(PATIENCE)
        return [path.name for path in self.scratch.iterdir()]

    def _save(self) -> None:
        """Save the author's text over that of the build, output and all."""
        self._write(POST, TEXT.format(**self.text))

    def _write(self, name: str, text: str) -> None:
        self.root.joinpath(name).write_text(text, encoding="utf-8")

    def _count(self, text: str) -> int:
        return self.said.read_text(encoding="utf-8").count(text)

    def _wait(self, done: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(self.said.read_text(encoding="utf-8")[-2000:])
            time.sleep(0.05)


def share(process: psutil.Process) -> int:
    """Return the bytes of a checkpoint; none for other processes, and one that has ended."""
    with suppress(psutil.Error):
        if process.name() == "checkpoint":
            return int(process.memory_full_info().pss)
    return 0


def soak(edits: int, folder: Path, minutes: float) -> tuple[list[Sample], list[str]]:
    """Edit a site that is watched; return a sample after each edit, and what was left behind.

    Args:
        edits: how many.
        folder: for the site, empty.
        minutes: no edit begins after that time.
    """
    end = time.monotonic() + 60 * minutes
    watch = Soak(folder)
    try:
        samples: list[Sample] = []
        while len(samples) < edits and time.monotonic() < end:
            watch.edit(len(samples) + 1)
            samples.append(watch.sample())
        return samples, watch.end()
    finally:
        watch.process.kill()
        watch.process.wait()


def main(edits: str = "500", figure: str = "", minutes: str = "120") -> None:
    """Print a sample of each fiftieth edit, and draw all of them."""
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        samples, left = soak(int(edits), Path(folder), float(minutes))
    names = [field.name for field in fields(Sample)]
    print("edit", *names)
    for number in range(0, len(samples), max(1, len(samples) // 10)):
        print(number + 1, *(f"{value:.0f}" for value in astuple(samples[number])))
    print(len(samples), *(f"{value:.0f}" for value in astuple(samples[-1])))
    print(
        f"{len(samples)} edits in {time.monotonic() - begin:.0f} s; left behind: {json.dumps(left)}"
    )
    if figure:
        columns: list[Sequence[float]] = list(zip(*map(astuple, samples), strict=True))
        titles = [
            *("memory of the engine, MiB", "its open files", "processes", "temporary files"),
            "memory of checkpoints, MiB",
        ]
        Path(figure).write_text(draw(list(zip(titles, columns, strict=True))), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
