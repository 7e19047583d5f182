"""What the page beside the editor is told while posts build."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.errors import RaisedError
from post_builder.place import Place
from post_builder.ui.outcomes import Outcome
from post_builder.ui.progress import Silent
from post_builder.ui.status_file import StatusFile

TEXT = """---
jupyter: python3
---
```python
1
```

```python
2
```
{: #slope}
"""


@pytest.fixture
def post() -> Post:
    """Return a post of two cells."""
    read = parse(TEXT, "_posts/p.md")
    assert read is not None
    return read


def told(status: StatusFile) -> dict[str, Any]:
    """Return what a page reads."""
    return dict(json.loads(status.path.read_text(encoding="utf-8")))


def test_a_page_follows_its_post_from_the_save_to_the_end(tmp_path: Path, post: Post) -> None:
    """Stale, running by cell, built; then an error with its line."""
    status = StatusFile(tmp_path / "own" / "status.json", Silent())
    status.saved([post.path])
    assert {post.path: {"state": "stale"}} == told(status)
    status.post_started(post, ["cell slope edited"])
    status.cell_started(post, post.cells[1])
    running = {"state": "running", "cell": 2, "of": 2, "name": "slope"}
    assert {post.path: running} == told(status)
    status.post_ended(post, "built in 1.0 s")
    status.ended([Outcome(post.path, "built")])
    assert {post.path: {"state": "fresh"}} == told(status)
    error = RaisedError("cell slope raised NameError: x", Place(post.path, 9))
    status.ended([Outcome(post.path, "failed", error=error)])
    message = "cell slope raised NameError: x, line 9"
    assert {post.path: {"state": "failed", "message": message}} == told(status)


def test_nothing_is_left_when_nobody_watches(tmp_path: Path) -> None:
    """A page would believe it; closing twice, or before anything was said, is no error."""
    status = StatusFile(tmp_path / "own" / "status.json", Silent())
    status.close()
    status.saved(["_posts/p.md"])
    status.close()
    assert [] == list((tmp_path / "own").iterdir())
    status.close()


def test_nothing_is_written_through_a_link(tmp_path: Path, post: Post) -> None:
    """Whoever may add files to a site could put one at the name of the temporary file."""
    outside = tmp_path / "outside"
    outside.write_text("precious", encoding="utf-8")
    own = tmp_path / "own"
    own.mkdir()
    own.joinpath(".status.json.tmp").symlink_to(outside)
    status = StatusFile(own / "status.json", Silent())
    status.saved([post.path])
    assert "precious" == outside.read_text(encoding="utf-8")
    assert told(status)


def test_nothing_is_written_or_removed_in_a_folder_to_which_a_link_leads(tmp_path: Path) -> None:
    """The link may have taken the folder's place while posts were watched."""
    outside = tmp_path / "outside"
    outside.mkdir()
    outside.joinpath("status.json").write_text("precious", encoding="utf-8")
    tmp_path.joinpath("own").symlink_to(outside)
    status = StatusFile(tmp_path / "own" / "status.json", Silent())
    status.saved(["_posts/p.md"])
    status.close()
    (left,) = outside.iterdir()
    assert "precious" == left.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """It is a comfort, and builds go on without it."""
    tmp_path.joinpath("own").touch()
    status = StatusFile(tmp_path / "own" / "status.json", Silent())
    status.saved(["_posts/p.md"])
    status.close()
