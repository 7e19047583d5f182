"""The file of Part V's trials, and the script that writes it."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_post.fast.ladder import FARTHER, LADDER
from mnist_post.fast.summary import read_trials
from mnist_post.fast.trials_cpu import CPU_TRIALS

ROOT = Path(__file__).parents[2]


def test_the_file_says_how_it_was_made() -> None:
    """Its first lines name command, day, machine and versions."""
    heads = CPU_TRIALS.splitlines()[:4]
    assert ["# command", "# date", "# machine", "# versions"] == [h.split(":")[0] for h in heads]
    assert "fast_trials.py" in heads[0]


def test_every_rung_has_its_ten_seeds() -> None:
    """No rung and no seed is left out, and a trial that arrived has its rung's target."""
    ladder = read_trials(CPU_TRIALS)
    rungs = [*LADDER, FARTHER]
    assert [rung.name for rung in rungs] == list(ladder)
    for rung in rungs:
        trials = ladder[rung.name]
        assert list(range(10)) == [trial.seed for trial in trials]
        ends = [(trial.accuracy, trial.reached) for trial in trials]  # rounded to 0.01
        assert all(
            accuracy >= rung.target if yes else accuracy <= rung.target for accuracy, yes in ends
        )
        assert all(trial.epochs <= rung.epochs + 0.01 for trial in trials)


def test_the_page_publishes_that_file() -> None:
    """What readers download holds the same trials."""
    published = (ROOT / "assets/models/trials-cpu.csv").read_text("utf-8")
    assert published == CPU_TRIALS


@pytest.mark.slow
def test_the_script_writes_such_a_file(tmp_path: Path) -> None:
    """One seed of one rung gives a module that holds its trial."""
    output = tmp_path / "trials.py"
    command = [sys.executable, "scripts/fast_trials.py", "--seeds", "1"]
    command += ["--rungs", "shorter schedule", "--output", str(output)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    text = runpy.run_path(str(output))["CPU_TRIALS"]
    assert "--seeds 1 --jobs 1" in text.splitlines()[0]
    (trial,) = read_trials(text)["shorter schedule"]
    assert (0, 0.0) == (trial.seed, trial.compilation)
    assert trial.accuracy > 97
