"""A short soak; `benchmarks/soak.py` does five hundred edits and draws a figure."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="counts the descriptors of Linux")
def test_watch_holds_no_more_after_many_edits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory, descriptors and processes stay; temporary files go, and copies are at most twenty."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    from soak import soak  # noqa: PLC0415  # from the benchmarks

    samples, left = soak(32, tmp_path, minutes=4)

    assert [] == left
    early, late = samples[4:12], samples[-8:]  # each kind of edit once
    assert max(sample.memory for sample in late) < max(sample.memory for sample in early) + 30
    for name in ("descriptors", "processes"):
        usual = median(getattr(sample, name) for sample in early)  # more while a kernel starts
        assert median(getattr(sample, name) for sample in late) <= usual + 4
    assert max(sample.files for sample in late) <= 20 + 4
