"""Files that are removed are moved away: a record may name one that no build made."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from post_builder.errors import FileError
from post_builder.files import operations
from post_builder.files.copies import ending_of, stamped, time_of
from post_builder.files.writing import make_folders, remove_empty_folders
from post_builder.pipeline.undo import own_folder
from post_builder.site import OWN_FOLDER, Site

_KEPT = dt.timedelta(days=30)
"""How long what was removed can be had back, by the machine's clock."""

KEPT = f"kept for a month in {OWN_FOLDER}/removed/"
"""What becomes of it, for messages: a record may name what is the author's."""

_TICK = dt.timedelta(microseconds=1)


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
        _move(file, folder)
        operations.sync_folder(folder)
        operations.sync_folder(file.parent)
        remove_empty_folders(file, site.root)
    except OSError as error:
        raise FileError.of(error, "cannot be removed", site.relative(file)) from error


def forget(site: Site) -> None:
    """Remove what was put away long ago.

    Raises:
        FileError: if the system refuses.
    """
    last = dt.datetime.now(dt.UTC) - _KEPT
    try:
        for file in site.inside(own_folder(site) / "removed").glob("*Z-*"):
            if (time := time_of(file)) and time < last and file.is_file():
                operations.remove(file)
    except OSError as error:
        raise FileError.of(error, "cannot be emptied", f"{OWN_FOLDER}/removed") from error


def _move(file: Path, folder: Path) -> None:
    """Move a file into a folder; of one name there may be two, from different folders."""
    now = dt.datetime.now(dt.UTC)
    while True:
        try:
            operations.rename_new(file, folder / stamped(now, ending_of(file.name)))
        except FileExistsError:
            now += _TICK
        else:
            return
