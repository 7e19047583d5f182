"""What builds made can be taken away again, and nothing else."""

from __future__ import annotations

from pathlib import Path

from toysite import POST, make_toy

from post_builder.commands.build import remove_orphans
from post_builder.cli import main
from post_builder.site import open_site


def tree(root: Path) -> dict[str, bytes]:
    """Give the content of every file of a site."""
    files = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def test_clean_gives_the_authors_text_back(toy: Path, tmp_path: Path) -> None:
    """Build, then clean: the site is as it was before the first build, byte for byte."""
    assert main(["clean", "--site", str(toy), "--json"]) == 0
    assert tree(make_toy(tmp_path / "fresh")) == tree(toy)


def test_clean_keeps_what_the_engine_did_not_make(toy: Path) -> None:
    """A figure that somebody drew over, or put beside the others, stays."""
    figures = toy / "assets/images/toy"
    figures.joinpath("points.svg").write_text("drawn over", encoding="utf-8")
    figures.joinpath("mine.svg").write_text("mine", encoding="utf-8")
    assert main(["clean", "--site", str(toy), "--json"]) == 0
    assert ["mine.svg", "points.svg"] == sorted(path.name for path in figures.iterdir())


def test_figures_of_a_renamed_post_go(toy: Path) -> None:
    """After a rename the next build removes what it made under the old name."""
    toy.joinpath(POST).rename(toy / "_posts/2020-01-01-renamed.md")
    toy.joinpath("assets/images/toy/mine.svg").write_text("mine", encoding="utf-8")
    removed = remove_orphans(open_site(toy))
    assert [
        "assets/images/toy/points.svg",
        "assets/notebooks/toy.ipynb",
        "assets/notebooks/toy.py",
        "_data/builds/toy.json",
    ] == removed
    assert ["mine.svg"] == [path.name for path in toy.joinpath("assets/images/toy").iterdir()]


def test_nothing_goes_while_the_post_is_there(toy: Path) -> None:
    """Removing orphans leaves the files of living posts alone."""
    before = tree(toy)
    assert [] == remove_orphans(open_site(toy))
    assert before == tree(toy)
