"""A Jekyll site as the engine sees it: where posts are, and where builds put things."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from post_builder.errors import SiteError
from post_builder.place import Place
from post_builder.settings import CONFIG, KEY, Settings, read_settings
from post_builder.yaml_reader import YamlError, read_mapping

_MARKDOWN = {".md", ".markdown", ".mkdown", ".mkdn", ".mkd"}
"""File name extensions that Jekyll treats as Markdown by default."""


@dataclass(frozen=True, slots=True)
class Site:
    """A Jekyll site."""

    root: Path
    """Absolute, without symbolic links."""
    settings: Settings = field(default_factory=Settings)
    url: str = ""
    """Where the site is published, base URL included; empty if `_config.yml` does not say."""
    parse_block_html: bool = False
    """Whether kramdown reads the content of HTML blocks as Markdown."""

    def posts(self) -> Iterator[Path]:
        """Yield the Markdown files under `_posts/`, in order."""
        for path in sorted((self.root / "_posts").rglob("*")):
            if path.suffix in _MARKDOWN and path.is_file() and not path.name.startswith("."):
                yield path

    def relative(self, path: Path) -> str:
        """Return a path as errors and records name it: relative to the root."""
        return path.relative_to(self.root).as_posix()

    def records(self) -> list[Path]:
        """Return the build records, in order."""
        return sorted((self.root / "_data" / "builds").glob("*.json"))

    def record(self, slug: str) -> Path:
        """Return where the build record of a post is kept."""
        return self.root / "_data" / "builds" / f"{slug}.json"

    def figures(self, slug: str) -> str:
        """Return the folder of a post's figures, relative to the root."""
        return f"assets/images/{slug}"

    def download(self, slug: str, suffix: str) -> str:
        """Return the path of a post's notebook or script, relative to the root."""
        return f"assets/notebooks/{slug}{suffix}"


def slug_of(path: Path) -> str:
    """Return the name of a post without its date, as Jekyll does."""
    return re.sub(r"^\d+-\d+-\d+-", "", path.stem)


def open_site(folder: Path) -> Site:
    """Read the settings of a site.

    Raises:
        SiteError: if the folder is not a Jekyll site, or a setting is unknown or of the wrong kind.
    """
    root = folder.resolve()
    path = root / CONFIG
    if not path.is_file():
        hint = "run the command at the root of a Jekyll site, or name one with --site DIR"
        raise SiteError(f"there is no {CONFIG} in {folder}", hint=hint)
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        config = read_mapping(text)
    except YamlError as error:
        raise SiteError(str(error), Place(CONFIG, error.line)) from error
    url = f"{config.get('url') or ''}{config.get('baseurl') or ''}"
    kramdown = config.get("kramdown")
    parses = isinstance(kramdown, dict) and kramdown.get("parse_block_html") is True
    return Site(root, read_settings(config.get(KEY) or {}, text), url, parses)
