"""ARCHITECTURE.md speaks of tests: they exist."""

import re
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]


def test_every_test_in_the_table_exists() -> None:
    """A row of the feature table names a test that runs."""
    table = _ROOT.joinpath("ARCHITECTURE.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", table))
    files = Path(__file__).parent.glob("test_*.py")
    there = {name for file in files for name in re.findall(r"def (test_\w+)", file.read_text())}
    assert named
    assert set() == named - there
