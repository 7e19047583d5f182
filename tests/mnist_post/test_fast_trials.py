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
    """Lines above the rows of each run name command, day, machine and versions."""
    heads = [line for line in CPU_TRIALS.splitlines() if line.startswith("#")]
    names = [head.split(":")[0] for head in heads if not head.startswith("# with: --rungs")]
    parts = ["# command", "# date", "# machine", "# versions"]
    assert parts * (len(names) // 4) == names
    assert all("fast_trials.py" in head for head in heads if head.startswith("# command"))
    assert CPU_TRIALS.startswith("# command")


def test_every_rung_has_its_ten_seeds() -> None:
    """No rung and no seed is left out, and a trial that arrived has its rung's target."""
    ladder = read_trials(CPU_TRIALS)
    rungs = [*LADDER, *FARTHER]
    assert {rung.name for rung in rungs} == set(ladder)
    assert [rung.name for rung in LADDER] == list(ladder)[: len(LADDER)]
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


def test_new_trials_replace_those_of_their_rungs(tmp_path: Path) -> None:
    """Other rungs keep their rows and what made them; what has no row left goes."""
    script = runpy.run_path(str(ROOT / "scripts/fast_trials.py"))
    output, heads = tmp_path / "trials.py", script["HEADS"]

    def write(made: str, *rows: str) -> str:
        names = [row.split(",")[0] for row in rows]
        script["write"](output, "CPU", [f"# command: {made}"], [*rows], names)
        return str(runpy.run_path(str(output))["CPU_TRIALS"])

    write("first", "a,0,1.0", "b,0,1.0")
    expected = ["# command: first", heads, "a,0,1.0", "# command: second", "b,0,2.0"]
    assert expected == write("second", "b,0,2.0").splitlines()
    expected = ["# command: second", heads, "b,0,2.0", "# command: third", "a,0,3.0"]
    assert expected == write("third", "a,0,3.0").splitlines()


def test_a_rung_that_does_not_exist_is_an_error() -> None:
    """The script names the rungs that there are, and runs none."""
    command = [sys.executable, "scripts/fast_trials.py", "--rungs", "bfloat61"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert 2 == done.returncode
    assert "no such rungs: bfloat61; there are: plain loop, digits in memory" in done.stderr
