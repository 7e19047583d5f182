"""Run a post's cells in one fresh Jupyter kernel."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from post_builder.freshness.dependencies import Observations, read_log
from post_builder.errors import ExecutionError
from post_builder.execution.kernels import KERNEL_FOLDER, Kernels, fresh_kernel

if TYPE_CHECKING:
    from post_builder.document.post import Cell, Post, Value
    from post_builder.site import Site

Output = Mapping[str, Any]
"""One output of a cell, as nbformat 4 has it."""

_IN_CELL = re.compile(r"Cell In\[(\d+)\], line (\d+)")
"""How IPython names the line of a cell in a traceback."""

_IN_FILE = re.compile(r" \(\d+\.py, line \d+\)$")
"""How it ends a syntax error."""


@dataclass(frozen=True, slots=True)
class Run:
    """What came out of a post."""

    outputs: tuple[tuple[Output, ...], ...]
    """For each cell its outputs."""
    counts: tuple[int | None, ...]
    """For each cell the number under which tracebacks name it."""
    values: tuple[str, ...]
    """For each value its text."""
    seconds: tuple[float, ...]
    """For each cell how long it took."""
    facts: Mapping[str, Any]
    """Python's version, the packages', the peak memory in MiB; empty for other languages."""
    observations: Observations
    """Which files of the site were read, written or listed."""


async def execute(
    post: Post,
    site: Site,
    started: Callable[[Cell], None],
    kernels: Kernels = fresh_kernel,
) -> Run:
    """Run the cells of a post in order, and its values after the cells they stand under.

    Args:
        post: with the code of its transcluded cells in place.
        site: kernels work in its root, under its settings.
        started: called before each cell, for a progress display.
        kernels: where a fresh kernel comes from.

    Raises:
        ExecutionError: for a cell that raises, is too slow or loses its kernel; nothing is left
            running then.
    """
    async with kernels(post, site) as kernel:
        runner = _Runner(post, kernel.client, site.settings.timeout)
        for index, cell in enumerate(post.cells):
            started(cell)
            await runner.run_cell(cell)
            for value in post.values:
                if value.after == index:
                    await runner.run_value(value)
        facts = await runner.probe() if post.language == "python" else {}
        observations = read_log(kernel.log).and_read(facts.get("mapped", ()))
    return Run(
        tuple(tuple(cell.outputs) for cell in runner.done),
        tuple(cell.execution_count for cell in runner.done),
        tuple(runner.values),
        tuple(runner.seconds),
        facts,
        observations,
    )


class _Runner:
    """One pass through a post in one kernel."""

    def __init__(self, post: Post, client: NotebookClient, timeout: float) -> None:
        self.post, self.client, self.timeout = post, client, timeout
        self.done: list[NotebookNode] = []
        self.values: list[str] = []
        self.seconds: list[float] = []

    async def run_cell(self, cell: Cell) -> None:
        tags = sorted(cell.options.tags)
        limit = cell.options.timeout if cell.options.timeout is not None else self.timeout
        node = new_code_cell(cell.code, metadata={"tags": tags, "timeout": limit})
        self.done.append(node)
        begin = time.perf_counter()
        try:
            await self._execute(node)
        except CellExecutionError as error:
            raise self._cell_error(cell, node, error) from None
        except CellTimeoutError:
            hint = "raise data-timeout on the cell, or timeout in _config.yml"
            raise self._failure(cell, f"took longer than {limit:g} s", hint) from None
        except DeadKernelError:
            hint = "a kernel that dies without a word is most often out of memory"
            raise self._failure(cell, "lost its kernel, which died", hint) from None
        self.seconds.append(time.perf_counter() - begin)
        failed = any(output["output_type"] == "error" for output in node.outputs)
        if "raises-exception" in tags and not failed and "skip-execution" not in tags:
            raise self._failure(cell, "was to raise an exception, and did not", "")

    async def run_value(self, value: Value) -> None:
        place = self.post.place(value.line)
        if self.post.language != "python":
            raise ExecutionError("values in prose need a Python kernel", place)
        node = new_code_cell(_value_code(value.expression), metadata={"timeout": self.timeout})
        try:
            await self._execute(node, store_history=False)
        except CellExecutionError as error:
            what = _IN_FILE.sub("", error.evalue)
            message = f"the value {value.expression!r} raised {error.ename}: {what}"
            raise ExecutionError(message, place) from None
        except (CellTimeoutError, DeadKernelError) as error:
            message = f"the value {value.expression!r} ended its kernel: {type(error).__name__}"
            raise ExecutionError(message, place) from None
        shown = (o["data"] for o in node.outputs if o["output_type"] == "display_data")
        text: str = next(shown)["text/plain"]
        if "\n" in text:
            raise ExecutionError(f"the value {value.expression!r} has more than one line", place)
        self.values.append(text)

    async def probe(self) -> Mapping[str, Any]:
        source = KERNEL_FOLDER.joinpath("probe.py").read_text(encoding="utf-8")
        node = new_code_cell(f"exec({source!r}, {{}})", metadata={"timeout": 60})
        await self._execute(node, store_history=False)
        facts: Mapping[str, Any] = node.outputs[-1]["data"]["application/json"]
        return facts

    async def _execute(self, node: NotebookNode, *, store_history: bool = True) -> None:
        cells = self.client.nb.cells
        cells.append(node)
        try:
            await self.client.async_execute_cell(node, len(cells) - 1, store_history=store_history)
        except DeadKernelError:
            task = asyncio.current_task()
            if task and task.cancelling():  # nbclient takes our own cancellation for a death
                raise asyncio.CancelledError from None
            raise

    def _failure(self, cell: Cell, what: str, hint: str) -> ExecutionError:
        place = self.post.place(cell.line)
        trail = cell.origin[:1]
        return ExecutionError(f"cell {cell.name} {what}", place, hint, trail, self._printed())

    def _cell_error(
        self, cell: Cell, node: NotebookNode, error: CellExecutionError
    ) -> ExecutionError:
        output = next(o for o in reversed(node.outputs) if o["output_type"] == "error")
        traceback = strip_ansi("\n".join(output["traceback"]))
        frames = self._frames(traceback)
        own = next((line for owner, line in frames if owner is cell), 1)
        trail = [owner.origin[line - 1] for owner, line in frames if 0 < line <= len(owner.origin)]
        what = _IN_FILE.sub("", error.evalue)
        message = f"cell {cell.name} raised {error.ename}: {what}"
        text = self.post.text[cell.body.start : cell.body.end]
        place = self.post.place(cell.line + (own if own <= text.count(cell.newline) else 0))
        printed = self._printed()
        detail = f"{printed}\n{traceback}" if printed else traceback
        return ExecutionError(message, place, trail=tuple(trail), detail=detail)

    def _frames(self, traceback: str) -> Sequence[tuple[Cell, int]]:
        """Find a traceback's lines of cells, outermost first."""
        cells = {node.execution_count: cell for node, cell in zip(self.done, self.post.cells)}  # noqa: B905  # the run may be under way
        found = [(int(count), int(line)) for count, line in _IN_CELL.findall(traceback)]
        return [(cells[count], line) for count, line in found if count in cells]

    def _printed(self) -> str:
        """Give what the running cell printed, as an error shows it."""
        streams = [o["text"] for o in self.done[-1].outputs if o["output_type"] == "stream"]
        return "printed:\n" + "".join(streams).rstrip("\n") if streams else ""


def _value_code(expression: str) -> str:
    """Make code that shows what an f-string makes of an expression."""
    quote = "'''" if '"' in expression else '"""'
    expression = f" {expression}" if expression.startswith("{") else expression
    text = f"f{quote}{{{expression}}}{quote}"
    return f'get_ipython().display_pub.publish({{"text/plain": {text}}})'
