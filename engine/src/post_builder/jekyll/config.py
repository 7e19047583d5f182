"""The keys of `_config.yml` that decide where posts are, and when they are published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

_EXTENSIONS = "markdown,mkdown,mkdn,mkd,md"
"""File name extensions that Jekyll treats as Markdown by default."""

_EXCLUDED = (
    *(".sass-cache", ".jekyll-cache", "gemfiles", "Gemfile", "Gemfile.lock", "node_modules"),
    *("vendor/bundle/", "vendor/cache/", "vendor/gems/", "vendor/ruby/"),
)
"""What Jekyll excludes in addition to the site's own list."""

_MAX_NAME = 250
"""Bytes of the name of a folder; file systems take 255, and a collection has a mark before it."""


class JekyllConfig(Struct, frozen=True, eq=False):
    """The part of `_config.yml` that decides what a post is."""

    source: str = ""
    """Folder of the site's sources below that of `_config.yml`; empty if they are one."""
    destination: str = "_site"
    """Where Jekyll writes the site, relative to the source."""
    collections_dir: str = ""
    """Folder that contains `_posts`, `_drafts` and the collections, relative to the source."""
    collections: tuple[str, ...] = ()
    """Labels, without that of posts."""
    extensions: frozenset[str] = frozenset(f".{name}" for name in _EXTENSIONS.split(","))
    """Of Markdown files, with their dot."""
    exclude: tuple[str, ...] = _EXCLUDED
    include: tuple[str, ...] = (".htaccess",)
    defaults: tuple[Mapping[str, Any], ...] = ()
    """Sets of front matter defaults, each with `scope` and `values`."""
    timezone: str = ""
    """Of dates without one; empty for that of the machine."""
    future: bool = False
    """Whether posts with a date in the future are published."""
    unpublished: bool = False
    """Whether posts with `published: false` are."""
    drafts: bool = False
    """Whether drafts are."""
    kramdown: Mapping[str, Any] = field(default_factory=dict)
    """Options of the Markdown converter."""


def read_config(given: Mapping[str, Any]) -> JekyllConfig:
    """Pick the keys of `_config.yml` that matter; what Jekyll would refuse counts as not given."""
    kramdown = given.get("kramdown")
    return JekyllConfig(
        source=_folder(given.get("source")),
        destination=_below(given.get("destination")) or "_site",
        collections_dir=_below(given.get("collections_dir")),
        collections=tuple(filter(_is_folder, _names(given.get("collections"), "posts"))),
        extensions=frozenset(
            f".{name.strip()}" for name in str(given.get("markdown_ext") or _EXTENSIONS).split(",")
        ),
        exclude=(*_names(given.get("exclude")), *_EXCLUDED),
        include=tuple(_names(given.get("include", [".htaccess"]))),
        defaults=tuple(filter(_is_set, _list(given.get("defaults")))),
        timezone=str(given.get("timezone") or ""),
        future=bool(given.get("future")),
        unpublished=bool(given.get("unpublished")),
        drafts=bool(given.get("show_drafts")),
        kramdown=kramdown if isinstance(kramdown, dict) else {},
    )


def _folder(value: object) -> str:
    parts = [part for part in str(value or "").split("/") if part not in {"", "."}]
    return "/".join(parts)


def _below(value: object) -> str:
    """Return the path of a folder; empty for one that is no path below the source."""
    path = _folder(value)
    return path if all(map(_is_folder, path.split("/"))) else ""


def _is_folder(name: str) -> bool:
    """Return whether something can be the name of a folder in another one."""
    is_name = name != ".." and not {"/", "\0"}.intersection(name)
    return is_name and len(name.encode("utf-8", "replace")) <= _MAX_NAME


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(value: object, *known: str) -> list[str]:
    names = list(value) if isinstance(value, dict) else _list(value)
    return [name for name in names if isinstance(name, str) and name not in known]


def _is_set(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("values"), dict)
