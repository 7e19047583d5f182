"""The author's work tree as it is laid out on a worker."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from post_builder.cluster.tree import Listing, read_listing
from post_builder.execution.observations import file_state


class Layout(Struct):
    """A folder with the files of a work tree; the posts of a build share it, as they do at home."""

    root: Path
    store: Path
    """Files by their digest."""
    listing: Listing = field(default_factory=dict)
    """Of the work tree when the build began; empty before it has come."""
    laid: dict[str, tuple[str, bool]] = field(default_factory=dict)
    """What was laid out of it, or for the build before."""
    states: dict[str, str] = field(default_factory=dict)
    """The state of each file when it was laid out."""

    def missing(self, manifest: str, changed: Listing) -> tuple[str, ...]:
        """Return the digests of what must come before the files can be laid out."""
        if not self.listing and not (self.store / manifest).is_file():
            return (manifest,)
        if not self.listing:
            self._begin(read_listing((self.store / manifest).read_bytes()))
        wanted = {digest for _, (digest, _) in self._outdated(changed)}
        return tuple(digest for digest in sorted(wanted) if not (self.store / digest).is_file())

    def lay_out(self, changed: Listing) -> None:
        """Bring the files up to date that are not laid out as they are to be."""
        (self.root / ".git").mkdir(parents=True, exist_ok=True)  # it is the root of a work tree
        for path, (digest, executable) in self._outdated(changed):
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            new = target.with_name(f".{target.name}.new")
            shutil.copyfile(self.store / digest, new)
            new.chmod(0o755 if executable else 0o644)
            new.replace(target)  # who reads the old one goes on
            self.laid[path] = digest, executable
            self.states[path] = file_state(target)

    def again(self) -> Layout:
        """Return the folder for the next build, of this site or of another one."""
        return replace(self, listing={})

    def _begin(self, listing: Listing) -> None:
        """Remove all that is not in a listing, or not as it was laid out for the build before."""
        try:
            left = [*self._left_in(self.root, listing)]
        except OSError:  # what a post left cannot be removed
            self.root, left = self.root.with_name(f"{self.root.name}-"), []
        self.listing, self.laid = listing, {path: self.laid[path] for path in left}

    def _left_in(self, folder: Path, listing: Listing) -> Iterator[str]:
        """Yield the files that may stay; what may not, and folders without any, are gone then."""
        if not folder.is_dir():
            return
        folder.chmod(self.store.stat().st_mode)  # a post may have changed it
        for file in [*folder.iterdir()]:
            path = file.relative_to(self.root).as_posix()
            if file.is_dir() and not file.is_symlink():
                yield from self._left_in(file, listing)
                with suppress(OSError):  # it is not empty
                    file.rmdir()
            elif not file.is_symlink() and self._is_as_listed(path, listing):
                yield path
            else:
                file.unlink()

    def _is_as_listed(self, path: str, listing: Listing) -> bool:
        is_same = path in listing and self.laid.get(path) == listing[path]
        return is_same and self.states[path] == file_state(self.root / path)

    def states_of(self, paths: Collection[str]) -> dict[str, str]:
        """Return the states of those files that are among some absolute paths."""
        return {
            path: state for path, state in self.states.items() if str(self.root / path) in paths
        }

    def _outdated(self, changed: Listing) -> list[tuple[str, tuple[str, bool]]]:
        wanted = {**self.listing, **changed}
        return [(path, entry) for path, entry in wanted.items() if self.laid.get(path) != entry]

    def drop(self, paths: Iterable[str]) -> None:
        """Remove files that a post is about to write, or has written."""
        for path in paths:
            (self.root / path).unlink(missing_ok=True)
            self.laid.pop(path, None)

    def remove(self) -> None:
        """Remove all files."""
        shutil.rmtree(self.root, ignore_errors=True)
