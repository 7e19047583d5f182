"""Replacing a text that its author may save at the same moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from post_builder.files import operations
from post_builder.files.content import digest
from post_builder.files.exchanging import OLD, exchange
from post_builder.files.writing import PREFIX, SUFFIX, is_unfinished, temporary_file

_SWAP = re.compile(
    rf"{re.escape(PREFIX)}(?P<name>\w{{8}})-(?P<after>\w{{16}})-(?P<before>\w{{16}})(?:{OLD})?\.tmp"
)
"""The name of the file that changes places with a text: digests of the text's name, of the new
text and of the old one. They say what the file is, should the build be killed."""


class SavedMeanwhileError(Exception):
    """A text was saved after it was read; the saved one is in its place."""


def replace_text(path: Path, before: bytes, after: bytes) -> bool:
    """Replace the content of a file, unless somebody saves it first; return whether it changed.

    The old and the new file change places in one step, and what comes back is compared with what
    was read. Where files cannot change places, the old one is compared directly before it is
    replaced.

    Args:
        path: the file, without symbolic links.
        before: its content as it was read.
        after: its new content.

    Raises:
        SavedMeanwhileError: if the file has other content than `before` now; it keeps that.
    """
    if before == after:
        return False
    swap = path.with_name(_swap_name(path, before, after))
    with temporary_file(path, after) as temporary:
        try:
            operations.rename(temporary, swap)
            replaced = _replace(path, swap, before, after)
        except BaseException as error:
            _discard(swap, (before, after))
            if isinstance(error, FileNotFoundError):  # the text was removed or renamed
                raise SavedMeanwhileError from error
            raise
    operations.sync_folder(path.parent)
    if not replaced:
        raise SavedMeanwhileError
    return True


def _replace(path: Path, swap: Path, before: bytes, after: bytes) -> bool:
    if exchange(swap, path):
        return _newest_first(path, swap, before, after)
    if operations.read(path) != before:
        operations.discard(swap)
        return False
    operations.rename(swap, path)
    return True


def _newest_first(path: Path, swap: Path, before: bytes, after: bytes) -> bool:
    """Exchange until what comes back is what was last seen in the file; return if `after` is there.

    Anything else that comes back was saved in between, and is newer than what replaced it.
    """
    expected, placed = before, after
    while (came := _what_came(swap, path)) != expected:
        expected, placed = placed, came
        if not _give_back(swap, path):
            return False
    operations.discard(swap)
    return placed == after


def _what_came(swap: Path, path: Path) -> bytes:
    try:
        return operations.read(swap)
    except OSError:  # it may be a save
        _give_back(swap, path)
        raise


def _give_back(swap: Path, path: Path) -> bool:
    """Exchange a save with what is in its place; return False if that was renamed or removed.

    The save has its name again then: whoever renamed or removed the file did so with the engine's
    text, and to remove a text twice costs less than to write it twice.
    """
    while True:
        with suppress(FileNotFoundError):
            exchange(swap, path)
            return True
        with suppress(FileExistsError):  # there is a newer one
            operations.rename_new(swap, path)
            return False


def _discard(swap: Path, known: Sequence[bytes]) -> None:
    """Remove a file that holds what the engine wrote or read, and never what somebody saved."""
    with suppress(FileNotFoundError):
        if operations.read(swap) in known:
            operations.discard(swap)


def _swap_name(path: Path, before: bytes, after: bytes) -> str:
    parts = (digest(path.name)[:8], digest(after)[:16], digest(before)[:16])
    return f"{PREFIX}{'-'.join(parts)}{SUFFIX}"


def is_left(path: Path) -> bool:
    """Return whether a file was left behind by a build that was killed; the next removes it."""
    return is_unfinished(path) or is_swap(path)


def is_swap(path: Path) -> bool:
    """Return whether a file is one that a killed build wanted to change places with a text."""
    return _SWAP.fullmatch(path.name) is not None


def settle(swap: Path, keep: Callable[[str, bytes], None]) -> None:
    """Finish what a killed build began: put a save that it took away back into its place.

    Args:
        swap: the file it left behind.
        keep: called with the name of the file that was saved and its content, if that cannot be put
            back because there is a newer save.
    """
    match = _SWAP.fullmatch(swap.name)
    assert match is not None  # noqa: S101  # the caller asked
    data = operations.read(swap)
    if digest(data)[:16] not in match.group("before", "after"):
        text = _text_of(swap, match["name"])
        is_there = text is not None and operations.is_same(text, swap)
        if not (is_there or (text and _put_back(text, data, match["after"]))):
            keep(text.name if text else "post.md", data)
    operations.discard(swap)


def _put_back(text: Path, data: bytes, after: str) -> bool:
    """Put a save back if what is in its place is what the killed build wrote."""
    with suppress(FileNotFoundError, SavedMeanwhileError):  # renamed, or saved again
        now = operations.read(text)
        return digest(now)[:16] == after and replace_text(text, now, data)
    return False


def _text_of(swap: Path, name: str) -> Path | None:
    """Find the file that a swap file belongs to."""
    beside = (path for path in sorted(swap.parent.iterdir()) if path.is_file())
    return next((path for path in beside if digest(path.name)[:8] == name), None)
