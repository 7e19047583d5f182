"""Posts that Jekyll does not publish now."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from commandline import write

from post_builder.cli.commands import _today
from post_builder.jekyll.config import read_config
from post_builder.jekyll.publishing import why_unpublished
from post_builder.site import open_site

NOW = dt.datetime(2026, 5, 4, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("path", "front_matter", "config", "reason"),
    [
        ("_posts/2026-05-01-a.md", {}, {}, ""),
        ("_posts/2026-05-05-a.md", {}, {}, "its date is in the future"),
        ("_posts/2026-05-05-a.md", {}, {"future": True}, ""),
        ("_posts/2026-05-05-a.md", {"date": dt.date(2026, 5, 4)}, {"timezone": "UTC"}, ""),
        ("_posts/2026-05-01-a.md", {"date": "2026-05-04 13:00:00 +0200"}, {}, ""),
        (
            "_posts/2026-05-01-a.md",
            {"date": "2026-05-04 13:00:00 +0000"},
            {},
            "its date is in the future",
        ),
        (
            "_posts/2026-05-01-a.md",
            {"date": "2026-05-04 13:00"},
            {"timezone": "America/New_York"},
            "its date is in the future",
        ),
        (
            "_posts/2026-05-01-a.md",
            {"date": "2026-05-04 13:00"},
            {"timezone": "Asia/Tokyo"},
            "",
        ),
        ("_posts/a.md", {}, {}, "its file name does not start with a date"),
        ("_posts/2026-05-01-a.md", {"published": False}, {}, "it has `published: false`"),
        ("_posts/2026-05-01-a.md", {"published": False}, {"unpublished": True}, ""),
        ("_drafts/a.md", {}, {}, "it is a draft"),
        ("_drafts/a.md", {}, {"show_drafts": True}, ""),
        ("page.md", {}, {}, ""),
    ],
)
def test_jekyll_leaves_out_what_it_says(
    path: str, front_matter: dict[str, object], config: dict[str, object], reason: str
) -> None:
    """By file name, front matter and settings, at the time of the site."""
    assert reason == why_unpublished(read_config(config), path, front_matter, NOW)


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "nowhere", ""])
def test_a_new_post_has_the_date_of_the_site(tmp_path: Path, zone: str) -> None:
    """East of the machine it is tomorrow already, west of it still yesterday."""
    write(tmp_path, "_config.yml", f"title: A\ntimezone: {zone}\n")
    today = _today(open_site(tmp_path))
    hours = {"Pacific/Kiritimati": 14, "Pacific/Pago_Pago": -11}.get(zone)
    if hours is None:
        assert dt.datetime.now().astimezone().date() == today
    else:
        assert (dt.datetime.now(dt.UTC) + dt.timedelta(hours=hours)).date() == today
