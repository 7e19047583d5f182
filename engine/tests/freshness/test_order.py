"""Posts that take output from one another: their order, and what a build of several does."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from runs import shown_text
from toysite import HEADER, PARTS, make_series, replace

from post_builder.cli import main
from post_builder.commands.check import check
from post_builder.errors import SiteError
from post_builder.freshness.order import order
from post_builder.site import Site, open_site
from post_builder.sources.product_makers import product_makers

pytestmark = pytest.mark.usefixtures("forked_kernels")

ONE, TWO = PARTS


def _site(root: Path, takes: dict[str, str]) -> Site:
    """Write posts, of which each takes output from those whose letters it has."""
    for name, others in takes.items():
        cells = (f'```python\n```\n{{: data-source="_posts/{other}.md#x"}}\n' for other in others)
        root.joinpath(f"_posts/{name}.md").write_text(HEADER + "\n".join(cells), encoding="utf-8")
    return open_site(root)


def _build(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """Build a site, and return each post's status and reasons."""
    main(["build", "--site", str(root), "--json", "--jobs", "2", *arguments])
    outcomes = json.loads(capsys.readouterr().out)
    return [(outcome["status"], *outcome["reasons"]) for outcome in outcomes]


def _text(root: Path, name: str) -> str:
    return root.joinpath(name).read_text(encoding="utf-8")


def test_each_post_comes_after_its_sources(blog: Path) -> None:
    """Sources are found through any number of posts, even if only one post is named."""
    site = _site(blog, {"a": "bc", "b": "d", "c": "d", "d": "", "e": ""})
    sources = order(site, [blog / "_posts/a.md"], product_makers(site))
    names = [path.stem for path in sources]
    assert ["a", "b", "c", "d"] == sorted(names)
    assert ("d", "a") == (names[0], names[-1])
    assert {"b", "c"} == {path.stem for path in sources[blog / "_posts/a.md"]}


def test_a_post_that_cannot_be_read_has_no_sources(blog: Path) -> None:
    """What is wrong with it is reported when it is built."""
    site = _site(blog, {"a": "bcd", "b": ""})
    blog.joinpath("_posts/b.md").write_text(f"{HEADER}```python\n", encoding="utf-8")
    blog.joinpath("_posts/c.md").write_text("---\ntitle: Not executable\n---\n", encoding="utf-8")
    sources = {
        path.stem: others
        for path, others in order(site, [blog / "_posts/a.md"], product_makers(site)).items()
    }
    assert {"a", "b", "c", "d"} == sources.keys()
    assert [] == [name for name in "bcd" if sources[name]]


