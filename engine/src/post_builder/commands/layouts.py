"""Which layouts and includes a site has: its own files and those of its theme."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from post_builder.site import Site
from post_builder.yaml_reader import read_mapping

_POST_LAYOUTS = ("post", "single", "default")
"""Names that themes use for the layout of a post, best first."""

_LISTED_FILES: Mapping[str, frozenset[str]] = {
    "minima": frozenset({"_layouts/post.html", "assets/main.scss", "_sass/minima.scss"}),
    "remote minima": frozenset({"_layouts/post.html", "_includes/custom-head.html"}),
    "minimal-mistakes": frozenset(
        {"_layouts/single.html", "_includes/figure", "_includes/head/custom.html"}
    ),
    "chirpy": frozenset({"_layouts/post.html", "_includes/metadata-hook.html"}),
    "just-the-docs": frozenset({"_layouts/default.html", "_includes/head_custom.html"}),
}
"""What `init` and `new` ask about, for themes whose files may not be on this machine.

A gem of minima is version 2; its repository, which `remote_theme` uses, is at version 3.
"""

_FIND_GEM = "print Gem::Specification.find_by_name(ARGV[0]).full_gem_path"
"""Ruby that prints the folder of an installed gem."""

_RUBY_SECONDS = 30
"""Time limit for a question to Ruby; it usually takes half a second."""


class Theme(Struct, frozen=True):
    """The theme of a site."""

    name: str = ""
    """Name of the gem or repository; empty for a site without a theme."""
    folder: Path | None = None
    """Where the files of the theme are; None if they are not on this machine."""
    listed: frozenset[str] = frozenset()
    """Files that the theme is known to have."""

    def has(self, path: str) -> bool:
        """Tell whether the theme has a file, by its path relative to the theme's root."""
        return path in self.listed if self.folder is None else (self.folder / path).is_file()


def find_theme(site: Site) -> Theme:
    """Find the theme that `_config.yml` names, and its files if Ruby has them."""
    config = _config(site)
    if gem := str(config.get("theme") or ""):
        return Theme(gem, _gem_folder(site, gem), _listed_files(gem))
    if remote := str(config.get("remote_theme") or ""):
        name = remote.partition("@")[0].rstrip("/").rpartition("/")[2]
        prefix = "remote " if name == "minima" else ""
        return Theme(remote, listed=_listed_files(f"{prefix}{name}"))
    return Theme()


def post_layout(site: Site) -> str | None:
    """Choose the layout for a new post.

    This is the one that the `defaults` of `_config.yml` set for posts, or else the first usual
    name among the layouts of the site and its theme.

    Returns:
        The name of the layout, or None if the site has none to choose from.
    """
    if layout := _default_layout(_config(site)):
        return layout
    own = {path.stem for path in (site.root / "_layouts").glob("*.*")}
    if _POST_LAYOUTS[0] in own:
        return _POST_LAYOUTS[0]
    theme = find_theme(site)
    for name in _POST_LAYOUTS:
        if name in own or theme.has(f"_layouts/{name}.html"):
            return name
    return None if theme.folder or not theme.name else _POST_LAYOUTS[0]


def _config(site: Site) -> Mapping[str, Any]:
    return read_mapping(site.config.read_text(encoding="utf-8", errors="replace"))


def _listed_files(name: str) -> frozenset[str]:
    """Look up a theme by its gem or repository, such as `jekyll-theme-chirpy`."""
    key = re.sub(r"^jekyll-theme-|-jekyll$", "", name.lower())
    return _LISTED_FILES.get(key, frozenset())


def _gem_folder(site: Site, gem: str) -> Path | None:
    """Ask Ruby where a gem is: the version that the site's lock file names, or the newest."""
    for command in _questions(site, gem):
        try:
            answer = subprocess.run(
                command,
                cwd=site.root,
                env={**os.environ, "BUNDLE_FROZEN": "true"},  # bundler writes no lock file
                capture_output=True,
                text=True,
                timeout=_RUBY_SECONDS,
                check=True,
            ).stdout
        except (OSError, subprocess.SubprocessError):
            continue
        folder = Path(answer.strip().rpartition("\n")[2])
        if folder.is_absolute() and folder.is_dir():
            return folder
    return None


def _questions(site: Site, gem: str) -> Iterator[list[str]]:
    if re.fullmatch(r"\w[\w.-]*", gem):
        if (site.root / "Gemfile.lock").is_file():
            yield ["bundle", "info", "--path", gem]
        yield ["ruby", "-e", _FIND_GEM, gem]


def _default_layout(config: Mapping[str, Any]) -> str | None:
    """Return the layout that front matter defaults set for posts.

    As in Jekyll, a scope with a path or a type beats one without, then the last one wins.
    """
    found: list[tuple[bool, bool, int, str]] = []
    defaults = config.get("defaults")
    entries = defaults if isinstance(defaults, list) else []
    for index, entry in enumerate(entry for entry in entries if isinstance(entry, dict)):
        scope, values = (entry.get(key) or {} for key in ("scope", "values"))
        path, kind = str(scope.get("path") or "").strip("/"), scope.get("type")
        if values.get("layout") and path in {"", "_posts"} and kind in {None, "", "posts"}:
            found.append((bool(path), bool(kind), index, str(values["layout"])))
    return max(found)[-1] if found else None
