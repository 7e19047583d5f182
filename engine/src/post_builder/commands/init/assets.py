"""The style sheet and the script for posts, and how they get onto the pages of a theme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from post_builder.commands.init.steps import Step, create, template
from post_builder.commands.layouts import Theme
from post_builder.site import Site

_STYLESHEET = "assets/css/post-builder.css"
_SCRIPT = "assets/js/post-builder.js"

_TAGS = {
    _STYLESHEET: f'<link rel="stylesheet" href="{{{{ \'/{_STYLESHEET}\' | relative_url }}}}">',
    _SCRIPT: f"<script src=\"{{{{ '/{_SCRIPT}' | relative_url }}}}\" defer></script>",
}
"""What loads each file, in the head of a page."""

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


def write_assets(site: Site) -> Iterator[Step]:
    """Write the style sheet and the script, which belong to the author from then on."""
    yield create(site, _STYLESHEET, template("post-builder.css"), "the style of outputs")
    yield create(site, _SCRIPT, template("post-builder.js"), "folds code marked .hide-input")


def link_assets(site: Site, theme: Theme) -> Iterator[Step]:
    """Load both files on every page, or say which lines do.

    Only files that the site does not have yet are written: the hook of the theme, or for minima 2
    its main style sheet.
    """
    loaders = {path: _find(site, Path(path).name) for path in _TAGS}
    for loader in dict.fromkeys(filter(None, loaders.values())):
        loaded = [path for path in _TAGS if loaders[path] == loader]
        yield Step(loader, "present", _loads(loaded))
    if missing := [path for path in _TAGS if loaders[path] is None]:
        yield from _link(site, theme, missing)


def _link(site: Site, theme: Theme, paths: Sequence[str]) -> Iterator[Step]:
    for hook in _HOOKS:
        if (site.root / hook).exists():
            yield Step(hook, "manual", _loads(paths), _tags(paths))
            return
        if theme.has(hook):
            yield create(site, hook, "".join(f"{tag}\n" for tag in _tags(paths)), _loads(paths))
            return
    head = _find(site, "</head>")
    if _STYLESHEET in paths and theme.has(_MAIN) and theme.has(_PARTIAL) and not head:
        yield _import_stylesheet(site)
        paths = [path for path in paths if path != _STYLESHEET]
    if paths:
        note = f"{_loads(paths)}; above </head>"
        yield Step(head or "your layout", "manual", note, _tags(paths))


def _import_stylesheet(site: Site) -> Step:
    """Load the style sheet by that of minima 2."""
    if (site.root / _MAIN).exists():
        note = f"{_loads([_STYLESHEET])}; above other imports"
        return Step(_MAIN, "manual", note, (_IMPORT,))
    return create(site, _MAIN, template("main.scss"), _loads([_STYLESHEET]))


def _loads(paths: Sequence[str]) -> str:
    return f"loads {' and '.join(paths)}"


def _tags(paths: Sequence[str]) -> tuple[str, ...]:
    return tuple(_TAGS[path] for path in paths)


def _find(site: Site, text: str) -> str | None:
    """Return the first file that holds some text, among those that may load an asset."""
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
