"""When, where and how fast a post ran, as its record says."""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from post_builder.freshness import git

if TYPE_CHECKING:
    from post_builder.execution.run import Run


class Circumstances(Struct, frozen=True):
    """When, where and how fast a post ran; not a part of freshness."""

    date: str = ""
    """When the post ran, in UTC."""
    seconds: float = 0.0
    """How long its cells took."""
    peak_memory: int = 0
    """The most memory that the kernel held, in MiB."""
    python: str = ""
    """The full version of Python."""
    processor: str = ""
    """The model of the processor."""
    commit: str = ""
    """The commit that was checked out; empty outside a git repository."""
    cells: Mapping[str, float] = field(default_factory=dict)
    """How many seconds each cell took, by its name."""


def circumstances(run: Run, root: Path) -> Circumstances:
    """Describe when, where and how fast a post ran."""
    return Circumstances(
        date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(run.seconds, 1),
        peak_memory=run.facts.peak_memory,
        python=run.facts.python,
        processor=run.elsewhere.processor if run.elsewhere else processor(),
        commit=git.head(root),
        cells={cell.cell.name: round(cell.seconds, 1) for cell in run.cells},
    )


def processor() -> str:
    """Return the model of this machine's processor, as far as the system says."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()
