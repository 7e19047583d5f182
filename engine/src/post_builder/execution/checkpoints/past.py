"""What ran before a checkpoint, and whether it would run the same way again."""

from __future__ import annotations

import copy
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from nbformat import NotebookNode

from post_builder.execution.checkpoints.history import Executed
from post_builder.execution.observations import Observations, file_state
from post_builder.execution.run import CellRun
from post_builder.sources.session_inputs import inputs_of
from post_builder.sources.transclusion import PreparedCell, PreparedPost

Key = tuple[object, ...]
"""All that a cell and the values after it are to a kernel; its name and place are not."""


class Past(Struct, frozen=True):
    """The cells before a checkpoint, as they were when it was made."""

    keys: tuple[Key, ...]
    cells: tuple[CellRun, ...]
    nodes: tuple[NotebookNode, ...]
    """Of all inputs that ran, in order; later cells may change the outputs of a node."""
    client: Mapping[str, Any]
    """What the client knew; its outputs are those of the nodes."""
    observed: tuple[Observations, ...]
    """What each cell read, wrote and listed; the first also what the kernel did at its start."""

    def begins(self, keys: Sequence[Key]) -> bool:
        """Return whether a post begins with these cells."""
        return self.keys == tuple(keys[: len(self.keys)])

    def copy(self) -> Past:
        """Return a past whose outputs and client state are its own."""
        nodes, client = copy.deepcopy((self.nodes, self.client))
        return replace(self, nodes=nodes, client=client)

    def resume(self, prepared: PreparedPost, executed: Executed) -> list[CellRun]:
        """Return the cells as those of a post as it is now, and add them to what has run."""
        nodes = iter(self.nodes)
        found = []
        for run, cell in zip(self.cells, prepared.cells, strict=False):
            parts = inputs_of(cell) or (cell,)
            ran = [(part, next(nodes)) for part in parts]
            executed.extend(ran)
            found.append(_rebound(run, cell, ran))
        return found


def keys_of(prepared: PreparedPost) -> tuple[Key, ...]:
    """Return what each cell of a post is to a kernel."""
    values = prepared.post.values
    return tuple(
        (
            tuple(example.source for example in cell.cell.session) or cell.code,
            cell.options.of_run(),
            tuple(value.form for value in values if value.after == index),
        )
        for index, cell in enumerate(prepared.cells)
    )


def same_until(one: Sequence[Key], other: Sequence[Key]) -> int:
    """Return the index of the first cell in which two posts differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((i for i, (a, b) in pairs if a != b), min(len(one), len(other)))


def is_unchanged(observed: Observations) -> bool:
    """Return whether files and folders are as they were when they were read and listed."""
    return all(
        states == {_state_now(path, listed=path in observed.listed)}
        for path, states in observed.states.items()
    )


def _rebound(
    run: CellRun, cell: PreparedCell, ran: Sequence[tuple[PreparedCell, NotebookNode]]
) -> CellRun:
    outputs = tuple(output for _, node in ran for output in node.outputs)
    inputs = tuple(
        replace(before, cell=part, outputs=tuple(node.outputs))
        for before, (part, node) in zip(run.inputs, ran, strict=False)
    )
    return replace(run, cell=cell, outputs=outputs, inputs=inputs)


def _state_now(path: str, *, listed: bool) -> tuple[str, ...]:
    if not listed:
        return (file_state(Path(path)),)
    try:
        return tuple(sorted(os.listdir(path)))  # noqa: PTH208  # names, as the observer has them
    except OSError:
        return ()
