"""The author's work tree as it is laid out on a worker."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from pathlib import Path

from post_builder.cluster.tree import Listing, read_listing
from post_builder.execution.observations import file_state


@dataclass(slots=True)
class Layout:
    """A folder with the files of a work tree; the posts of a build share it, as they do at home."""

    root: Path
    store: Path
    """Files by their digest."""
    laid: dict[str, tuple[str, bool]] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    """The state of each file when it was laid out."""

    def missing(self, manifest: str, changed: Listing) -> tuple[str, ...]:
        """Return the digests of what must come before the files can be laid out."""
        if not (self.store / manifest).is_file():
            return (manifest,)
        entries = {**self._listing(manifest), **changed}.values()
        wanted = dict.fromkeys(digest for digest, _ in entries)
        return tuple(digest for digest in wanted if not (self.store / digest).is_file())

    def lay_out(self, manifest: str, changed: Listing) -> None:
        """Bring the files up to date that are not laid out as they are to be."""
        listing = changed if self.laid else {**self._listing(manifest), **changed}
        (self.root / ".git").mkdir(parents=True, exist_ok=True)  # it is the root of a work tree
        for path, entry in listing.items():
            if self.laid.get(path) != entry:
                self._write(path, *entry)

    def _listing(self, manifest: str) -> Listing:
        if self.laid:
            return {}
        return read_listing((self.store / manifest).read_bytes())

    def _write(self, path: str, digest: str, executable: bool) -> None:  # noqa: FBT001
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        new = target.with_name(f".{target.name}.new")
        shutil.copyfile(self.store / digest, new)
        new.chmod(0o755 if executable else 0o644)
        new.replace(target)  # who reads the old one goes on
        self.laid[path] = digest, executable
        self.states[path] = file_state(target)

    def remove(self) -> None:
        """Remove the files."""
        shutil.rmtree(self.root, ignore_errors=True)
