"""What `init` does for one file, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from post_builder.errors import SiteError
from post_builder.files import write_atomically
from post_builder.place import Place
from post_builder.site import Site

Status = Literal["created", "extended", "present", "manual"]
"""`present` leaves a file alone; so does `manual`, and asks the author to add lines."""

_WORDS: dict[Status, str] = {
    "created": "created",
    "extended": "extended",
    "present": "already there",
    "manual": "add this yourself",
}


@dataclass(frozen=True, slots=True)
class Step:
    """The outcome of `init` for one file."""

    path: str
    """Relative to the root of the site."""
    status: Status
    note: str = ""
    """What the file is for, or where the lines belong."""
    lines: tuple[str, ...] = ()
    """What was added, or what the author should add."""

    def __str__(self) -> str:
        """Return a line, and below it the lines to add by hand."""
        note = f" ({self.note})" if self.note else ""
        if self.status != "manual":
            return f"{self.path}: {_WORDS[self.status]}{note}"
        lines = "".join(f"\n    {line}" for line in self.lines)
        return f"{self.path}: {_WORDS[self.status]}{note}:{lines}"


def template(name: str) -> str:
    """Return the text of a file that `init` writes."""
    folder = files("post_builder.commands") / "templates"
    return folder.joinpath(name).read_text(encoding="utf-8")


def create(site: Site, path: str, text: str, note: str) -> Step:
    """Write a file, unless there is something at its path.

    Raises:
        SiteError: if the file system refuses.
        FileError: if a link leads out of the site.
    """
    target = site.root / path
    if target.exists() or target.is_symlink():
        return Step(path, "present", note)
    write(site, path, text.encode())
    return Step(path, "created", note)


def write(site: Site, path: str, data: bytes) -> None:
    """Write a file of the site.

    Raises:
        SiteError: if the file system refuses.
        FileError: if a link leads out of the site.
    """
    try:
        write_atomically(site.inside(site.root / path), data)
    except OSError as error:
        raise SiteError(f"cannot be written: {error.strerror}", Place(path)) from error
