"""The style sheet for outputs, and how it gets onto the pages of a theme."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from post_builder.commands.init.steps import Step, create, template
from post_builder.commands.layouts import Theme
from post_builder.site import Site

_STYLESHEET = "assets/css/post-builder.css"
_LOADS = f"loads {_STYLESHEET}"

_LINK = f'<link rel="stylesheet" href="{{{{ \'/{_STYLESHEET}\' | relative_url }}}}">'
_IMPORT = '@import url("css/post-builder.css");'

_HOOKS = (
    "_includes/custom-head.html",  # minima from version 3
    "_includes/head/custom.html",  # Minimal Mistakes
    "_includes/metadata-hook.html",  # Chirpy
    "_includes/head_custom.html",  # just-the-docs
    "_includes/head-custom.html",  # the themes of GitHub Pages
)
"""Includes that themes put into the head of each page and leave to the author."""

_MAIN, _PARTIAL = "assets/main.scss", "_sass/minima.scss"
"""The style sheet of minima 2, which has no hook, and what it imports."""


def write_stylesheet(site: Site) -> Step:
    """Write the style sheet, which belongs to the author from then on."""
    return create(site, _STYLESHEET, template("post-builder.css"), "the style of outputs")


def link_stylesheet(site: Site, theme: Theme) -> Step:
    """Load the style sheet on every page, or say which line does.

    Only files that the site does not have yet are written: the hook of the theme, or for minima 2
    its main style sheet.
    """
    if path := _find(site, Path(_STYLESHEET).name):
        return Step(path, "present", _LOADS)
    for hook in _HOOKS:
        if (site.root / hook).exists():
            return Step(hook, "manual", _LOADS, (_LINK,))
        if theme.has(hook):
            return create(site, hook, f"{_LINK}\n", _LOADS)
    head = _find(site, "</head>")
    if theme.has(_MAIN) and theme.has(_PARTIAL) and not head:
        if (site.root / _MAIN).exists():
            return Step(_MAIN, "manual", f"{_LOADS}; above other imports", (_IMPORT,))
        return create(site, _MAIN, template("main.scss"), _LOADS)
    return Step(head or "your layout", "manual", f"{_LOADS}; above </head>", (_LINK,))


def _find(site: Site, text: str) -> str | None:
    """Return the first file that holds some text, among those that may load a style sheet."""
    for path in _loaders(site):
        if text in path.read_text(encoding="utf-8", errors="replace"):
            return site.relative(path)
    return None


def _loaders(site: Site) -> Iterator[Path]:
    """Yield the layouts, includes and style sheets of a site, except the one for outputs."""
    for folder in ("_includes", "_layouts", "_sass", "assets"):
        for path in sorted((site.root / folder).rglob("*")):
            wanted = path.suffix in {".html", ".liquid", ".scss", ".sass", ".css"}
            if wanted and path.is_file() and path != site.root / _STYLESHEET:
                yield path
