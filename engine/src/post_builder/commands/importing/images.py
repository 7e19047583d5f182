"""The images of a notebook's prose, which become files of the site."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from msgspec import Struct, field
from slugify import slugify

from post_builder.site import Site

_EXTENSIONS = frozenset({".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".avif"})
"""Files that an image may be; nothing else is copied from beside a notebook."""

_MAX_SHOWN = 80
"""Characters of an address in a note."""

_ATTACHMENT = "attachment:"


class Images(Struct):
    """Collects the images of one notebook."""

    site: Site
    folder: str
    """Where they go, relative to the site's root."""
    home: Path
    """The folder of the notebook."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Content of each image by its path relative to the site's root."""
    problems: list[str] = field(default_factory=list)
    """What could not be found, since the list was last emptied."""

    def path_of(self, address: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
        """Return the path of the file that an image becomes; empty if it stays where it is.

        Args:
            address: as written, of an attachment, of data, of a file, or on another host.
            attachments: of the cell.
        """
        if address.startswith(_ATTACHMENT):
            return self._attached(address.removeprefix(_ATTACHMENT), attachments)
        if address.startswith("data:"):
            kind, _, data = address.removeprefix("data:").partition(";base64,")
            return self._decoded(kind, data)
        try:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc or not parts.path or parts.path.startswith("/"):
                return ""
            return self._copied(unquote(parts.path))
        except (OSError, ValueError) as error:  # no name that a file may have
            self.problems.append(f"the image {address[:_MAX_SHOWN]!r} cannot be read: {error}")
            return ""

    def _attached(self, name: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
        bundle = attachments.get(name) or attachments.get(unquote(name))
        if not bundle:
            self.problems.append(f"the attachment {unquote(name)} is not in the notebook")
            return ""
        kind, data = next(iter(bundle.items()))
        return self._decoded(kind, data)

    def _decoded(self, kind: str, data: str) -> str:
        extension = mimetypes.guess_extension(kind.partition(";")[0]) or ""
        try:
            content = base64.b64decode("".join(data.split()))
        except (binascii.Error, ValueError):
            content = b""
        if extension not in _EXTENSIONS or not content:
            self.problems.append(f"an image of kind {kind} cannot be read")
            return ""
        return self._added("attached-1", extension, content)

    def _copied(self, name: str) -> str:
        """Copy a file from beside the notebook, or from elsewhere in its git work tree."""
        file = (self.home / name).resolve()
        if file.suffix.lower() not in _EXTENSIONS:
            return ""
        if not file.is_relative_to(_work_tree(self.home)):
            self.problems.append(f"the image {name} is outside the folder of the notebook")
            return ""
        if not file.is_file():
            self.problems.append(f"the image {name} is missing")
            return ""
        return self._added(slugify(file.stem) or "image", file.suffix.lower(), file.read_bytes())

    def _added(self, stem: str, extension: str, content: bytes) -> str:
        """Choose a name that no other file has; the same image twice is one file.

        So is one that is there already, which an import has written that failed later.
        """
        base, _, number = stem.rpartition("-") if stem == "attached-1" else (stem, "", "")
        count = int(number) if number else 1
        while True:
            suffix = f"-{count}" if number or count > 1 else ""
            path = f"{self.folder}/{base}{suffix}{extension}"
            if self.files.get(path) == content or self._is_there(path, content):
                return path
            if path not in self.files and not (self.site.root / path).exists():
                self.files[path] = content
                return path
            count += 1

    def _is_there(self, path: str, content: bytes) -> bool:
        file = self.site.root / path
        return file.is_file() and file.read_bytes() == content


def _work_tree(folder: Path) -> Path:
    """Return the git work tree that holds a folder, else the folder itself."""
    folder = folder.resolve()
    return next((p for p in (folder, *folder.parents) if (p / ".git").exists()), folder)
