"""What a run of a post gave."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from post_builder.execution.observations import Observations
from post_builder.sources.transclusion import PreparedCell

WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
"""The MIME type of a widget, which names a model."""

WIDGET_STATES = "application/vnd.jupyter.widget-state+json"
"""The MIME type under which the client adds the states of a widget's models to its output."""

_JSON = re.compile(r"application/(?:.*\+)?json")
"""Kinds whose content may be anything, by the format of notebooks."""

Output = Mapping[str, Any]
"""One output of a cell, in the form of nbformat 4."""


class CellRun(Struct, frozen=True):
    """What one cell gave."""

    cell: PreparedCell
    outputs: tuple[Output, ...]
    number: int | None
    """The number by which tracebacks name the cell; None if it was skipped."""
    seconds: float
    values: tuple[str, ...] = ()
    """Text of each value that is computed after the cell, in the order of the post."""
    inputs: tuple[CellRun, ...] = ()
    """For a session, the runs of its inputs; `outputs` has those of all."""
    products: Mapping[str, bytes] = field(default_factory=dict)
    """The content of each file that the cell declares and wrote, by its path in the site."""

    def numbers(self) -> list[int]:
        """Return the numbers by which tracebacks name the cell or its inputs."""
        runs = self.inputs or (self,)
        return [run.number for run in runs if run.number is not None]


class KernelFacts(Struct, frozen=True):
    """What a kernel reports about itself after the last cell; empty for other languages."""

    python: str = ""
    """Version of Python."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Version of each distribution that was imported."""
    peak_memory: int = 0
    """MiB."""
    mapped: tuple[str, ...] = ()
    """Files of the site that are open or mapped into memory."""
    plotly: str = ""
    """Path of the JavaScript that Plotly's Python package brings, if it was imported."""


class Machine(Struct, frozen=True):
    """What identifies a machine, and its user."""

    home: str
    user: str
    host: str
    temporary: str
    """Folder of temporary files."""


class Elsewhere(Struct, frozen=True):
    """Where a post ran that did not run on the author's machine."""

    root: Path
    """Of the site there."""
    machine: Machine
    processor: str
    """The model of its processor."""


class Run(Struct, frozen=True):
    """What a post gave."""

    cells: tuple[CellRun, ...]
    """All cells of the post, in its order."""
    facts: KernelFacts = field(default_factory=KernelFacts)
    observations: Observations = field(default_factory=Observations)
    """Which files of the site were read, written or listed."""
    remark: str = ""
    """For the author: which cells did not run again, or why they may have to."""
    elsewhere: Elsewhere | None = None
    """Where it ran, if not on this machine."""

    @property
    def seconds(self) -> float:
        """The time that all cells took."""
        return sum(cell.seconds for cell in self.cells)

    @property
    def products(self) -> dict[str, bytes]:
        """The content of each file that cells declare and wrote, by its path in the site."""
        return {path: data for cell in self.cells for path, data in cell.products.items()}

    @property
    def names(self) -> dict[int, str]:
        """The names of cells by the number that tracebacks give them."""
        return {number: cell.cell.name for cell in self.cells for number in cell.numbers()}


def name_odd_types(data: dict[str, Any]) -> None:
    """Rename what is no text where only a text may be, so that a build can say what it left out.

    Args:
        data: of an output, by type.
    """
    for kind, content in list(data.items()):
        lines = content if isinstance(content, list) else [content]
        if not (_JSON.fullmatch(kind) or all(isinstance(line, str) for line in lines)):
            data[f"{kind} of type {type(content).__name__}"] = ""
            del data[kind]
