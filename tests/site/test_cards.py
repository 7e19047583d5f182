"""The pictures that a build draws: social cards and icons."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path

import cards
import pytest
from playwright.sync_api import Error, Playwright

POST = """---
title: A line
header: {teaser: /assets/images/line/fit.svg}
---
Text.
"""

FIGURE = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 2 1"><path d="M0 0h2"/></svg>'


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    """A site of one post with a figure, and of a file that is not a post."""
    for path, text in {
        "_config.yml": "title: A blog\n",
        "_includes/mark.svg": FIGURE,
        "assets/favicon.svg": FIGURE,
        "assets/images/line/fit.svg": FIGURE,
        "_posts/2026-01-01-line.md": POST,
        "_posts/2026-01-02-broken.md": "---\na: [\n---\n",
        "_posts/notes.md": "no front matter",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    (tmp_path / "_data").mkdir()
    return tmp_path


def old(blog: Path) -> list[str]:
    """Return the paths of the pictures that are out of date."""
    return [p.path for p in cards.stale(blog, cards.cards(blog) + cards.icons(blog))]


def pretend(blog: Path) -> None:
    """Write files and digests as if all pictures had been drawn."""
    pictures = cards.cards(blog) + cards.icons(blog)
    for picture in pictures:
        (blog / picture.path).parent.mkdir(parents=True, exist_ok=True)
        (blog / picture.path).write_bytes(b"drawn")
    digests = {picture.path: picture.digest for picture in pictures}
    (blog / cards.DIGESTS).write_text(json.dumps(digests), encoding="utf-8")


@pytest.fixture
def no_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no browser start."""

    def launch(_: Playwright) -> None:
        message = "no browser"
        raise Error(message)

    monkeypatch.setattr("chromium.launch", launch)


CARD = "assets/cards/line.png"


@pytest.mark.parametrize(
    ("path", "before", "after", "stale"),
    [
        ("_posts/2026-01-01-line.md", "A line", "Two lines", [CARD]),
        ("_posts/2026-01-01-line.md", "title:", "subtitle: fitted\ntitle:", [CARD]),
        ("_posts/2026-01-01-line.md", "Text.", "Other text.", []),
        ("assets/images/line/fit.svg", "h2", "h1", [CARD]),
        ("_config.yml", "A blog", "Another", [CARD]),
        ("assets/favicon.svg", "h2", "h1", list(cards.ICONS)),
    ],
)
def test_what_a_picture_shows_makes_it_stale(
    blog: Path, path: str, before: str, after: str, stale: list[str]
) -> None:
    """Title, subtitle, figure and site of a card, and the drawing of an icon; nothing else."""
    pretend(blog)
    assert [] == old(blog)
    file = blog / path
    file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    assert stale == old(blog)


def test_a_picture_that_is_gone_is_stale(blog: Path) -> None:
    """Whatever its digest says."""
    pretend(blog)
    (blog / CARD).unlink()
    assert [CARD] == old(blog)


@pytest.mark.slow
def test_a_build_draws_what_is_stale(blog: Path) -> None:
    """Each once, in its size, and says so; in a process of its own, as Playwright wants."""
    code = "import cards, pathlib, sys; cards.draw_stale(pathlib.Path(sys.argv[1]))"
    scripts = Path(cards.__file__).parent
    done = subprocess.run(
        [sys.executable, "-c", code, str(blog)], check=True, cwd=scripts, stdout=subprocess.PIPE
    )
    expected = [f"{path}: drawn" for path in (CARD, *cards.ICONS)]
    assert expected == done.stdout.decode().splitlines()
    for path, size in {CARD: (1200, 630), "assets/icon-48.png": (48, 48)}.items():
        assert size == struct.unpack(">II", (blog / path).read_bytes()[16:24])
    assert [] == old(blog)


@pytest.mark.usefixtures("no_browser")
def test_nothing_is_asked_for_where_nothing_is_stale(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No browser, no word, no file."""
    pretend(blog)
    cards.draw_stale(blog)
    assert ("", "") == capsys.readouterr()


@pytest.mark.usefixtures("no_browser")
def test_without_a_browser_stale_pictures_are_named(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They stay as they are, and stay stale; the build does not fail."""
    pretend(blog)
    (blog / "assets/images/line/fit.svg").write_text(FIGURE.replace("h2", "h1"), encoding="utf-8")
    cards.draw_stale(blog)
    assert f"{CARD}: out of date; drawing it needs Chromium\n" == capsys.readouterr().err
    assert b"drawn" == (blog / CARD).read_bytes()
    assert [CARD] == old(blog)


@pytest.mark.usefixtures("no_browser")
def test_the_card_of_a_post_that_is_gone_is_removed(blog: Path) -> None:
    """And no other file, whatever the list of digests names."""
    pretend(blog)
    file = blog / cards.DIGESTS
    known = json.loads(file.read_text(encoding="utf-8")) | {"_config.yml": "", "assets/cards": ""}
    file.write_text(json.dumps(known), encoding="utf-8")
    (blog / "_posts/2026-01-01-line.md").unlink()
    cards.draw_stale(blog)
    assert not (blog / CARD).exists()
    assert (blog / "_config.yml").exists()
    assert list(cards.ICONS) == sorted(json.loads(file.read_text(encoding="utf-8")), reverse=True)
