"""Coverage-guided fuzzing with atheris; what it finds goes into the corpus, which tests replay.

Run: python engine/tests/fuzz/run.py TARGET [-max_total_time=120] [other options of libFuzzer]
It needs the `fuzz` extra, and keeps its working corpus in a temporary folder.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import atheris

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))


def main(target: str, *options: str) -> None:
    """Fuzz a target until it fails or its time is over."""
    with atheris.instrument_imports(include=["post_builder"]):
        from fuzz.targets import TARGETS  # noqa: PLC0415  # imported under instrumentation
    work = tempfile.mkdtemp(prefix=f"fuzz-{target}-")
    corpus = FOLDER / "corpus" / target
    arguments = [sys.argv[0], *options, f"-artifact_prefix={work}/", work, str(corpus)]
    atheris.Setup(arguments, TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
