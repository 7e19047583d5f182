"""What `init` does for one file, and what it says about it."""

from __future__ import annotations

import os
from importlib import resources
from typing import Literal

from msgspec import Struct

from post_builder import files
from post_builder.errors import SiteError
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


class Step(Struct, frozen=True):
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
    folder = resources.files("post_builder.commands") / "templates"
    return folder.joinpath(name).read_text(encoding="utf-8")


def create(site: Site, path: str, text: str, note: str) -> Step:
    """Write a file, unless there is something at its path.

    Raises:
        SiteError: if the file system refuses.
        FileError: if a link leads out of the site.
    """
    if os.path.lexists(site.root / path):
        return Step(path, "present", note)
    try:
        files.create(site.inside(site.root / path), text.encode())
    except FileExistsError:  # its author saved it at this moment
        return Step(path, "present", note)
    except OSError as error:
        raise SiteError(f"cannot be written: {error.strerror}", Place(path)) from error
    return Step(path, "created", note)


def extend(site: Site, path: str, before: bytes, after: bytes) -> None:
    """Replace a file of the site, unless its author saves it at this moment.

    Raises:
        SiteError: if its author does, or the file system refuses.
        FileError: if a link leads out of the site.
    """
    try:
        files.replace_text(site.inside(site.root / path), before, after)
    except files.SavedMeanwhileError as error:
        raise SiteError("was saved at this moment; run init again", Place(path)) from error
    except OSError as error:
        raise SiteError(f"cannot be written: {error.strerror}", Place(path)) from error
