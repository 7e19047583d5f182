"""Runs that never happened, so that tests of what follows a run need no kernel."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from pathlib import Path

from post_builder.execution.observations import Observations
from post_builder.execution.run import CellRun, KernelFacts, Output, Run
from post_builder.sources.transclusion import PreparedPost


def printed(text: str, name: str = "stdout") -> Output:
    """Return what a cell printed."""
    return {"output_type": "stream", "name": name, "text": text}


def drawing(text: str) -> Output:
    """Return a figure that shows a text."""
    svg = f'<svg width="9" height="9"><text>{text}</text></svg>'
    return {"output_type": "display_data", "data": {"image/svg+xml": svg}, "metadata": {}}


def made_up_run(
    prepared: PreparedPost,
    outputs: Iterable[Sequence[Output]],
    values: Sequence[str] = (),
    read: Iterable[Path] = (),
) -> Run:
    """Return a run of a post.

    Args:
        prepared: the post that ran.
        outputs: of each cell.
        values: the texts of all its values, in order.
        read: files that the run read.
    """
    texts = list(zip(prepared.post.values, values, strict=True))
    cells = tuple(
        CellRun(
            cell,
            tuple(given),
            number=index + 1,
            seconds=1.0,
            values=tuple(text for value, text in texts if value.after == index),
        )
        for index, (cell, given) in enumerate(zip(prepared.cells, outputs, strict=True))
    )
    facts = KernelFacts(python=platform.python_version())
    return Run(cells, facts, Observations(read=frozenset(map(str, read))))
