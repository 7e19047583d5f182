"""When, where and how fast a post ran, as its record says."""

from __future__ import annotations

import datetime as dt
import platform
from pathlib import Path
from typing import TYPE_CHECKING

from post_builder.freshness import git
from post_builder.freshness.record import Circumstances

if TYPE_CHECKING:
    from post_builder.execution.run import Run


def circumstances(run: Run, root: Path) -> Circumstances:
    """Describe when, where and how fast a post ran."""
    return Circumstances(
        date=dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(run.seconds, 1),
        peak_memory=run.facts.peak_memory,
        python=run.facts.python,
        processor=_processor(),
        commit=git.head(root),
    )


def _processor() -> str:
    """Return the model of the processor, as far as the system says."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, "") or platform.processor() or platform.machine()
