"""What builds made, known from one reading of the records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import made_up_run, printed
from toysite import HEADER

from post_builder.commands.build import build
from post_builder.commands.check import check
from post_builder.document.parsing import parser
from post_builder.document.parsing.parser import Problems, inspect
from post_builder.document.post import Post
from post_builder.execution.run import Run
from post_builder.freshness import record
from post_builder.freshness.record import Made
from post_builder.pipeline.made.records import MadeProducts
from post_builder.pipeline.prepare import PostState
from post_builder.site import Site, open_site
from post_builder.ui.progress import Silent

BODY = '```python\nprint({0})\n```\n{{: #c data-products="assets/models/{0}.{1}"}}\n'
BIN = "assets/models/1.bin"


class MadeUp:
    """Runs posts without a kernel: each prints and writes a file."""

    def expect(self, *_: object) -> None:
        """Prepare nothing."""

    async def run(self, state: PostState, *_: object) -> Run:
        """Return what a run would have given."""
        return made_up_run(state.prepared, ((printed("1\n"),),))


def _site(root: Path, posts: int, ending: str) -> Site:
    """Write posts whose products have an ending."""
    root.joinpath("_posts").mkdir(parents=True, exist_ok=True)
    root.joinpath("_config.yml").write_text("title: Posts\n", encoding="utf-8")
    for number in range(posts):
        text = f"{HEADER}\n{BODY.format(number, ending)}"
        root.joinpath(f"_posts/2020-01-01-post-{number}.md").write_text(text, encoding="utf-8")
    return open_site(root)


def _build(site: Site) -> list[str]:
    building = build(site, list(site.posts()), Silent(), force=True, jobs=2, runner=MadeUp())
    outcomes = asyncio.run(building)
    return [outcome.status for outcome in outcomes]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count how often a record is read, since the last time that this is called."""
    names: list[str] = []
    read = record._read

    def counting(site: Site, name: str) -> bytes | None:
        names.append(name)
        return read(site, name)

    def count() -> int:
        number = len(names)
        names.clear()
        return number

    monkeypatch.setattr(record, "_read", counting)
    return count


def test_what_is_read_grows_with_the_posts(tmp_path: Path, reads: Callable[[], int]) -> None:
    """Each post no longer makes a product, which another one may have taken over."""
    counts = []
    for number in (4, 8, 16):
        root = tmp_path / str(number)
        assert ["built"] * number == _build(_site(root, number, "old"))
        reads()
        assert ["built"] * number == _build(_site(root, number, "new"))
        assert ["new"] * number == [file.suffix[1:] for file in root.glob("assets/models/*")]
        counts.append(reads() / number)
    assert counts[0] == counts[1] == counts[2]


def _made(post: str, *products: str) -> Made:
    return Made(record.FORMAT, post, {}, {}, products=dict.fromkeys(products, "0" * 32))


def test_what_is_written_and_removed_is_known(blog: Path) -> None:
    """A record of a name takes the place of the one before it; others stay."""
    known = MadeProducts(open_site(blog))
    assert BIN not in known
    known.written("a", _made("_posts/a.md", BIN))
    assert BIN in known
    assert not known.has_other_maker(BIN, "a")
    known.written("b", _made("_posts/b.md", BIN, "assets/models/b.bin"))
    assert known.has_other_maker(BIN, "a")
    known.written("b", _made("_posts/b.md", "assets/models/b.bin"))
    assert not known.has_other_maker(BIN, "a")
    known.removed("a")
    assert BIN not in known
    assert "assets/models/b.bin" in known


def test_what_was_written_before_the_first_question_is_read(blog: Path) -> None:
    """The records are then read as they are."""
    site = open_site(blog)
    known = MadeProducts(site)
    known.written("a", _made("_posts/a.md", BIN))
    assert BIN not in known
    known.written("a", _made("_posts/a.md", BIN))
    assert BIN in known


def test_each_post_is_parsed_some_times_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether two cells declare one product is not found out by parsing all posts at each."""
    texts: list[str] = []

    def noting(text: str, *arguments: Any) -> tuple[Post | None, Problems]:
        texts.append(text)
        return inspect(text, *arguments)

    monkeypatch.setattr(parser, "inspect", noting)
    counts = []
    for number in (4, 8, 16):
        site = _site(tmp_path / str(number), number, "bin")
        texts.clear()
        check(site, list(site.posts()))
        counts.append(len(texts) / number)
    assert counts[0] == counts[1] == counts[2]
