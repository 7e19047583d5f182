"""Posts that share a slug, and posts that get another name."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from runs import drawing, just_before, made_up_run, printed, publish, state_of
from toysite import DRAWN, HEADER, make_drawn, replace

from post_builder.cli import main

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_kernels")]

PRODUCT = ' data-products="assets/models/drawn.bin"'

CELL = "```python\nprint({!r})\n```\n"


def _outcomes(root: Path, *arguments: str, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """Build, and return the status of each post."""
    main(["build", "--site", str(root), "--json", *arguments])
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return {outcome["post"]: outcome["status"] for outcome in found}


def _files(root: Path) -> set[str]:
    """Return the files that a build made."""
    paths = (path for folder in ("_data", "assets") for path in root.joinpath(folder).rglob("*"))
    return {path.relative_to(root).as_posix() for path in paths if path.is_file()}


def _publish(root: Path, post: str = DRAWN) -> None:
    state = state_of(root, post)
    outputs = ((printed("1\n"),), (drawing("a"),))
    publish(state, made_up_run(state.prepared, outputs, ["0.5"]), just_before(state))


@pytest.fixture
def built(blog: Path) -> Path:
    """Build a post with a figure."""
    _publish(make_drawn(blog))
    return blog


def test_two_posts_of_one_slug_are_built_beside_each_other(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For good: a second build runs nothing, and one alone leaves the other's files."""
    posts = "_posts/2018-01-01-new-year.md", "_posts/2019-01-01-new-year.md"
    for post in posts:
        blog.joinpath(post).write_text(HEADER + CELL.format(post), encoding="utf-8")
    assert dict.fromkeys(posts, "built") == _outcomes(blog, capsys=capsys)
    names = {f"_data/builds/{year}-01-01-new-year.json" for year in (2018, 2019)}
    assert names == {name for name in _files(blog) if name.startswith("_data/")}
    assert dict.fromkeys(posts, "fresh") == _outcomes(blog, capsys=capsys)
    before = blog.joinpath("_data/builds/2019-01-01-new-year.json").read_bytes()
    replace(blog / posts[0], "print(", "print(1, ")
    assert {posts[0]: "built"} == _outcomes(blog, str(blog / posts[0]), capsys=capsys)
    assert before == blog.joinpath("_data/builds/2019-01-01-new-year.json").read_bytes()
    assert 0 == main(["check", "--site", str(blog)])


def test_a_second_post_of_a_slug_does_not_take_the_first_ones_files(built: Path) -> None:
    """It is built alone; the first is renamed when it is built itself."""
    other = "_posts/2021-01-01-drawn.md"
    shutil.copy(built / DRAWN, built / other)
    replace(built / other, "A post.", "Another.")
    replace(built / other, PRODUCT, "")  # no two posts have one
    before = {name: built.joinpath(name).read_bytes() for name in _files(built)}
    _publish(built, other)
    after = {name: built.joinpath(name).read_bytes() for name in _files(built)}
    assert before.items() <= after.items()
    assert "_data/builds/2021-01-01-drawn.json" in after


def test_a_post_with_another_date_keeps_its_record(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing runs and nothing is removed; the record names the new file."""
    new = "_posts/2021-05-05-drawn.md"
    built.joinpath(DRAWN).rename(built / new)
    before = _files(built)
    assert 1 == main(["check", "--site", str(built)])
    assert f"{new}:1: stale: the post was called {DRAWN}" in capsys.readouterr().out
    assert {new: "fresh"} == _outcomes(built, capsys=capsys)
    assert before == _files(built)
    record = json.loads(built.joinpath("_data/builds/drawn.json").read_text(encoding="utf-8"))
    assert new == record["post"]
    assert 0 == main(["check", "--site", str(built)])


def test_a_post_with_another_slug_is_built_before_its_old_files_go(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As long as it fails they stay, since it shows them."""
    new = built / "_posts/2020-01-01-renamed.md"
    built.joinpath(DRAWN).rename(new)
    replace(new, PRODUCT, "")
    replace(new, "plot()", "1 / 0")
    before = _files(built)
    assert ["failed"] == list(_outcomes(built, capsys=capsys).values())
    assert before <= _files(built)
    replace(new, "1 / 0", "plot = 1")
    assert ["built"] == list(_outcomes(built, capsys=capsys).values())
    assert not {name for name in _files(built) if "/drawn" in name}
    assert "_data/builds/renamed.json" in _files(built)


def test_a_post_that_no_longer_runs_keeps_what_it_shows(built: Path) -> None:
    """A new post of its slug does not take its figures."""
    replace(built / DRAWN, "jupyter:", "was:")
    before = {name: built.joinpath(name).read_bytes() for name in _files(built)}
    assert 0 == main(["build", "--site", str(built)])
    assert before.items() <= {n: built.joinpath(n).read_bytes() for n in _files(built)}.items()
    other = built / "_posts/2021-01-01-drawn.md"
    text = f'{HEADER}```python\nx = 1\n```\n{{: #plot data-alt="A plot"}}\n'
    other.write_text(text, encoding="utf-8")
    assert 1 == main(["build", "--site", str(built)])
    assert before.items() <= {n: built.joinpath(n).read_bytes() for n in _files(built)}.items()


def test_a_post_with_another_slug_in_its_front_matter_keeps_its_product(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record of its old name has that product too, and goes alone."""
    post = blog / "_posts/2020-01-01-a.md"
    cell = '```python\nimport pathlib\np = pathlib.Path("assets/models")\n'
    cell += 'p.mkdir(parents=True, exist_ok=True)\n_ = (p / "m.bin").write_text("m")\n```\n'
    post.write_text(f'{HEADER}{cell}{{: #a data-products="assets/models/m.bin"}}\n', "utf-8")
    assert {"_posts/2020-01-01-a.md": "built"} == _outcomes(blog, capsys=capsys)
    replace(post, "---\n", "---\nslug: b\n")
    assert {"_posts/2020-01-01-a.md": "built"} == _outcomes(blog, capsys=capsys)
    made = {"assets/models/m.bin", "assets/notebooks/b.ipynb", "assets/notebooks/b.py"}
    assert {"_data/builds/b.json", *made} == _files(blog)
    assert 0 == main(["check", "--site", str(blog)])


def test_posts_that_take_over_each_others_names_are_built(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of them swap slugs, a third one takes that of a fourth, which gets a new one."""
    slugs = {name: blog / f"_posts/2020-01-01-{name}.md" for name in "abcd"}
    for name, post in slugs.items():
        post.write_text(HEADER + CELL.format(name), encoding="utf-8")
    built = {f"_posts/2020-01-01-{name}.md": "built" for name in slugs}
    assert built == _outcomes(blog, capsys=capsys)
    for name, slug in zip("abcd", "badx", strict=True):
        replace(slugs[name], "---\n", f"---\nslug: {slug}\n")
    assert built == _outcomes(blog, capsys=capsys)
    for name, slug in zip("abcd", "badx", strict=True):
        download = blog.joinpath(f"assets/notebooks/{slug}.py").read_text(encoding="utf-8")
        assert f"print('{name}')" in download
    assert not {name for name in _files(blog) if "/c." in name}
    assert 0 == main(["check", "--site", str(blog)])
