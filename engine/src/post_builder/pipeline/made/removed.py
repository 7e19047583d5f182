"""Files that are removed are moved away: a record may name one that no build made."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from post_builder.errors import FileError
from post_builder.files import operations
from post_builder.files.writing import make_folders, remove_empty_folders
from post_builder.pipeline.undo import ending_of, own_folder
from post_builder.site import Site

_DAYS = 30
"""How long what was removed can be had back."""

_STAMP = "%Y%m%dT%H%M%S.%fZ"


def put_away(site: Site, file: Path) -> None:
    """Move a file into the engine's own folder, and remove the folders above it that are empty.

    A record says which files builds made, and its writer may know the digest of another one. So
    nothing that a record names is lost for a month.

    Args:
        site: that the file belongs to.
        file: absolute path of a plain file.

    Raises:
        FileError: if the system refuses.
    """
    try:
        folder = site.inside(own_folder(site) / "removed")
        make_folders(folder)
        now = dt.datetime.now(dt.UTC)
        kept = folder / f"{now.strftime(_STAMP)}-{ending_of(file.name)}"
        operations.rename_new(file, kept)
        operations.sync_folder(folder)
        operations.sync_folder(file.parent)
        _forget(folder, now)
        remove_empty_folders(file, site.root)
    except OSError as error:
        raise FileError.of(error, "cannot be removed", site.relative(file)) from error


def _forget(folder: Path, now: dt.datetime) -> None:
    """Remove what was put away long ago."""
    last = (now - dt.timedelta(days=_DAYS)).strftime(_STAMP)
    for file in folder.glob("*Z-*"):
        if file.name < last and file.is_file():
            operations.remove(file)
