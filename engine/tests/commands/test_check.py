"""`post-builder check`: what it finds without running anything."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toysite import POST, replace

from post_builder.commands.check import check
from post_builder.site import open_site


def found(root: Path) -> list[tuple[str, int | None, str]]:
    """Check a site, and return the kind, line and message of each finding."""
    site = open_site(root)
    return [(f.kind, f.place.line, f.message) for f in check(site, list(site.posts()))]


def test_built_site_has_no_findings(toy: Path) -> None:
    """A site that is as its build left it passes, wherever it is."""
    assert [] == found(toy)


def test_edited_output_is_found_on_its_line(toy: Path) -> None:
    """A digit changed in an output is tampering, on the region's line."""
    line = replace(toy / POST, '<pre class="highlight">slope 2', '<pre class="highlight">slope 3')
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
    line = replace(toy / POST, "</div>\n\n<!-- /output -->\n\nThe slope", "</div>\n\nThe slope")
    [(kind, at, message)] = found(toy)
    assert ("error", "this output region has no end") == (kind, message)
    assert at is not None
    assert at <= line


def test_prose_edit_asks_for_downloads_only(toy: Path) -> None:
    """The notebook holds the prose, so an edit of it is not quite nothing."""
    replace(toy / POST, "A line is fitted", "A straight line is fitted")
    assert [("stale", 1, "the downloads contain older prose")] == found(toy)


def test_figures_and_records_without_posts_are_found(toy: Path) -> None:
    """What no post owns any more is named; a figure that its author put in a post is not."""
    for name in ("old", "mine"):
        toy.joinpath(f"assets/images/toy/{name}.svg").write_text("<svg/>", encoding="utf-8")
    replace(toy / POST, "See ![a", "See ![mine](/assets/images/toy/mine.svg) and ![a")
    record = json.loads(toy.joinpath("_data/builds/toy.json").read_text(encoding="utf-8"))
    gone = {**record, "post": "_posts/2020-01-01-gone.md", "figures": {}, "downloads": {}}
    toy.joinpath("_data/builds/gone.json").write_text(json.dumps(gone), encoding="utf-8")
    site = open_site(toy)
    orphans = [f for f in check(site, list(site.posts())) if f.kind == "orphan"]
    assert [
        ("_data/builds/gone.json", "a build record without its post"),
        ("assets/images/toy/old.svg", "no post uses this figure"),
    ] == [(str(finding.place), finding.message) for finding in orphans]
    assert ["`post-builder build` removes it", "delete it"] == [f.hint for f in orphans]


def test_named_posts_are_checked_alone(toy: Path) -> None:
    """What belongs to no post is found when all are checked."""
    toy.joinpath("assets/images/toy/old.svg").write_text("<svg/>", encoding="utf-8")
    other = toy / "_posts/2020-01-02-other.md"
    other.write_text("---\njupyter: python3\n---\n", encoding="utf-8")
    site = open_site(toy)
    assert [] == check(site, [toy / POST])
    assert "orphan" in {finding.kind for finding in check(site, list(site.posts()))}


def test_findings_of_a_post_are_in_the_order_of_its_lines(blog: Path, header: str) -> None:
    """What is stale, and what builds but would not read well, with what to do about each."""
    tag = '{% include figure image_path="/a.png" alt="Describe what the figure shows" %}'
    region = f"<!-- output -->\n{tag}\n<!-- /output -->\n"
    body = f"```python x=1\n```\n\n```python\nx\n```\n{region}\n{tag}\n"
    blog.joinpath("_posts/a.md").write_text(f"{header}{body}", encoding="utf-8")
    site = open_site(blog)
    findings = check(site, list(site.posts()))
    assert [
        ("_posts/a.md:1", "stale", "never built", "run `post-builder build`"),
        (
            *("_posts/a.md:4", "style"),
            "kramdown allows one word on a fence: this is not a code block on the page",
            "write ```python, with options on the line below the block; {: .hide-input }",
        ),
        (
            *("_posts/a.md:7", "style", "cell-1 produces a figure but has no name"),
            "name it, {: #name}: numbers change when cells are added",
        ),
        (  # to kramdown the end of the block above is the start of one
            *("_posts/a.md:7", "style", "kramdown does not show cell cell-1 as a block of code"),
            "put empty lines around it",
        ),
        ("_posts/a.md:11", "style", "the alt text is still to be written", ""),
        ("_posts/a.md:14", "style", "the alt text is still to be written", ""),
    ] == [(str(f.place), f.kind, f.message, f.hint) for f in findings]


@pytest.mark.parametrize(
    ("heading", "name"),
    [("Slope", "slope"), ("A *Big* Slope!", "a-big-slope"), ("X - y", "x---y")],
)
def test_a_heading_may_have_the_id_of_a_cell(
    blog: Path, header: str, heading: str, name: str
) -> None:
    """Ids are those that kramdown makes; an unnamed cell has none."""
    body = f"# {heading}\n\n```python\nx\n```\n{{: #{name}}}\n\n## cell-2\n\n```python\n```\n"
    blog.joinpath("_posts/a.md").write_text(header + body, encoding="utf-8")
    style = [(line, message) for kind, line, message in found(blog) if kind == "style"]
    assert [(4, f"the heading has the same id as cell {name}")] == style


def test_fence_with_options_on_it_is_found(toy: Path) -> None:
    """Kramdown would turn such a block into a paragraph."""
    line = replace(toy / POST, "See ![a", "```python exec=1\nx\n```\n\nSee ![a")
    assert ("style", line) in [(kind, at) for kind, at, _ in found(toy)]


def test_cell_that_shares_its_name_with_a_heading_is_found(toy: Path) -> None:
    """Two elements of one page must not have the same id."""
    line = replace(toy / POST, "See ![a", "## Slope\n\nSee ![a")
    messages = {(kind, at): message for kind, at, message in found(toy)}
    assert "the heading has the same id as cell slope" == messages["style", line]


@pytest.mark.parametrize(
    ("prose", "broken"),
    [
        (r"A formula, $$\frac{1}{2}$$, and $5 or $$.", []),
        (r"One, $$e^$$, in a sentence.", [0]),
        ("$$\n\\left( x\n$$\n\nAnd $$x^$$ below.", [0, 4]),
        ("`$$e^{x$$` and\n\n```text\n$$e^{x$$\n```", []),
    ],
)
def test_formulas_that_readers_would_not_see_are_named(
    toy: Path, prose: str, broken: list[int]
) -> None:
    """By their line; those in code are none."""
    line = replace(toy / POST, "A line is fitted", f"{prose}\n\nA line is fitted")
    findings = [(at, text) for kind, at, text in found(toy) if kind == "style"]
    assert [line + below for below in broken] == [at for at, _ in findings]
    assert all(text.startswith("readers would not see a formula: ") for _, text in findings)
