"""The checkpoints of one post."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from msgspec import Struct, field

from post_builder.execution.checkpoints.past import Key, Past, is_unchanged, same_until
from post_builder.execution.checkpoints.sleeping import Checkpoint
from post_builder.execution.forking.forker import received


class Family(Struct):
    """What is kept of a run of a post from its first cell on, and of those that began within it."""

    kind: str
    """What its kernels depend on before they run anything."""
    declared: Mapping[str, str]
    """The state of each file that the post declares."""
    log: Path = field(default_factory=Path)
    """Where its kernels note what they read."""
    scratch: Path = field(default_factory=Path)
    """The folder for the folders of its kernels."""
    checkpoints: list[Checkpoint] = field(default_factory=list)
    edited: int | None = None
    """The index of the first cell in which this run differs from the one before it."""
    _keys: Sequence[Key] = ()
    """The cells of the last run."""
    _root: AsyncExitStack | None = None
    """The context of the first kernel, whose folder the others use."""

    async def begin(self, keys: Sequence[Key]) -> None:
        """Begin a run: drop the checkpoints that the post as it is now cannot use."""
        self.edited = same_until(self._keys, keys) if self._keys else None
        self._keys = keys
        unchanged: dict[int, bool] = {}
        for checkpoint in list(self.checkpoints):
            checkpoint.age += 1
            for observed in checkpoint.past.observed:
                if id(observed) not in unchanged:
                    unchanged[id(observed)] = is_unchanged(observed)
            files = all(unchanged[id(observed)] for observed in checkpoint.past.observed)
            if not files or not checkpoint.past.begins(keys):
                self.drop([checkpoint])

    def latest(self) -> Checkpoint | None:
        """Return the last checkpoint; it may be out of date, which it says when it is woken."""
        if not self.checkpoints:
            return None
        last = max(self.checkpoints, key=lambda one: one.index)
        last.age = 0
        return last

    async def add(self, control: socket.socket, past: Past, seconds: float) -> None:
        """Add a checkpoint, once its process says that it sleeps.

        Args:
            control: on which the process listens.
            past: what ran before it.
            seconds: that the cells since the last one took.
        """
        try:
            pid = int((await received(control))["pid"])
        except (OSError, ValueError):
            control.close()
            return
        made = Checkpoint(control, pid, past, self.scratch, seconds)
        self.drop([one for one in self.checkpoints if one.index == made.index])
        self.checkpoints.append(made)

    def drop_after(self, index: int) -> None:
        """Drop the checkpoints after a cell."""
        self.drop([one for one in self.checkpoints if one.index > index])

    def drop(self, dropped: Iterable[Checkpoint]) -> None:
        """End some checkpoints."""
        for checkpoint in dropped:
            checkpoint.close()
            self.checkpoints.remove(checkpoint)

    def lacks_root(self) -> bool:
        """Return whether there are checkpoints, and nobody keeps the folder of the first kernel."""
        return self._root is None and bool(self.checkpoints)

    def keep(self, context: AsyncExitStack) -> None:
        """Take over the context of the first kernel."""
        self._root = context

    async def close(self) -> None:
        """End all checkpoints, and remove what they used."""
        self.drop(list(self.checkpoints))
        root, self._root = self._root, None
        if root is not None:
            await root.aclose()
