"""`post-builder check --execute`: posts run in memory and are compared."""

from __future__ import annotations

import errno
import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from commandline import tree
from toysite import PARTS, POST, replace

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")


def test_untouched_site_has_no_drift(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was just built comes out again, and verifying writes nothing."""
    before = tree(toy)
    assert main(["check", "--execute", "--site", str(toy), "--json"]) == 0
    assert "[]" == capsys.readouterr().out.strip()
    assert before == tree(toy)


def test_each_kind_of_drift_is_caught_on_its_line(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Output, value and figure drift in one run, each named with its line and difference."""
    post, figure = toy / POST, toy / "assets/images/toy/points.svg"
    output = replace(post, '<pre class="highlight">slope 2', '<pre class="highlight">slope 3')
    value = replace(post, '"slope:.2f">2', '"slope:.2f">3')
    text = figure.read_text(encoding="utf-8")
    assert "#1f77b4" in text
    figure.write_text(text.replace("#1f77b4", "#ff0000"), encoding="utf-8")
    before = tree(toy)
    assert main(["check", "--execute", "--site", str(toy)]) == 1
    printed = capsys.readouterr().out
    assert f"{POST}:{output - 1}: drift: output of cell slope differs" in printed
    assert re.search(r'^-<div.*<pre class="highlight">slope 3', printed, re.MULTILINE)
    assert re.search(r'^\+<div.*<pre class="highlight">slope 2', printed, re.MULTILINE)
    assert f"{POST}:{value}: drift: value slope:.2f: '3" in printed
    found = re.findall(
        r"^(\S+): drift: assets/images/toy/points\.svg: root mean square difference [\d.]+"
        r" \(published, fresh, difference: (\S+\.png)\)$",
        printed,
        re.MULTILINE,
    )
    [(place, picture)] = found
    assert "points.svg" in post.read_text(encoding="utf-8").split("\n")[int(place[-2:]) - 1]
    assert Path(picture).is_file()
    Path(picture).unlink()
    assert before == tree(toy)


@pytest.mark.slow
def test_no_room_for_a_picture_costs_the_picture_alone(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The figure is named as ever, and half a picture does not stay."""

    def refuse(path: Path, _: bytes) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    figure = toy / "assets/images/toy/points.svg"
    replace(figure, "#1f77b4", "#ff0000")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert main(["check", "--execute", "--site", str(toy)]) == 1
    printed = capsys.readouterr().out
    assert "drift: assets/images/toy/points.svg: root mean square difference" in printed
    assert "(there is no picture of the difference: [Errno 28] No space left on device: " in printed
    assert not list(tmp_path.glob("drift-*"))


@pytest.mark.slow
def test_changed_inputs_show_as_drift(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A changed package, a changed data file and a figure that is gone show in what comes out."""
    replace(toy / "src/toy/lines.py", "steps: int = 20", "steps: int = 1")
    replace(toy / "rate.txt", "0.05", "0.01")
    toy.joinpath("assets/images/toy/points.svg").unlink()
    assert main(["check", "--execute", "--site", str(toy)]) == 1
    printed = capsys.readouterr().out
    assert "drift: transcluded code differs" in printed
    assert "drift: output of cell slope differs" in printed
    assert "drift: assets/images/toy/points.svg is missing\n" in printed


DRIFT = [
    ('<pre class="highlight">slope 2', '<pre class="highlight">slope 3'),
    ('"slope:.2f">2', '"slope:.2f">3'),
]
"""An output and a value, both of the cell `slope`."""


@pytest.mark.slow
def test_tolerance_and_ignored_outputs_are_honoured(
    toy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cell's tolerance lets its numbers drift; an ignored output is not compared."""
    replace(toy / POST, "{: #slope}", '{: #slope data-tolerance="0.9"}')
    replace(toy / POST, "{: #trap .raises", "{: #trap .nbval-ignore-output .raises")
    replace(toy / POST, "division by zero</pre>", "division by one</pre>")
    for published, drifted in DRIFT:
        replace(toy / POST, published, drifted)
    assert main(["check", "--execute", "--site", str(toy), "--json"]) == 0
    assert "[]" == capsys.readouterr().out.strip()


@pytest.mark.slow
def test_the_nearest_tolerance_counts(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That of the post instead of the site's, that of a cell instead of the post's."""
    replace(toy / POST, "---\ntitle", "---\ntolerance: 0.9\ntitle")
    for published, drifted in DRIFT:
        replace(toy / POST, published, drifted)
    assert main(["check", "--execute", "--site", str(toy), "--json"]) == 0
    replace(toy / POST, "{: #slope}", '{: #slope data-tolerance="0"}')
    capsys.readouterr()
    assert main(["check", "--execute", "--site", str(toy), "--json"]) == 1
    assert 2 == len(json.loads(capsys.readouterr().out))


@pytest.mark.slow
def test_failing_post_is_a_finding(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A post that no longer runs is told with its line, in place of its drift."""
    toy.joinpath("rate.txt").write_text("fast\n", encoding="utf-8")
    line = 1 + toy.joinpath(POST).read_text("utf-8").split("rate = float")[0].count("\n")
    assert main(["check", "--execute", "--site", str(toy), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)
    assert ("error", POST, line) == (finding["kind"], *list(finding["place"].values())[:2])
    message = "could not convert string to float: 'fast\\n'"
    assert f"cell slope raised ValueError: {message}" == finding["message"]
    assert "Traceback (most recent call last)" in finding["hint"]


@pytest.mark.slow
def test_posts_are_compared_with_what_they_take_as_it_is_published(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other post's page is the source, whatever its own run would print."""
    assert main(["check", "--execute", "--site", str(series), "--json"]) == 0
    replace(series / PARTS[0], "0.97),\n]</pre>", "0.98),\n]</pre>")
    capsys.readouterr()
    assert main(["check", "--execute", "--site", str(series)]) == 1
    printed = capsys.readouterr().out
    assert f"{PARTS[0]}:13: drift: output of cell measured differs" in printed
    assert f"{PARTS[1]}:9: drift: transcluded code differs" in printed
    assert "-MLP 0.97 15.8\n+MLP 0.98 15.8" in re.sub(
        r"(?m)(?<=^[-+])<div.*?<pre[^>]*>", "", printed
    )
