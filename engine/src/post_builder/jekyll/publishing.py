"""Whether Jekyll would publish a post now."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from post_builder.jekyll.config import JekyllConfig
from post_builder.jekyll.documents import kind_of

_DATED = re.compile(r"(?P<date>\d{2,4}-\d{1,2}-\d{1,2})-[^/]*$")
"""The name of a file in `_posts` that Jekyll reads."""

_TIME = re.compile(r"[ T]+(?P<time>\d{1,2}:\d\d(?::\d\d)?)")
_ZONE = re.compile(r"(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)\s*$")


def why_unpublished(
    config: JekyllConfig, path: str, front_matter: Mapping[str, Any], now: dt.datetime
) -> str:
    """Return why Jekyll would not publish a file now; empty if it would.

    Args:
        config: of its site.
        path: relative to the source.
        front_matter: with defaults.
        now: with a time zone.
    """
    kind = kind_of(config, path)
    dated = _DATED.match(path.rsplit("/", 1)[-1])
    if kind == "drafts" and not config.drafts:
        return "it is a draft"
    if kind == "posts" and not dated:
        return "its file name does not start with a date"
    if front_matter.get("published") is False and not config.unpublished:
        return "it has `published: false`"
    if kind == "pages" or config.future:
        return ""
    date = as_time(front_matter.get("date"), config) or as_time(dated and dated["date"], config)
    return "its date is in the future" if date and date > now else ""


def zone_of(config: JekyllConfig) -> dt.tzinfo | None:
    """Return the time zone of a site's dates; None for that of the machine."""
    if not config.timezone:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError  # noqa: PLC0415  # many sites name none

    try:
        return ZoneInfo(config.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # too long for the name of a file
        return None


def as_time(value: object, config: JekyllConfig) -> dt.datetime | None:
    """Read a date of front matter or of a file name; None if it is not one.

    A text without a zone has that of the site; YAML has read `2020-01-01 12:00:00` as UTC.
    """
    if isinstance(value, dt.datetime):
        return value if value.tzinfo else value.replace(tzinfo=dt.UTC)
    if isinstance(value, dt.date):
        return _local(dt.datetime(value.year, value.month, value.day), config)  # noqa: DTZ001
    return _read(value, config) if isinstance(value, str) else None


def _read(text: str, config: JekyllConfig) -> dt.datetime | None:
    day, _, _ = text.strip().partition(" ")
    time, zone = _TIME.search(text), _ZONE.search(text)
    try:
        year, month, date = (int(part) for part in day.partition("T")[0].split("-"))
        parts = [int(part) for part in time["time"].split(":")] if time else []
        hour, minute, second = [*parts, 0, 0, 0][:3]
        clock = dt.time(hour, minute, second)
        found = dt.datetime.combine(dt.date(year, month, date), clock)  # the zone follows
    except (ValueError, OverflowError):
        return None
    if zone and time:
        offset = dt.timedelta(hours=int(zone["hours"]), minutes=int(zone["minutes"]))
        return found.replace(tzinfo=dt.timezone(-offset if zone["sign"] == "-" else offset))
    return _local(found, config)


def _local(time: dt.datetime, config: JekyllConfig) -> dt.datetime:
    zone = zone_of(config)
    return time.replace(tzinfo=zone) if zone else time.astimezone()
