"""A scheduler of Dask and its workers, each a process of its own on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_LOCAL = ("--host", "127.0.0.1", "--no-dashboard")
_PATIENCE = 60
"""Seconds in which a scheduler starts on a busy machine."""


@dataclass
class DaskCluster:
    """Processes that a test may kill."""

    folder: Path
    scheduler: subprocess.Popen[bytes]
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        """Where the scheduler says how it is reached."""
        return self.folder / "scheduler.json"

    @property
    def address(self) -> str:
        """How the scheduler is reached."""
        return str(json.loads(self.file.read_text(encoding="utf-8"))["address"])

    def add(
        self, name: str, *options: str, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a worker; Dask gives it posts once it has joined."""
        own = self.folder / name
        options = (
            *_LOCAL,
            *("--scheduler-file", str(self.file), "--name", name, "--no-nanny"),
            *("--nthreads", "1", "--local-directory", str(own), *options),
        )
        self.workers[name] = _start("dask_worker", own, *options, environment=environment)
        return self.workers[name]

    def wait_for_workers(self) -> None:
        """Wait until all workers have joined."""
        end = time.monotonic() + _PATIENCE
        logs = [self.folder / name / "log" for name in self.workers]
        while not all(b"Registered to" in log.read_bytes() for log in logs):
            assert time.monotonic() < end, "the workers did not join"
            time.sleep(0.05)


@contextmanager
def dask_cluster(folder: Path, *names: str) -> Iterator[DaskCluster]:
    """Start a scheduler and workers, and end them."""
    own = folder / "cluster"
    file = own / "scheduler.json"
    options = (*_LOCAL, "--port", "0", "--scheduler-file", str(file))
    cluster = DaskCluster(own, _start("dask_scheduler", own, *options))
    try:
        end = time.monotonic() + _PATIENCE
        while not (file.exists() and file.read_text().endswith("}")):
            assert time.monotonic() < end, "the scheduler did not start"
            time.sleep(0.05)
        for name in names:
            cluster.add(name)
        yield cluster
    finally:
        for process in (*cluster.workers.values(), cluster.scheduler):
            process.kill()
            process.wait()


def _start(
    module: str, folder: Path, *options: str, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    folder.mkdir(parents=True, exist_ok=True)
    with folder.joinpath("log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", *options],
            cwd=folder,
            env={**os.environ, **(environment or {})},
            stdout=log,
            stderr=log,
        )
