"""What the results of a worker mean on the author's machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import TypeVar

from msgspec import Struct
from msgspec.structs import replace

from post_builder.cluster.messages import Ran
from post_builder.cluster.tree import Tree
from post_builder.errors import ClusterError, PostBuilderError
from post_builder.execution.observations import Observations
from post_builder.execution.run import Run
from post_builder.freshness import git
from post_builder.place import Place

_MISSING = "missing"
"""The state of a file that is not there."""

TRACKED = "workers get what git tracks and what `depends:` names: `git add` it, or name it"
"""What to do about a file that only the author's machine has."""

State = tuple[str, ...]

E = TypeVar("E", bound=PostBuilderError)


def brought_home(ran: Ran, tree: Tree, place: Place, plotly: str) -> Run:
    """Return a run as if the post had run here.

    Args:
        ran: what a worker answered.
        tree: what it had been given.
        place: that errors name.
        plotly: the path at which the copy of Plotly is kept that came with it, or an empty text.

    Raises:
        ClusterError: if the post looked for a file that only the author's machine has.
    """
    home = _Home(ran, tree)
    home.refuse_left_behind(place)
    facts = replace(
        ran.run.facts, mapped=tuple(map(home.path, ran.run.facts.mapped)), plotly=plotly
    )
    return replace(ran.run, facts=facts, observations=home.observations())


def error_at_home(error: E, root: str, tree: Tree) -> E:
    """Return an error with the paths that files have on the author's machine."""
    here = os.fspath(tree.root)
    return error.replaced(
        message=error.message.replace(root, here),
        detail=error.detail.replace(root, here),
        others=tuple(error_at_home(other, root, tree) for other in error.others),
    )


class _Home(Struct, frozen=True):
    ran: Ran
    tree: Tree

    def inside(self, path: str) -> str | None:
        """Return a path of the worker relative to the work tree; None if it is elsewhere."""
        file = PurePath(path)
        if not file.is_relative_to(self.ran.root):
            return None
        return file.relative_to(self.ran.root).as_posix()

    def path(self, path: str) -> str:
        """Return where a file is on the author's machine."""
        inside = self.inside(path)
        return path if inside is None else os.path.normpath(self.tree.root / inside)

    def observations(self) -> Observations:
        """Return which of the author's files the post read, in which state."""
        seen = self.ran.run.observations
        read, listed, written = (
            frozenset(map(self.path, paths)) for paths in (seen.read, seen.listed, seen.written)
        )
        states = {self.path(path): self._states(path, found) for path, found in seen.states.items()}
        return Observations(read, listed, written, states)

    def _states(self, path: str, found: frozenset[State]) -> frozenset[State]:
        inside = self.inside(path)
        if inside is None:
            return found
        as_here = self._listing if path in self.ran.run.observations.listed else self._state
        return frozenset(as_here(inside, state) for state in found)

    def _state(self, path: str, state: State) -> State:
        """Return the state that a file had here, if the worker's copy was as it was laid out."""
        known = self.ran.states.get(path)
        return (self.tree.states[path],) if state == (known,) else state

    def _listing(self, folder: str, names: State) -> State:
        """Return the names in a folder here, with what the post itself added or removed."""
        given, here = self.tree.names_in(folder), _names(self.tree.root / folder)
        return tuple(sorted(here - (given - set(names)) | (set(names) - given)))

    def refuse_left_behind(self, place: Place) -> None:
        """Refuse a run that did not see what it would have seen here."""
        missed = set(self._missed())
        if missed := missed - git.ignored(missed, self.tree.root):
            message = f"on the worker there was no {', '.join(sorted(missed))}"
            raise ClusterError(message, place, TRACKED)

    def _missed(self) -> Iterator[str]:
        seen = self.ran.run.observations
        for path, states in seen.states.items():
            inside = self.inside(path)
            if inside is None or path in seen.written:
                continue
            if path in seen.listed:
                if inside != ".":  # Python lists the folders that it imports from
                    here = _names(self.tree.root / inside) - self.tree.names_in(inside)
                    yield from (f"{inside}/{name}" for name in here if not name.startswith("."))
            elif (_MISSING,) in states and (self.tree.root / inside).is_file():
                yield inside


def _names(folder: Path) -> set[str]:
    try:
        return {entry.name for entry in folder.iterdir()}
    except OSError:
        return set()
