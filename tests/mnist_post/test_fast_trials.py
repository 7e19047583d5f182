"""The file of Part V's trials, and the script that writes it."""

import runpy
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mnist_post.fast.ladder import FARTHER, LADDER, LARGE, ON_A_GPU, SEARCH
from mnist_post.fast.racing import Rung
from mnist_post.fast.summary import read_trials
from mnist_post.fast.trials_cpu import CPU_TRIALS
from mnist_post.fast.trials_gpu import GPU_TRIALS

ROOT = Path(__file__).parents[2]


RUNGS = {CPU_TRIALS: [*LADDER, *FARTHER], GPU_TRIALS: [*LADDER, FARTHER[1], *ON_A_GPU]}
FILES = pytest.mark.parametrize("file", RUNGS, ids=["cpu", "gpu"])


@FILES
def test_the_file_says_how_it_was_made(file: str) -> None:
    """Lines above the rows of each run name command, day, machine and versions."""
    heads = [line for line in file.splitlines() if line.startswith("#")]
    names = [head.split(":")[0] for head in heads if not head.startswith(("# with: ", "#   "))]
    parts = ["# command", "# date", "# machine", "# versions"]
    assert parts * (len(names) // 4) == names
    assert all("fast_trials.py" in head for head in heads if head.startswith("# command"))
    assert file.startswith("# command")


def test_a_gpus_file_names_the_card() -> None:
    """And the CPU's does not: no run is in the other's file."""
    machines = [line for line in GPU_TRIALS.splitlines() if line.startswith("# machine")]
    assert machines
    assert all("NVIDIA" in line for line in machines)
    assert "NVIDIA" not in CPU_TRIALS
    assert "--device cpu" not in GPU_TRIALS


@FILES
def test_every_rung_has_its_ten_seeds(file: str) -> None:
    """No rung and no seed is left out, and a trial that arrived has its rung's target."""
    trials = read_trials(file)
    rungs = RUNGS[file]
    searched = {rung.name for rung in SEARCH} if file is GPU_TRIALS else set()
    assert {rung.name for rung in rungs} | searched == set(trials)
    assert [rung.name for rung in LADDER] == list(trials)[: len(LADDER)]
    for rung in rungs:
        assert list(range(10)) == [trial.seed for trial in trials[rung.name]]
        _check_ends(rung, file)


def _check_ends(rung: Rung, file: str) -> None:
    trials = read_trials(file)[rung.name]
    ends = [(trial.accuracy, trial.reached) for trial in trials]  # rounded to 0.01
    assert all(
        accuracy >= rung.target if yes else accuracy <= rung.target for accuracy, yes in ends
    )
    most = rung.epochs + 0.01  # steps are whole
    assert all(trial.epochs <= most for trial in trials)


def test_the_gpus_setting_is_the_one_that_the_search_found() -> None:
    """It has the fewest steps of those that arrive from all seeds, which no trial has."""
    trials = read_trials(GPU_TRIALS)
    raced = {trial.seed for trial in trials[LARGE.name]}
    steps = {}
    for rung in SEARCH:
        _check_ends(rung, GPU_TRIALS)
        assert raced.isdisjoint(trial.seed for trial in trials[rung.name])
        if all(trial.reached for trial in trials[rung.name]):
            steps[rung] = statistics.median(trial.steps for trial in trials[rung.name])
    best = min(steps, key=lambda rung: steps[rung])
    assert replace(best, name=LARGE.name) == LARGE


@pytest.mark.parametrize(("device", "file"), [("cpu", CPU_TRIALS), ("gpu", GPU_TRIALS)])
def test_the_page_publishes_that_file(device: str, file: str) -> None:
    """What readers download holds the same trials."""
    published = (ROOT / f"assets/models/trials-{device}.csv").read_text("utf-8")
    assert published == file


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
