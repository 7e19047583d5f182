"""Running a post from its first cell to its last."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from functools import partial

from msgspec import Struct, field
from msgspec.structs import replace
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from post_builder.document.options import Attribute, Tag
from post_builder.document.post import Cell, Post, Value
from post_builder.errors import ExecutionError, RaisedError
from post_builder.execution.checkpoints.history import History
from post_builder.execution.client import KernelClient, OutputError
from post_builder.execution.environment import figure_format_code, value_code
from post_builder.execution.failures import cause, cell_exception, cell_failure, death
from post_builder.execution.forking.process import ForkedProcess
from post_builder.execution.kernels import Kernels, exit_status, fresh_kernel, process_of
from post_builder.execution.receiving.facts import code_cell, probe
from post_builder.execution.run import CellRun, KernelFacts, Run
from post_builder.files.plain import is_plain
from post_builder.site import Site
from post_builder.sources.session_inputs import inputs_of
from post_builder.sources.transclusion import PreparedCell, PreparedPost

_MOST_BYTES = 50_000_000
"""Of one product; GitHub warns of files that are larger."""

_SIGKILL = 9
"""The signal by which a system that is out of memory ends a process; Windows does not name it."""


async def execute(
    prepared: PreparedPost,
    site: Site,
    started: Callable[[Cell], None],
    kernels: Kernels = fresh_kernel,
    failures: list[RaisedError] | None = None,
) -> Run:
    """Run the cells of a post in order, and its values after the cells they are below.

    Args:
        prepared: the post with the code of its transcluded cells.
        site: kernels work in its root, with its settings.
        started: called before each cell, for a progress display.
        kernels: where a kernel comes from.
        failures: takes errors of cells, and the run goes on after them; else the first ends it.

    Raises:
        ExecutionError: if a cell raises, takes too long or loses its kernel, which is gone then.
    """
    post = prepared.post
    async with kernels(post, site) as kernel:
        runner = _Runner(post, kernel.client, site)
        history = kernel.history or History(kernel.log, post.place(1))
        cells = history.restore(runner.executed)
        await history.between(cells, runner.executed)
        for index, cell in enumerate(prepared.cells[len(cells) :], len(cells)):
            started(cell.cell)
            values = [value for value in post.values if value.after == index]
            try:
                cells.append(await runner.run(cell, values))
            except RaisedError as error:
                if failures is None:
                    raise
                failures.append(error)
                cells.append(CellRun(cell, (), None, 0, ("",) * len(values)))
            await history.between(cells, runner.executed)
        facts = await runner.facts() if post.language == "python" else KernelFacts()
        observations = history.observations().and_read(facts.mapped)
    written = [str(site.root / path) for cell in cells for path in cell.products]  # by any code
    return Run(tuple(cells), facts, observations.and_written(written), history.remark)


class _Runner(Struct):
    """One pass through a post in one kernel."""

    post: Post
    client: KernelClient
    site: Site
    executed: list[tuple[PreparedCell, NotebookNode]] = field(default_factory=list)

    async def run(self, cell: PreparedCell, values: list[Value]) -> CellRun:
        """Run a cell and the values after it."""
        self._refuse_early_products(cell)
        await self._set_format(cell.options.format)
        runs = [await self._timed(part) for part in inputs_of(cell) or (cell,)]
        await self._set_format(cell.options.format and self.site.settings.figure_format)
        products = self._products(cell)
        texts = tuple([await self._value(value) for value in values])
        if not cell.cell.session:
            return replace(runs[0], values=texts, products=products)
        outputs = tuple(output for run in runs for output in run.outputs)
        seconds = sum(run.seconds for run in runs)
        return CellRun(cell, outputs, runs[-1].number, seconds, texts, tuple(runs), products)

    async def _timed(self, cell: PreparedCell) -> CellRun:
        begin = time.perf_counter()
        node = await self._run_cell(cell)
        seconds = time.perf_counter() - begin
        return CellRun(cell, tuple(node.outputs), node.execution_count, seconds)

    async def _set_format(self, image: str | None) -> None:
        """Set the format of the figures that the next cell draws; None leaves it as it is."""
        if image and self.post.language == "python":
            code = figure_format_code(self.site, image)
            node = code_cell(code, timeout=self.site.settings.timeout)
            await self._execute(node, store_history=False)

    async def _run_cell(self, cell: PreparedCell) -> NotebookNode:
        tags = sorted(map(str, cell.options.tags))
        if Tag.STORED_OUTPUT in cell.options.tags:
            tags.append(Tag.SKIP_EXECUTION)
        own, default = cell.options.timeout, self.site.settings.timeout
        limit = own if own is not None else default
        node = code_cell(cell.code, tags=tags, timeout=limit)
        self.executed.append((cell, node))
        try:
            await self._execute(node)
        except CellExecutionError as error:
            raise cell_exception(self.post, self.executed, error) from None
        except CellTimeoutError:
            hint = "raise data-timeout on the cell, or timeout in _config.yml"
            raise self._failure(f"took longer than {limit:g} s", hint) from None
        except DeadKernelError:
            status = exit_status(self.client)
            hint = "it was probably out of memory" if status == -_SIGKILL else ""
            raise self._failure(f"lost its kernel: {death(status)}", hint) from None
        except OutputError as error:
            raise self._failure(str(error)) from None
        if self.client.wants_exit:
            hint = "remove the call: a post ends with its last cell"
            raise self._failure("asked for the end of the kernel, as exit() does", hint)
        self._refuse_missing_exception(cell, node)
        return node

    def _failure(self, what: str, hint: str = "") -> ExecutionError:
        return cell_failure(self.post, self.executed, what, hint)

    def _refuse_missing_exception(self, cell: PreparedCell, node: NotebookNode) -> None:
        tags = cell.options.tags
        failed = any(output["output_type"] == "error" for output in node.outputs)
        if Tag.RAISES_EXCEPTION in tags and Tag.SKIP_EXECUTION not in tags and not failed:
            message = f"did not raise, but is marked .{Tag.RAISES_EXCEPTION}"
            raise cell_failure(self.post, self.executed, message, kind=RaisedError)

    def _refuse_early_products(self, cell: PreparedCell) -> None:
        """Refuse a product that is there before its cell has run: another cell wrote it."""
        for path in cell.options.products:
            if os.path.lexists(self.site.root / path):
                message = f"cell {cell.name} declares {path}, which a cell above it wrote"
                raise ExecutionError(message, self.post.place(cell.cell.line))

    def _products(self, cell: PreparedCell) -> dict[str, bytes]:
        """Read the files that a cell declares, as it left them."""
        found = {}
        for path in cell.options.products:
            file = self.site.root / path
            if not os.path.lexists(file):
                hint = f"write it in this cell, or remove it from {Attribute.PRODUCTS}"
                raise self._failure(f"did not write its product {path}", hint)
            if not is_plain(file):
                raise self._failure(f"left something else than a file at {path}")
            if (size := file.stat().st_size) > _MOST_BYTES:
                limit = f"a product may have at most {_MOST_BYTES:,}"
                raise self._failure(f"wrote {size:,} bytes to {path}; {limit}")
            found[path] = file.read_bytes()
        return found

    async def _value(self, value: Value) -> str:
        place = self.post.place(value.line)
        if self.post.language != "python":
            raise ExecutionError("values in prose need a Python kernel", place)
        code, timeout = value_code(value.expression), self.site.settings.timeout
        node = code_cell(code, timeout=timeout)
        try:
            await self._execute(node, store_history=False)
        except CellExecutionError as error:
            message = f"the value {value.expression!r} raised {error.ename}: {cause(error)}"
            raise RaisedError(message, place) from None
        except (CellTimeoutError, DeadKernelError) as error:
            message = f"the value {value.expression!r} ended its kernel: {type(error).__name__}"
            raise ExecutionError(message, place) from None
        except OutputError as error:
            raise ExecutionError(f"the value {value.expression!r} {error}", place) from None
        return self._shown(value, node)

    def _shown(self, value: Value, node: NotebookNode) -> str:
        """Return the text that a value showed."""
        shown = [o["data"] for o in node.outputs if o["output_type"] == "display_data"]
        if self.client.wants_exit:
            problem = "asked for the end of the kernel, as exit() does"
        elif not shown:
            problem = "did not arrive: a cell keeps the kernel from showing anything"
        elif "\n" in shown[0]["text/plain"]:
            problem = "has more than one line"
        else:
            return str(shown[0]["text/plain"])
        message = f"the value {value.expression!r} {problem}"
        raise ExecutionError(message, self.post.place(value.line))

    async def facts(self) -> KernelFacts:
        """Ask the kernel what it is made of."""
        execute = partial(self._execute, store_history=False)
        is_forked = isinstance(process_of(self.client), ForkedProcess)
        return await probe(execute, self.post, is_forked=is_forked)

    async def _execute(self, node: NotebookNode, *, store_history: bool = True) -> None:
        try:
            await self.client.run(node, store_history=store_history)
        except DeadKernelError:
            task = asyncio.current_task()
            if task and task.cancelling():  # nbclient reports our own cancellation as a death
                raise asyncio.CancelledError from None
            raise
