"""Which changes of files are an author's saves."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec import Struct, field
from watchfiles import Change, DefaultFilter

from post_builder.files import digest
from post_builder.freshness.git import ignored
from post_builder.site import OWN_FOLDER, WITHHELD, Site
from post_builder.ui.printing import visible

_NOT_WATCHED = (
    *("_site", ".jekyll-cache", "node_modules", "vendor", ".venv"),
    *("_data/builds", OWN_FOLDER, WITHHELD),
)


class Saves(DefaultFilter):
    """Files that an author may have saved: not those of Jekyll, git, Python or a build."""

    def __init__(self, site: Site) -> None:
        """Take the site that is watched."""
        super().__init__()
        names = (*_NOT_WATCHED, site.jekyll.destination)
        self._others = tuple(f"{site.root / name}{os.sep}" for name in names)

    def __call__(self, change: Change, path: str) -> bool:
        """Return whether a change may be a save."""
        temporary = Path(path).name.startswith(".") and path.endswith(".tmp")
        is_others = f"{path}{os.sep}".startswith(self._others)
        return not (temporary or is_others) and super().__call__(change, path)


class Seen(Struct):
    """What files were like when they were last saved, and what is not a save."""

    states: dict[Path, str] = field(default_factory=dict)
    """Digest of each file."""
    said: list[bytes] = field(default_factory=list)
    """What watch prints first, and what it printed last: a file that has it is a log of watch."""

    def says(self, text: object) -> None:
        """Take note of what is about to be printed."""
        line = visible(str(text)).strip().encode("utf-8", "replace")
        self.said = [*self.said[:1], line]

    def changed(self, paths: set[Path], site: Site) -> set[Path]:
        """Leave out files that were saved with the same content, files that git ignores, and logs.

        A log changes with each message, and so would wake watch without end. Markdown is none.
        """
        hidden = ignored([site.relative(path) for path in paths], site.root)
        found = set()
        for path in paths:
            now, is_log = self._look(path)
            is_new = self.states.get(path) != now and site.relative(path) not in hidden
            if is_new and (path.suffix in site.jekyll.extensions or not is_log):
                found.add(path)
            self.states[path] = now
        return found

    def _look(self, path: Path) -> tuple[str, bool]:
        """Return the digest of a file, and whether it is a log.

        Of what is none, is gone or cannot be read, the state.
        """
        try:
            data = path.read_bytes() if path.is_file() else None  # a pipe would be waited for
        except OSError as error:
            return type(error).__name__, False
        if data is None:
            return "", False
        plain = data.replace(b"\r", b"")
        return digest(data), any(line and line in plain for line in self.said)
