"""A build that has nothing to do finds out without parsing Markdown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from toysite import PARTS, POST, replace

from post_builder.cli import main
from post_builder.commands.fresh import unchanged_posts
from post_builder.document.parsing import parser
from post_builder.document.parsing.parser import Problems, inspect
from post_builder.document.post import Post
from post_builder.site import open_site

pytestmark = pytest.mark.usefixtures("forked_kernels")

RECORD = "_data/builds/toy.json"

CHANGES = {
    "prose": (POST, "See ![a", "Look: ![a"),
    "output": (POST, '<pre class="highlight">slope 2', '<pre class="highlight">slope 3'),
    "a file that the run read": ("rate.txt", "0.05", "0.06"),
    "a declared file": ("declared.csv", "1,2", "1,3"),
    "a transcluded source": ("src/toy/lines.py", "steps: int = 20", "steps: int = 21"),
    "a figure": ("assets/images/toy/points.svg", "#1f77b4", "#1f77b5"),
    "a download": ("assets/notebooks/toy.py", "import", "import  "),
    "a setting": ("_config.yml", "title: Toys", "title: Toys\nkramdown: {parse_block_html: true}"),
    "a package": (RECORD, '"matplotlib": "', '"matplotlib": "0.'),
    "the kernel": (RECORD, '"kernel": "python3"', '"kernel": "python2"'),
    "the name of the post": (RECORD, '"post": "_posts/2020', '"post": "_posts/2021'),
    "an unfinished build": (RECORD, '"text": "', '"text": "", "was": "'),
}


def unchanged(root: Path, *, every: bool = True) -> list[str] | None:
    """Return the posts of a site that a build would not touch; None if it has to look."""
    site = open_site(root)
    found = unchanged_posts(site, list(site.posts()), every=every)
    return None if found is None else [site.relative(path) for path in found]


def test_a_site_as_its_build_left_it_is_unchanged(toy: Path) -> None:
    """A post that is not executable does not count."""
    toy.joinpath("_posts/2020-01-03-plain.md").write_text("---\ntitle: x\n---\n", "utf-8")
    assert [POST] == unchanged(toy)


@pytest.mark.parametrize("kind", CHANGES)
def test_whatever_changes_a_build_looks(toy: Path, kind: str) -> None:
    """One change of any input, of anything that was made, or of the record."""
    name, before, after = CHANGES[kind]
    if name == RECORD and kind == "an unfinished build":
        record = json.loads(toy.joinpath(RECORD).read_text("utf-8"))
        toy.joinpath(RECORD).write_text(json.dumps({**record, "text": ""}), "utf-8")
    else:
        replace(toy / name, before, after)
    assert unchanged(toy) is None


def test_what_is_left_over_is_looked_at(toy: Path) -> None:
    """The record of a post that is gone, if all posts are built, and the file of a killed build."""
    record = toy.joinpath(RECORD).read_text("utf-8")
    toy.joinpath("_data/builds/gone.json").write_text(
        record.replace("-toy.md", "-gone.md"), "utf-8"
    )
    assert unchanged(toy) is None
    assert [POST] == unchanged(toy, every=False)
    toy.joinpath("_posts/.post-builder-12345678.tmp").write_text("", "utf-8")
    assert unchanged(toy, every=False) is None


def test_a_post_with_a_notice_is_looked_at(toy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What does not run is said by each build."""
    replace(toy / POST, "See ![a", "{% highlight python %}\nx\n{% endhighlight %}\n\nSee ![a")
    assert main(["build", "--site", str(toy)]) == 0
    assert "this block does not run" in capsys.readouterr().out
    assert unchanged(toy) is None
    assert main(["build", "--site", str(toy)]) == 0
    assert "this block does not run" in capsys.readouterr().out


def test_an_unchanged_post_is_not_parsed(
    toy: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A build that writes the prose of one post looks at the others as one with nothing to do."""
    other = toy / "_posts/2020-02-02-other.md"
    other.write_text("---\njupyter: python3\n---\n\nWords.\n\n```python\nx = 1\n```\n", "utf-8")
    assert main(["build", "--site", str(toy)]) == 0
    replace(other, "Words", "Other words")
    parsed: list[str] = []

    def inspected(text: str, *arguments: object) -> tuple[Post | None, Problems]:
        parsed.append(text)
        return inspect(text, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(parser, "inspect", inspected)
    capsys.readouterr()
    assert main(["build", "--site", str(toy)]) == 0
    assert "all up to date (2 posts)\n" == capsys.readouterr().out
    assert {other.read_text("utf-8")} == set(parsed)


def test_output_of_another_post_counts(series: Path) -> None:
    """It is a source like a module's."""
    assert list(PARTS) == unchanged(series)
    text = series.joinpath(PARTS[0]).read_text("utf-8")
    series.joinpath(PARTS[0]).write_text(
        text.replace('pre class="highlight">', 'pre class="highlight">9'), "utf-8"
    )
    site = open_site(series)
    assert unchanged_posts(site, [series / PARTS[1]], every=False) is None
