"""A Jekyll site as the engine sees it: where posts are, and where builds put things."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct, field

from post_builder.errors import FileError, SiteError
from post_builder.files import read_bytes
from post_builder.jekyll.config import JekyllConfig, read_config
from post_builder.jekyll.defaults import Inherited, inherited
from post_builder.jekyll.documents import candidates, kind_of
from post_builder.place import Place
from post_builder.settings import CONFIG, KEY, Settings, read_settings
from post_builder.yaml_reader import YamlError, line_of, read_mapping

WITHHELD = "_unpublished"
"""The folder of what was made for posts that are not published; Jekyll leaves it out."""

FIGURE_INCLUDE = "_includes/figure"
"""The include that shows a figure, with the parameters of Minimal Mistakes."""

PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
"""The name of a post: one that every file system takes, that Jekyll publishes, and that is a key of
`site.data`."""

OWN_FOLDER = ".post-builder"
"""The folder of the engine's lock and of copies to go back to; Jekyll and git leave it out."""


class Site(Struct, frozen=True):
    """A Jekyll site."""

    root: Path
    """Absolute, without symbolic links."""
    settings: Settings = field(default_factory=Settings)
    url: str = ""
    """Where the site is published, base URL included; empty if `_config.yml` does not say."""
    jekyll: JekyllConfig = field(default_factory=JekyllConfig)
    """Where Jekyll finds posts, and which it publishes."""
    home: Path | None = None
    """The folder of `_config.yml`, where that is not the root: `source:` names the root then."""

    @property
    def config(self) -> Path:
        """The path of `_config.yml`."""
        return (self.home or self.root) / CONFIG

    @property
    def work_tree(self) -> Path:
        """The git work tree in which the site is; the root of the site outside of one."""
        return work_tree_of(self.root) or self.root

    @property
    def includes_figures(self) -> bool:
        """Whether figures are shown by the site's own include, and not by plain HTML."""
        return self.settings.figure_include and (self.root / FIGURE_INCLUDE).is_file()

    def posts(self) -> Iterator[Path]:
        """Yield the Markdown files whose front matter may name a kernel, in order.

        Posts, drafts, pages and documents of collections are among them.

        Raises:
            FileError: if a folder of posts cannot be listed.
        """
        yield from candidates(self.root, self.jekyll, self._refuse_unlisted)

    def inherited(self, path: Path) -> Inherited:
        """Return what a post takes from `defaults:` in `_config.yml`."""
        name = self.relative(path)
        return inherited(self.jekyll, name, kind_of(self.jekyll, name))

    def _refuse_unlisted(self, error: OSError) -> None:
        path = Path(error.filename)
        if not isinstance(error, FileNotFoundError):
            raise FileError.of(error, "this folder cannot be listed", self.relative(path))

    def inside(self, path: Path) -> Path:
        """Return where a path leads when symbolic links are followed.

        Raises:
            FileError: if that is outside the site; nothing is written or removed there. Or if the
                site's folder is gone: what is written would create it again.
        """
        if not self.root.is_dir():
            hint = "it was renamed or removed meanwhile; start again where it is now"
            raise FileError("the folder of the site is gone", Place(str(self.root)), hint)
        try:
            target = path.resolve()
        except (OSError, RuntimeError) as error:  # links that go round in a circle
            raise FileError(
                f"a symbolic link cannot be followed: {error}", self._at(path)
            ) from error
        if not target.is_relative_to(self.root):
            hint = "the engine writes only inside the site: replace the link by what it points at"
            message = f"a symbolic link leads out of the site, to {target}"
            raise FileError(message, self._at(path), hint)
        return target

    def _at(self, path: Path) -> Place:
        return Place(self.relative(path))

    def relative(self, path: Path) -> str:
        """Return a path as errors and records name it: relative to the root."""
        if path.is_relative_to(self.root):
            return path.relative_to(self.root).as_posix()
        return Path(os.path.relpath(path, self.root)).as_posix()

    def records(self) -> list[Path]:
        """Return the build records, in order."""
        return sorted((self.root / "_data" / "builds").glob("*.json"))

    def withheld(self, path: str) -> Path:
        """Return where a file of a post is while Jekyll does not publish the post."""
        return self.root / WITHHELD / path

    def record(self, name: str) -> Path:
        """Return where the build record of a post is kept."""
        return self.root / "_data" / "builds" / f"{name}.json"

    def figures(self, name: str) -> str:
        """Return the folder of a post's figures, relative to the root."""
        return f"assets/images/{name}"

    def download(self, name: str, suffix: str) -> str:
        """Return the path of a post's notebook or script, relative to the root."""
        return f"assets/notebooks/{name}{suffix}"


def made_file(root: Path, path: str) -> Path:
    """Return where a file that a build made is: in the site, or kept out of it."""
    withheld = root / WITHHELD / path
    return withheld if withheld.is_file() and not (root / path).is_file() else root / path


def work_tree_of(folder: Path) -> Path | None:
    """Return the git work tree in which a folder is, if it is in one; git itself is not asked."""
    folders = (folder, *folder.parents)
    return next((found for found in folders if (found / ".git").exists()), None)


def slug_of(path: Path) -> str:
    """Return the name of a post without its date, as Jekyll does."""
    return re.sub(r"^\d+-\d+-\d+-", "", path.stem)


def open_site(folder: Path) -> Site:
    """Read the settings of a site.

    Raises:
        FileError: if `_config.yml` cannot be read.
        SiteError: if the folder is not a Jekyll site, or a setting is unknown or of the wrong kind.
    """
    root = folder.resolve()
    path = root / CONFIG
    if not os.path.isfile(path):  # noqa: PTH113  # raises nothing in a folder that is closed to us
        hint = "run the command at the root of a Jekyll site, or name one with --site DIR"
        raise SiteError(f"there is no {CONFIG} in {folder}", hint=hint)
    text = read_bytes(path, CONFIG).decode("utf-8", errors="replace")
    try:
        config = read_mapping(text)
    except YamlError as error:
        raise SiteError(str(error), Place(CONFIG, error.line)) from error
    url = f"{config.get('url') or ''}{config.get('baseurl') or ''}"
    settings, jekyll = read_settings(config.get(KEY) or {}, text), read_config(config)
    source = _source(root, jekyll.source, Place(CONFIG, line_of(text, "source")))
    return Site(source, settings, url, jekyll, root if source != root else None)


def _source(root: Path, name: str, place: Place) -> Path:
    """Return the folder of a site's sources: nothing outside the site is read or written."""
    try:
        source = (root / name).resolve()
        is_there = source.is_dir()
    except (OSError, RuntimeError, ValueError):  # too long, links in a circle, a zero byte
        is_there = False
    if not is_there:
        raise SiteError(f"there is no folder {name}", place)
    if not source.is_relative_to(root):
        hint = f"name a folder below that of {CONFIG}"
        raise SiteError(f"source: {name} leads out of the site", place, hint)
    return source
