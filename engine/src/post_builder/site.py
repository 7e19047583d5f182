"""A Jekyll site as the engine sees it: where things are, and the settings of `_config.yml`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

from post_builder.errors import Place, SiteError
from post_builder.files import load_yaml

CONFIG = "_config.yml"
"""The file that makes a folder a Jekyll site, and holds the settings under `post_builder:`."""

_SUFFIXES = {".md", ".markdown", ".mkdown", ".mkdn", ".mkd"}
"""What Jekyll takes for Markdown by default."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands under `post_builder:`, or serves where nothing does."""

    timeout: float = 600
    """Seconds that one cell may take."""
    jobs: int = 1
    """Posts that run at once."""
    figure_format: str = "svg"
    """`svg` or `png`."""
    figure_dpi: int = 192
    """Dots per inch of PNG figures; a page has 96, so 192 is sharp on dense screens."""
    output_limit: int = 20_000
    """Characters of one text output; the rest is cut with a note."""
    tolerance: float = 1e-6
    """By how much numbers may drift, relative and absolute."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables that kernels see beside the allow-list."""

    def for_digest(self) -> dict[str, object]:
        """Give the settings that outputs depend on."""
        keys = ("figure_format", "figure_dpi", "output_limit")
        return {key: getattr(self, key) for key in keys} | {"environment": dict(self.environment)}


@dataclass(frozen=True, slots=True)
class Site:
    """A Jekyll site."""

    root: Path
    """Absolute, without symbolic links."""
    settings: Settings = field(default_factory=Settings)
    url: str = ""
    """Where the site is published, its base URL included; empty where nobody said."""

    def posts(self) -> Iterator[Path]:
        """Yield the Markdown files under `_posts/`, in order."""
        for path in sorted((self.root / "_posts").rglob("*")):
            if path.suffix in _SUFFIXES and path.is_file() and not path.name.startswith("."):
                yield path

    def shown(self, path: Path) -> str:
        """Name a file as errors and records do: relative to the root."""
        return path.relative_to(self.root).as_posix()

    def records(self) -> list[Path]:
        """Give the build records, in order."""
        return sorted((self.root / "_data" / "builds").glob("*.json"))

    def record(self, slug: str) -> Path:
        """Where a post's build record is kept."""
        return self.root / "_data" / "builds" / f"{slug}.json"

    def figures(self, slug: str) -> str:
        """Name the folder of a post's figures."""
        return f"assets/images/{slug}"

    def download(self, slug: str, suffix: str) -> str:
        """Name a post's notebook or script."""
        return f"assets/notebooks/{slug}{suffix}"


def slug_of(path: Path) -> str:
    """Give a post's name without its date, as Jekyll does."""
    return re.sub(r"^\d+-\d+-\d+-", "", path.stem)


def open_site(folder: Path) -> Site:
    """Read a site's settings.

    Raises:
        SiteError: where the folder is no Jekyll site or a setting is unknown or of the wrong kind.
    """
    root = folder.resolve()
    path = root / CONFIG
    if not path.is_file():
        hint = "run it at the root of a Jekyll site, or name one with --site DIR"
        raise SiteError(f"there is no {CONFIG} in {folder}", hint=hint)
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        loaded = load_yaml(text) or {}
    except (yaml.YAMLError, ValueError, AttributeError, LookupError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(CONFIG, mark.line + 1 if mark else None)
        raise SiteError(f"not valid YAML: {getattr(error, 'problem', error)}", place) from error
    if not isinstance(loaded, dict):
        raise SiteError("no mapping of keys to values", Place(CONFIG, 1))
    url = f"{loaded.get('url') or ''}{loaded.get('baseurl') or ''}"
    return Site(root, _settings(loaded.get("post_builder") or {}, text), url)


def _settings(given: object, text: str) -> Settings:
    if not isinstance(given, dict):
        raise SiteError("post_builder: must be a mapping", _place(text, "post_builder"))
    known = {f.name for f in fields(Settings)}
    for key in given:
        if key not in known:
            near = get_close_matches(str(key), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            raise SiteError(f"unknown setting {key}", _place(text, str(key)), hint)
    settings: dict[str, Any] = {key: _checked(key, value, text) for key, value in given.items()}
    return Settings(**settings)


def _checked(key: str, value: object, text: str) -> object:
    """Return a setting's value in its type, or say what it must be."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if key == "environment":
        plain = str | int | float
        good = isinstance(value, dict) and all(
            isinstance(entry, plain) and not isinstance(entry, bool) for entry in value.values()
        )
        wanted = "a mapping of names to texts or numbers (put on, off, yes and no in quotes)"
        value = {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value
    elif key == "figure_format":
        good, wanted = value in ("svg", "png"), "svg or png"
    elif key in {"jobs", "figure_dpi", "output_limit"}:
        good, wanted = isinstance(value, int) and number and value > 0, "a whole number above 0"
    else:
        good, wanted = isinstance(value, int | float) and number and value >= 0, "a number"
    if not good:
        raise SiteError(f"{key} must be {wanted}, not {value!r}", _place(text, key))
    return value


def _place(text: str, key: str) -> Place:
    """Find the line of a key in `_config.yml`, at or under `post_builder:`."""
    inside = False
    for number, line in enumerate(text.split("\n"), 1):
        inside = inside or line.startswith("post_builder")
        if inside and re.search(rf"(?<!\w){re.escape(key)}\s*:", line):
            return Place(CONFIG, number, line.strip("\r"))
    return Place(CONFIG)
