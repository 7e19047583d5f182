"""The layout and the date of a new post."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from post_builder.cli import main
from post_builder.commands.layouts import post_layout
from post_builder.site import open_site

DEFAULTS = """\
defaults:
  - scope: {path: ""}
    values: {layout: page}
  - scope: {path: "", type: posts}
    values: {layout: article}
  - scope: {path: "", type: pages}
    values: {layout: page}
  - scope: {path: _drafts}
    values: {layout: draft}
"""


@pytest.mark.parametrize(
    ("config", "layouts", "expected"),
    [
        ("title: x\n", [], None),
        ("title: x\n", ["default.html"], "default"),
        ("title: x\n", ["default.html", "post.liquid"], "post"),
        ("title: x\n", ["single.html", "default.html"], "single"),
        ("theme: minima\n", ["default.html"], "post"),
        ("theme: minima\n", ["single.html"], "post"),
        ("remote_theme: mmistakes/minimal-mistakes\n", ["default.html"], "single"),
        ("remote_theme: https://github.com/mmistakes/minimal-mistakes@4\n", [], "single"),
        ("remote_theme: someone/unheard-of\n", [], "post"),
        ("remote_theme: just-the-docs/just-the-docs\n", [], "default"),
        (DEFAULTS, ["post.html"], "article"),
        ("defaults: [{scope: {path: _posts/}, values: {layout: a}}]\n", [], "a"),
        ("defaults: [{values: {layout: a}}, {values: {layout: b}}]\n", [], "b"),
        ("defaults: [oops, {scope: , values: }]\n", ["post.html"], "post"),
        ("defaults: oops\n", ["post.html"], "post"),
    ],
)
def test_new_post_uses_a_layout_of_the_site(
    tmp_path: Path, config: str, layouts: list[str], expected: str | None
) -> None:
    """Front matter defaults first, then the usual names in the site and its theme."""
    tmp_path.joinpath("_config.yml").write_text(config)
    tmp_path.joinpath("_layouts").mkdir()
    for name in layouts:
        tmp_path.joinpath("_layouts", name).touch()
    assert expected == post_layout(open_site(tmp_path))
    assert 0 == main(["new", "A post", "--site", str(tmp_path), "--json"])
    [post] = tmp_path.glob("_posts/*.md")
    lines = post.read_text().split("\n")
    assert [f"layout: {expected}"] * bool(expected) == [
        line for line in lines if line.startswith("layout:")
    ]


@pytest.fixture(params=["Pacific/Kiritimati", "Etc/GMT+12"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[ZoneInfo]:
    """Move the author to one of two places that never have the same date."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", request.param)
        time.tzset()
        yield ZoneInfo(request.param)
    time.tzset()


@pytest.mark.parametrize("command", [["new", "A post"], ["init"]])
def test_new_post_has_the_date_of_its_author(
    tmp_path: Path, zone: ZoneInfo, command: list[str]
) -> None:
    """Jekyll hides a post whose date is tomorrow's where it is built."""
    tmp_path.joinpath("_config.yml").write_text("title: x\n")
    before = dt.datetime.now(zone).date()
    assert 0 == main([*command, "--site", str(tmp_path), "--json"])
    [post] = tmp_path.glob("_posts/*.md")
    assert post.name[:10] in {str(before), str(dt.datetime.now(zone).date())}
