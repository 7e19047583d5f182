"""What a rerun leaves of outputs that are never compared; the runs are made up."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import FIXTURES, replace

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")

POST = "_posts/timed.md"
RECORD = "_data/builds/timed.json"
SCORE = "assets/images/timed/score.svg"
SPEED = "assets/images/timed/speed.svg"
FIXTURE = FIXTURES / "ignored" / "timed.md"


def _rerun(root: Path, seconds: float, score: str = "0.5", value: str = "0.5") -> None:
    """Publish a run of the post that took some seconds and read `data.txt`."""
    state = state_of(root, POST)
    outputs = (
        (printed(f"accuracy {score}\n"), drawing(score)),
        (printed(f"{seconds} s\n"), drawing(str(seconds))),
    )
    publish(
        state,
        made_up_run(state.prepared, outputs, [value], [root / "data.txt"]),
        just_before(state),
    )


def _keeps_first_run(root: Path) -> tuple[bool, bool]:
    """Return whether the seconds of the first run are on the page, and in its figure."""
    page = root.joinpath(POST).read_text(encoding="utf-8")
    return "1.5 s</pre>" in page, "1.5" in root.joinpath(SPEED).read_text()


def _tree(root: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def timed(blog: Path) -> Path:
    """Publish a post whose second cell is never compared, from a run of 1.5 seconds."""
    shutil.copy(FIXTURE, blog / POST)
    blog.joinpath("data.txt").write_text("1", encoding="utf-8")
    _rerun(blog, 1.5)
    assert (True, True) == _keeps_first_run(blog)
    return blog


def test_a_rerun_with_equal_compared_outputs_changes_no_byte(timed: Path) -> None:
    """Other seconds alone do not count: post, figures, downloads and record stay as they were."""
    before = _tree(timed)
    _rerun(timed, 2.5)
    assert before == _tree(timed)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("data.txt", "1", "2"),
        (POST, "accuracy 0.5<", "accuracy 0.6<"),
        (POST, '"score">0.5', '"score">0.6'),
        (SCORE, "0.5", "0.6"),
        (POST, "It is", "The score is"),
    ],
    ids=["a file that it read", "an output", "a value", "a figure", "prose"],
)
def test_ignored_outputs_stay_while_the_rest_is_restored(
    timed: Path, name: str, old: str, new: str
) -> None:
    """Whatever made the post stale, everything that is compared came out as it was published."""
    replace(timed / name, old, new)
    _rerun(timed, 2.5)
    assert (True, True) == _keeps_first_run(timed)
    state = state_of(timed, POST)
    assert "0.6" not in state.post.text
    assert "0.6" not in timed.joinpath(SCORE).read_text()
    assert () == state.reasons


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        (POST, "1.5 s</pre>", "0.1 s</pre>"),
        (SPEED, "1.5", "0.1"),
        (POST, 'print(f"{seconds} s")', 'print(f"{seconds} sec")'),
        (POST, "plot(score)", "plot(2 * score)"),
        (POST, 'data-alt="The seconds"', 'data-alt="Seconds"'),
        ("_config.yml", "title", "post_builder: {output_limit: 9000}\ntitle"),
        (RECORD, '"format": 2', '"format": 1'),
    ],
    ids=[
        *("edited output", "edited figure", "its own code", "code above it", "its options"),
        *("settings", "no record"),
    ],
)
def test_ignored_outputs_are_new_if_code_changed_or_they_were_edited(
    timed: Path, name: str, old: str, new: str
) -> None:
    """What was edited by hand, or was made by other code, is not kept."""
    replace(timed / name, old, new)
    _rerun(timed, 2.5)
    assert "2.5 s</pre>" in timed.joinpath(POST).read_text(encoding="utf-8")
    assert "2.5" in timed.joinpath(SPEED).read_text()


@pytest.mark.parametrize(("score", "value"), [("0.6", "0.5"), ("0.5", "0.6")])
def test_ignored_outputs_are_new_if_something_compared_changed(
    timed: Path, score: str, value: str
) -> None:
    """The outputs on one page come from one run."""
    _rerun(timed, 2.5, score, value)
    assert (False, False) == _keeps_first_run(timed)
    assert f"accuracy {score}<" in timed.joinpath(POST).read_text(encoding="utf-8")


def test_a_missing_figure_is_drawn_again(timed: Path) -> None:
    """Nothing can be kept of a file that is gone."""
    timed.joinpath(SPEED).unlink()
    _rerun(timed, 2.5)
    assert (False, False) == _keeps_first_run(timed)


@pytest.mark.slow
def test_forced_builds_leave_seconds_and_record_alone(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the command to the bytes on disk, with a clock that goes on."""
    text = FIXTURE.read_text(encoding="utf-8")
    code = (
        "```python\nimport time\n\nscore, seconds, plot = 0.5, time.time_ns(), lambda x: None\n```"
    )
    text = text.replace("---\n\n", f"---\n\n{code}\n\n", 1)
    blog.joinpath(POST).write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 0
    before = _tree(blog)
    assert main(["build", "--site", str(blog), "--force", "--json"]) == 0
    assert before == _tree(blog)
    assert '"forced"' in capsys.readouterr().out
    assert json.loads(blog.joinpath(RECORD).read_text())["cells"][2]["name"] == "speed"
