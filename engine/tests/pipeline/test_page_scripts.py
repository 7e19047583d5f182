"""The scripts of pages with charts: the site's own copies, and no file of the author's."""

from __future__ import annotations

from pathlib import Path

import pytest
from toysite import HEADER

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.errors import FileError
from post_builder.pipeline.page_scripts import write_scripts
from post_builder.rendering.blocks import LIBRARIES, SCRIPT
from post_builder.site import Site, open_site

OURS = b"/* Written by post-builder, which"


@pytest.fixture
def site(blog: Path) -> Site:
    """Open the smallest site."""
    return open_site(blog)


@pytest.fixture
def post() -> Post:
    """Return a post that shows a chart of Plotly."""
    text = f'<p data-chart="plotly"></p>\n<script src="/{SCRIPT}"></script>\n'
    found = parse(f"{HEADER}```python\nx = 1\n```\n\n{text}")
    assert found is not None
    return found


def script(site: Site, content: bytes | None) -> Path:
    """Put a script where a build would write its own."""
    path = site.root / SCRIPT
    path.parent.mkdir(parents=True)
    if content is not None:
        path.write_bytes(content)
    return path


def test_a_script_of_the_author_stays(site: Site, post: Post) -> None:
    """Whoever does not want ours writes one."""
    path = script(site, b"/* mine */")
    write_scripts(site, post, "")
    assert b"/* mine */" == path.read_bytes()


@pytest.mark.parametrize("before", [None, OURS + b" an older one */"], ids=["none", "an older one"])
def test_our_script_is_written_and_replaced(site: Site, post: Post, before: bytes | None) -> None:
    """It begins with a mark by which the next build knows it."""
    path = script(site, before)
    write_scripts(site, post, "")
    assert path.read_bytes().startswith(OURS)
    assert b"postBuilderOutputs) return" in path.read_bytes()  # a page may name it twice


def test_a_library_is_copied_once(site: Site, post: Post, tmp_path: Path) -> None:
    """A copy of the author's stays, and only a file of Plotly's name is taken."""
    copy, source = site.root / LIBRARIES["plotly"], tmp_path / "plotly.min.js"
    source.write_bytes(b"new")
    [note] = write_scripts(site, post, str(tmp_path / "other.js"))
    assert "copy plotly.min.js there" in note.message
    assert () == write_scripts(site, post, str(source))
    assert b"new" == copy.read_bytes()
    copy.write_bytes(b"mine")
    assert () == write_scripts(site, post, str(source))
    assert b"mine" == copy.read_bytes()


def test_no_script_is_written_through_a_link_that_leads_out(
    site: Site, post: Post, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A pull request may bring one."""
    outside = tmp_path_factory.mktemp("outside") / "x.js"
    outside.write_bytes(OURS)
    script(site, None).symlink_to(outside)
    with pytest.raises(FileError):
        write_scripts(site, post, "")
    assert OURS == outside.read_bytes()
