"""The files of a work tree on a worker are written once, however many posts run there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from post_builder.cluster.layout import Layout
from post_builder.files import digest

FILES = {"_config.yml": b"title: Blog\n", "data/a.csv": b"1,2\n"}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """Lay out a work tree as the first post of a build does."""
    store = tmp_path / "store"
    store.mkdir()
    for data in FILES.values():
        store.joinpath(digest(data)).write_bytes(data)
    listing = {path: (digest(data), False) for path, data in FILES.items()}
    store.joinpath("manifest").write_text(json.dumps(listing), "utf-8")
    layout = Layout(tmp_path / "tree", store)
    assert layout.missing("manifest", {}) == ()
    layout.lay_out({})
    return layout


def test_the_next_post_finds_the_files_as_they_were_laid_out(layout: Layout) -> None:
    """Not copies: a site has thousands of files, and each post would write them all."""
    before = {path: layout.root.joinpath(path).stat() for path in FILES}
    assert layout.missing("manifest", {}) == ()
    layout.lay_out({})
    assert {path: layout.root.joinpath(path).stat() for path in FILES} == before


def test_only_what_changed_is_laid_out_again(layout: Layout) -> None:
    """The other files stay."""
    before, data = layout.root.joinpath("_config.yml").stat(), b"3,4\n"
    changed = {"data/a.csv": (digest(data), False)}
    assert layout.missing("manifest", changed) == (digest(data),)
    layout.store.joinpath(digest(data)).write_bytes(data)
    layout.lay_out(changed)
    assert layout.root.joinpath("data/a.csv").read_bytes() == data
    assert layout.root.joinpath("_config.yml").stat() == before