@pytest.mark.parametrize(
    ("takes", "circle", "line"),
    [
        ({"a": "a"}, "_posts/a.md → _posts/a.md", 4),
        ({"c": "b", "b": "dc", "d": ""}, "_posts/b.md → _posts/c.md → _posts/b.md", 8),
        (
            {"c": "a", "b": "c", "a": "b"},
            "_posts/a.md → _posts/b.md → _posts/c.md → _posts/a.md",
            4,
        ),
    ],
    ids=["itself", "each other", "three"],
)
def test_posts_in_a_circle_are_refused_before_anything_runs(
    blog: Path,
    takes: dict[str, str],
    circle: str,
    line: int,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The error names the whole circle, and one of its cells."""
    site = _site(blog, takes)
    with pytest.raises(SiteError, match=rf"in a circle: {re.escape(circle)}\n") as caught:
        check(site, list(site.posts()))
    assert f"{circle.partition(' ')[0]}:{line}" == str(caught.value.place)
    assert "move what they share into a module, and take it from there" == caught.value.hint
    assert main(["build", "--site", str(blog), f"_posts/{next(iter(takes))}.md"]) == 2
    assert circle in capsys.readouterr().err


def test_a_post_takes_what_another_printed(built_series: Path) -> None:
    """Its cells hold the other's output as code, and it ran with that code."""
    text = _text(built_series, TWO)
    assert "- ```python\n  part_1 = [\n      ('MLP', 0.97),\n  ]\n  ```\n" in text
    assert "```python\nseconds = {'MLP': 15.8}\n```\n" in text
    assert shown_text("MLP 0.97 15.8\nCNN 0.99 untimed") in text


def test_downloads_hold_what_was_taken(built_series: Path) -> None:
    """Readers of one part do not need the other: the text is in its notebook and its script."""
    notebook = json.loads(_text(built_series, "assets/notebooks/part-2.ipynb"))
    sources = {cell["id"]: "".join(cell["source"]) for cell in notebook["cells"]}
    assert "part_1 = [\n    ('MLP', 0.97),\n]" == sources["from-part-1"]
    assert "part_1 = [\n    ('MLP', 0.97),\n]\n" in _text(
        built_series, "assets/notebooks/part-2.py"
    )


def test_changed_output_makes_the_post_that_takes_it_stale(series: Path) -> None:
    """The reason names the other post and its cell; nothing has to run to see it."""
    replace(series / ONE, "('MLP', 0.97),\n]</pre>", "('MLP', 0.98),\n]</pre>")
    site = open_site(series)
    found = {(f.kind, f.place.path, f.message) for f in check(site, list(site.posts()))}
    assert {
        ("tampered", ONE, "output of cell measured is not what the build wrote"),
        ("stale", TWO, f"{ONE}#measured changed"),
    } == found


def test_prose_of_the_other_post_is_not_an_input(series: Path) -> None:
    """Only the text that is taken counts, wherever it has moved to."""
    replace(series / ONE, "A model is", "One more line.\n\nA model is")
    site = open_site(series)
    findings = check(site, list(site.posts()))
    assert [(ONE, "the downloads contain older prose")] == [
        (finding.place.path, finding.message) for finding in findings
    ]


@pytest.mark.slow
def test_a_stale_source_is_built_before_what_takes_its_output(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One build brings both up to date, each in one run, though both could run at once."""
    replace(series / ONE, '("MLP", 0.97)', '("MLP", 0.96)')
    expected = [("built", "cell measured edited"), ("built", f"{ONE}#measured changed")]
    assert expected == _build(series, capsys=capsys)
    assert "MLP 0.96 15.8\n" in _text(series, TWO)
    assert [("fresh",), ("fresh",)] == _build(series, capsys=capsys)


@pytest.mark.slow
def test_a_chain_is_built_in_order_with_one_job(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A post that waits takes no job, also while it waits for one that waits itself."""
    cell = f'```python\n```\n{{: data-source="{TWO}#twice"}}\n\n```python\nprint(twice)\n```\n'
    last = "_posts/2019-12-31-part-3.md"  # looked at first
    series.joinpath(last).write_text(HEADER + cell, encoding="utf-8")
    with series.joinpath(TWO).open("a", encoding="utf-8") as file:
        file.write('\n```python\nprint("twice =", 2 * part_1)\n```\n{: #twice}\n')
    built = _build(series, "--jobs", "1", capsys=capsys)
    assert ["built", "fresh", "built"] == [status for status, *_ in built]
    replace(series / ONE, '("MLP", 0.97)', '("MLP", 0.96)')
    built = _build(series, "--jobs", "1", capsys=capsys)
    assert ["built", "built", "built"] == [status for status, *_ in built]
    shown = shown_text("[('MLP', 0.96), ('MLP', 0.96)]")
    assert shown in _text(series, last)
    assert {"fresh"} == {status for status, *_ in _build(series, capsys=capsys)}


@pytest.mark.slow
def test_new_output_of_a_forced_source_is_taken_in_the_same_build(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No post waits for one that is only forced; afterwards all are up to date anyway."""
    count = 'open("count", "a").write("x"); import os; n = os.path.getsize("count")'
    replace(series / ONE, 'rows = [("MLP", 0.97)]', f'{count}; rows = [("MLP", n)]')
    assert ["built", "built"] == [status for status, *_ in _build(series, capsys=capsys)]
    assert "MLP 1 15.8\n" in _text(series, TWO)
    expected = [("built", "forced"), ("built", f"{ONE}#measured changed")]
    assert expected == _build(series, "--force", capsys=capsys)
    assert "MLP 2 15.8\n" in _text(series, TWO)
    assert [("fresh",), ("fresh",)] == _build(series, capsys=capsys)


@pytest.mark.slow
def test_a_forced_build_of_all_parts_leaves_every_byte(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Outputs that are reproduced make nothing stale."""
    before = {path: path.read_bytes() for path in series.rglob("*") if path.is_file()}
    assert [("built", "forced")] * 2 == _build(series, "--force", capsys=capsys)
    assert before == {path: path.read_bytes() for path in series.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_a_failed_source_leaves_its_published_output_to_others(
    series: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A post is built with what is on the page of the other."""
    replace(series / ONE, "rows = [", "1 / 0; rows = [")
    replace(series / TWO, '("CNN", 0.99)', '("CNN", 1.0)')
    failed, built = _build(series, capsys=capsys)
    assert (("failed", "cell measured edited"), ("built", "cell table edited")) == (failed, built)
    assert "MLP 0.97 15.8\nCNN 1.0 untimed" in _text(series, TWO)


def test_a_source_that_was_never_built_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Built alone, a post cannot take what is not there yet."""
    root = make_series(tmp_path)
    assert main(["build", "--site", str(root), TWO]) == 1
    expected = (
        f"\n{TWO}:8: cell from-part-1, data-source='{ONE}#measured':"
        f" {ONE} has not been built yet\n"
        "    - ```python\n"
        f"{ONE}:8: from here\n"
        "    ```python\n"
        "help: build that post first\n"
        f"\n{TWO}:12: cell its-seconds, data-source='{ONE}#seconds':"
        f" {ONE} has not been built yet\n"
        "    ```python\n"
        f"{ONE}:14: from here\n"
        "    > ```python\n"
        "help: build that post first\n"
    )
    assert expected == capsys.readouterr().err
