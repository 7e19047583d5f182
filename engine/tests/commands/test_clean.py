"""What builds made can be removed again, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest
from commandline import tree
from toysite import POST, make_series, make_toy, replace

from post_builder.cli import main
from post_builder.commands.clean import clean
from post_builder.errors import PostBuilderError
from post_builder.pipeline.made.files import Orphans, remove_orphans
from post_builder.pipeline.names import post_names
from post_builder.site import open_site


def test_clean_gives_the_authors_text_back(toy: Path, tmp_path: Path) -> None:
    """Build, then clean: the site is as it was before the first build, byte for byte."""
    site = open_site(toy)
    touched = clean(site, list(site.posts()))
    assert tree(make_toy(tmp_path / "fresh")) == tree(toy)
    assert [
        POST,
        "assets/images/toy/points.svg",
        "assets/notebooks/toy.ipynb",
        "assets/notebooks/toy.py",
        "_data/builds/toy.json",
    ] == touched
    assert [] == clean(site, list(site.posts()))


def test_clean_takes_back_what_was_taken_from_another_post(series: Path, tmp_path: Path) -> None:
    """A cell whose text is another's output is empty again; only the named post is cleaned."""
    site, fresh = open_site(series), make_series(_folder(tmp_path / "fresh"))
    before = tree(series)
    one, two = site.posts()
    clean(site, [two])
    assert fresh.joinpath(two.relative_to(series)).read_bytes() == two.read_bytes()
    name = one.relative_to(series).as_posix()
    assert before[name] == tree(series)[name]
    clean(site, [one])
    assert tree(fresh) == tree(series)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def test_clean_keeps_what_the_engine_did_not_make(toy: Path) -> None:
    """A figure that somebody drew over, or put beside the others, stays."""
    figures = toy / "assets/images/toy"
    figures.joinpath("points.svg").write_text("drawn over", encoding="utf-8")
    figures.joinpath("mine.svg").write_text("mine", encoding="utf-8")
    assert main(["clean", "--site", str(toy), "--json"]) == 0
    assert ["mine.svg", "points.svg"] == sorted(path.name for path in figures.iterdir())


@pytest.mark.parametrize("name", [POST, "_data/builds/toy.json"])
def test_what_cannot_be_read_is_not_cleaned(toy: Path, name: str) -> None:
    """Neither the post nor what was made beside it is touched by halves."""
    toy.joinpath(name).write_bytes(toy.joinpath(name).read_bytes() + b"\xff")
    before = {path: path.read_bytes() for path in toy.rglob("*.*") if path.is_file()}
    site = open_site(toy)
    with pytest.raises(PostBuilderError):
        clean(site, list(site.posts()))
    assert before == {path: path.read_bytes() for path in toy.rglob("*.*") if path.is_file()}


def test_figures_of_a_renamed_post_go(toy: Path) -> None:
    """After a rename the next build removes what it made under the old name."""
    toy.joinpath(POST).rename(toy / "_posts/2020-01-01-renamed.md")
    toy.joinpath("assets/images/toy/mine.svg").write_text("mine", encoding="utf-8")
    site = open_site(toy)
    removed = (
        *("assets/images/toy/points.svg", "assets/notebooks/toy.ipynb", "assets/notebooks/toy.py"),
        "_data/builds/toy.json",
    )
    assert Orphans(removed) == remove_orphans(site, post_names(site))
    assert ["mine.svg"] == [path.name for path in toy.joinpath("assets/images/toy").iterdir()]


def test_nothing_goes_while_the_post_is_there(toy: Path) -> None:
    """Removing orphans leaves the files of other posts alone."""
    replace(toy / POST, "A line", "A straight line")
    before = tree(toy)
    site = open_site(toy)
    assert Orphans() == remove_orphans(site, post_names(site))
    assert before == tree(toy)
