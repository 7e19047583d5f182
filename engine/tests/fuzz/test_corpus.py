"""The kept corpus: seeds, and all that fuzzing ever found, again and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
INPUTS = sorted(path for path in CORPUS.rglob("*") if path.is_file())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_fuzzing_found_stays_fixed(path: Path) -> None:
    """Each input goes through its target, which says what must hold."""
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_a_corpus() -> None:
    """Fuzzing starts from it."""
    assert set(TARGETS) == {path.name for path in CORPUS.iterdir()}
