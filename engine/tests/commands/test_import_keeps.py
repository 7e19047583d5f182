"""Importing a notebook destroys neither it nor any other file."""

from __future__ import annotations

import base64
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from post_builder.cli import main

IMAGE = base64.b64encode(b"an image").decode()


def _notebook(path: Path, *prose: str) -> bytes:
    """Write a notebook with some prose and a cell; return its content."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [*map(new_markdown_cell, prose), new_code_cell("print(1)")]
    nbformat.write(new_notebook(cells=cells), path)
    return path.read_bytes()


@pytest.mark.parametrize("title", ["", "# X\n"])
def test_a_notebook_where_readers_would_download_one_is_refused(
    blog: Path, title: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first build would replace it."""
    path = blog / "assets/notebooks/x.ipynb"
    content = _notebook(path, title)
    assert 2 == main(["new", "--site", str(blog), "--from", str(path)])
    expected = (
        "assets/notebooks/x.ipynb: builds of the new post would replace this notebook by the one "
        "for its readers\nhelp: move it out of assets/notebooks first\n"
    )
    assert expected == capsys.readouterr().err
    assert [] == list(blog.joinpath("_posts").iterdir())
    assert content == path.read_bytes()


def test_an_image_of_the_author_is_not_replaced(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is written then; an equal image is no obstacle."""
    notebook = blog / "x.ipynb"
    _notebook(notebook, f"![a](data:image/png;base64,{IMAGE})")
    image = blog / "assets/images/x/attached-1.png"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"mine")
    assert 2 == main(["new", "--site", str(blog), "--from", str(notebook)])
    assert "an image of the notebook would replace this file" in capsys.readouterr().err
    assert b"mine" == image.read_bytes()
    assert [] == list(blog.joinpath("_posts").iterdir())
    image.unlink()
    assert 0 == main(["new", "--site", str(blog), "--from", str(notebook)])
    assert b"an image" == image.read_bytes()


def test_a_post_that_exists_is_not_replaced(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """However it was written."""
    assert 0 == main(["new", "--site", str(blog), "A title"])
    (post,) = blog.joinpath("_posts").iterdir()
    post.write_text("mine", encoding="utf-8")
    assert 2 == main(["new", "--site", str(blog), "A title"])
    assert "this post exists already" in capsys.readouterr().err
    assert "mine" == post.read_text(encoding="utf-8")


def test_a_post_is_not_written_out_of_the_site(blog: Path, tmp_path: Path) -> None:
    """`_posts` may be a symbolic link, but not to a place outside."""
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    blog.joinpath("_posts").rmdir()
    blog.joinpath("_posts").symlink_to(outside)
    assert 1 == main(["new", "--site", str(blog), "A title"])
    assert [] == list(outside.iterdir())
