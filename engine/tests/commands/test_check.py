"""`post-builder check`: what it finds without running anything."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from toysite import POST, replace

from post_builder.commands.check import check
from post_builder.cli import main
from post_builder.site import open_site


def found(root: Path) -> list[tuple[str, int | None, str]]:
    """Check a site, and give each finding's kind, line and message."""
    site = open_site(root)
    return [(f.kind, f.place.line, f.message) for f in check(site, list(site.posts()))]


def test_built_site_has_no_findings(toy: Path) -> None:
    """A site that is as its build left it passes, wherever it lies."""
    assert [] == found(toy)


def test_record_says_when_where_and_how_the_post_ran(toy: Path) -> None:
    """Date, seconds, memory, Python, processor and commit, for the page's provenance."""
    run = json.loads(toy.joinpath("_data/builds/toy.json").read_text())["run"]
    assert {"date", "seconds", "peak_memory", "python", "processor", "commit"} == run.keys()
    assert 0 < run["seconds"] < run["peak_memory"]


def test_edited_output_is_found_on_its_line(toy: Path) -> None:
    """A digit changed in an output is tampering, on the region's line."""
    line = replace(
        toy / POST, '<pre class="output stdout">slope 2', '<pre class="output stdout">slope 3'
    )
    assert [("tampered", line - 1, "output of cell slope is not what the build wrote")] == found(
        toy
    )


def test_edited_value_is_found_on_its_line(toy: Path) -> None:
    """A number changed in prose is tampering."""
    line = replace(toy / POST, '"slope:.2f">2', '"slope:.2f">3')
    assert [("tampered", line, "value slope:.2f is not what the build wrote")] == found(toy)


def test_edited_figure_is_found_where_it_is_shown(toy: Path) -> None:
    """A changed figure file is tampering, on the line that includes it."""
    figure = "assets/images/toy/points.svg"
    replace(toy / figure, "stroke", "strike")
    line = 1 + toy.joinpath(POST).read_text().split(figure)[0].count("\n")
    assert [("tampered", line, f"{figure} is not what the build wrote")] == found(toy)


def test_missing_figure_is_found(toy: Path) -> None:
    """A figure that is gone is named."""
    toy.joinpath("assets/images/toy/points.svg").unlink()
    kind, _, message = found(toy)[0]
    assert ("tampered", "assets/images/toy/points.svg is missing") == (kind, message)


def test_changed_source_names_file_and_symbol(toy: Path) -> None:
    """A change of transcluded source is told in a person's words."""
    replace(toy / "src/toy/lines.py", "steps: int = 20", "steps: int = 30")
    messages = [message for _, _, message in found(toy)]
    assert ["src/toy/lines.py toy.lines:fit changed"] == messages


def test_change_beside_the_transcluded_symbol_is_none(toy: Path) -> None:
    """Early cut-off: what the post does not show of a module cannot make it stale."""
    replace(toy / "src/toy/lines.py", "Stand beside", "Stand near")
    assert [] == found(toy)


def test_hand_edited_transcluded_code_is_refused(toy: Path) -> None:
    """Transcluded text changed in the post is an error that says where to edit instead."""
    line = replace(toy / POST, "slope -= rate * gradient", "slope += rate * gradient")
    [finding] = check(open_site(toy), list(open_site(toy).posts()))
    assert "error" == finding.kind
    assert "src/toy/lines.py:4" in finding.hint
    assert finding.place.line is not None
    assert finding.place.line < line


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("rate.txt", "rate.txt changed"),
        ("declared.csv", "declared.csv changed"),
        ("shapes/square.py", "shapes/square.py changed"),
        ("shapes/point.py", "shapes/point.py changed"),
    ],
)
def test_changed_dependency_is_named(toy: Path, name: str, reason: str) -> None:
    """A file that the run read, imported at any depth, or declared makes the post stale."""
    with toy.joinpath(name).open("a", encoding="utf-8") as file:
        file.write("# more\n")
    assert [("stale", 1, reason)] == found(toy)


def test_unread_file_is_no_dependency(toy: Path) -> None:
    """A sibling module that nothing imports makes nothing stale."""
    toy.joinpath("shapes/circle.py").write_text("SIDES = 2\n", encoding="utf-8")
    assert [] == found(toy)


def test_other_package_version_is_named(toy: Path) -> None:
    """An upgrade makes every post that imports the package stale."""
    record = toy / "_data/builds/toy.json"
    data = json.loads(record.read_text())
    now = data["packages"]["matplotlib"]
    data["packages"]["matplotlib"] = "1.0"
    record.write_text(json.dumps(data), encoding="utf-8")
    assert [("stale", 1, f"matplotlib 1.0 → {now}")] == found(toy)


def test_missing_end_marker_is_an_error_on_the_regions_line(toy: Path) -> None:
    """A region whose end was deleted is not taken to reach to the next one's."""
    line = replace(toy / POST, "</pre>\n<!-- /output -->\n\nThe slope", "</pre>\n\nThe slope")
    [(kind, at, message)] = found(toy)
    assert ("error", "this output region has no end") == (kind, message)
    assert at is not None
    assert at <= line


def test_prose_edit_asks_for_downloads_only(toy: Path) -> None:
    """The notebook holds the prose, so an edit of it is not quite nothing."""
    replace(toy / POST, "A line is fitted", "A straight line is fitted")
    assert [("stale", 1, "the downloads hold older prose")] == found(toy)


def test_figures_and_records_without_posts_are_found(toy: Path) -> None:
    """What no post owns any more is named."""
    toy.joinpath("assets/images/toy/old.svg").write_text("<svg/>", encoding="utf-8")
    shutil.copy(toy / "_data/builds/toy.json", toy / "_data/builds/gone.json")
    replace(toy / "_data/builds/gone.json", POST, "_posts/2020-01-01-gone.md")
    messages = [message for _, _, message in found(toy)]
    assert ["a build record without its post", "no post uses this figure"] == messages


def test_fence_with_options_on_it_is_found(toy: Path) -> None:
    """Kramdown would turn such a block into a paragraph."""
    line = replace(toy / POST, "See ![a", "```python exec=1\nx\n```\n\nSee ![a")
    assert ("style", line) in [(kind, at) for kind, at, _ in found(toy)]


def test_cell_that_shares_its_name_with_a_heading_is_found(toy: Path) -> None:
    """Two elements of one page must not have the same id."""
    line = replace(toy / POST, "See ![a", "## Slope\n\nSee ![a")
    messages = {(kind, at): message for kind, at, message in found(toy)}
    assert "the heading has the id of cell slope" == messages["style", line]


def test_github_gets_annotations(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a workflow each finding is shown on its line of the change."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    line = replace(toy / POST, '"slope:.2f">2', '"slope:.2f">3')
    assert main(["check", "--site", str(toy)]) == 1
    expected = f"::error file={POST},line={line},title=post-builder tampered::value"
    assert capsys.readouterr().out.startswith(expected)


def test_json_is_for_machines(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` prints a list, empty for a site that passes."""
    assert main(["check", "--site", str(toy), "--json"]) == 0
    assert [] == json.loads(capsys.readouterr().out)
    toy.joinpath("rate.txt").write_text("0.1\n", encoding="utf-8")
    assert main(["check", "--site", str(toy), "--json"]) == 1
    [finding] = json.loads(capsys.readouterr().out)
    assert ("stale", POST) == (finding["kind"], finding["place"]["path"])
