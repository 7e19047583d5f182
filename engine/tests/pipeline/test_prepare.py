"""A post on its way in."""

from pathlib import Path

import pytest
from toysite import HEADER

from post_builder.errors import PostError, RecordError, SnippetError
from post_builder.pipeline.prepare import prepare
from post_builder.site import open_site

CELL = f"{HEADER}```python\nx\n```\n"


def _write(blog: Path, name: str, text: str = CELL) -> Path:
    path = blog / "_posts" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_a_post_that_was_never_built_is_stale(blog: Path) -> None:
    """It has no record, and no older text."""
    state = prepare(open_site(blog), _write(blog, "2020-01-01-a.md"), "a", ())
    assert state is not None
    assert (state.name, state.record, state.text_changed) == ("a", None, False)
    assert ["never built"] == [reason.message for reason in state.reasons]
    assert "_posts/2020-01-01-a.md" == state.post.path


def test_a_post_without_a_kernel_is_skipped(blog: Path) -> None:
    """Its front matter may say what it likes."""
    path = _write(blog, "a.md", "---\ndepends: nothing\n---\n")
    assert prepare(open_site(blog), path, None, ()) is None


def test_what_a_post_depends_on_is_checked_before_it_runs(blog: Path) -> None:
    """A mistake in `depends:` is an error of the post."""
    path = _write(blog, "a.md", CELL.replace("jupyter", "depends: [no.csv]\njupyter", 1))
    with pytest.raises(PostError, match=r"^_posts/a\.md:1: depends: 'no\.csv' matches no file"):
        prepare(open_site(blog), path, "a", ())


def test_a_source_that_is_not_found_is_an_error(blog: Path) -> None:
    """The cell is named, with its line."""
    path = _write(blog, "a.md", CELL + '{: data-source="none:f"}\n')
    with pytest.raises(SnippetError, match=r"^_posts/a\.md:4: cell cell-1, data-source='none:f'"):
        prepare(open_site(blog), path, "a", ())


def test_a_record_that_cannot_be_read_stops_its_post(blog: Path) -> None:
    """The post is not run again as if it had none."""
    site = open_site(blog)
    site.record("a").parent.mkdir(parents=True)
    site.record("a").touch()
    with pytest.raises(RecordError, match=r"^_data/builds/a\.json: this build record cannot be"):
        prepare(site, _write(blog, "2020-01-01-a.md"), "a", ())
