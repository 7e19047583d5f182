"""Asking a kernel what it is made of, after the last cell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress

from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from post_builder.document.post import Post
from post_builder.errors import ExecutionError
from post_builder.execution.client import OutputError
from post_builder.execution.environment import INSIDE
from post_builder.execution.failures import cause
from post_builder.execution.run import KernelFacts

_TIMEOUT = 60
"""Seconds to list packages and open files, which takes far less than one."""

_OF_TEMPLATE = "__import__('sys').modules['sitecustomize'].probe.publish()"
"""Calls `inside/probe.py` as the template of a kernel imported it."""

Execute = Callable[[NotebookNode], Awaitable[None]]
"""Runs a cell of the engine's own in the kernel."""


async def probe(execute: Execute, post: Post, *, is_forked: bool) -> KernelFacts:
    """Ask a kernel for its Python, its packages, its memory and its open files.

    Args:
        execute: runs code in the kernel.
        post: whose cells have run.
        is_forked: whether a template started the kernel.

    Raises:
        ExecutionError: if the cells left nothing that could answer.
    """
    source = INSIDE.joinpath("probe.py").read_text(encoding="utf-8")
    try:
        if is_forked:
            with suppress(CellExecutionError):  # a post may remove what its template brought
                return await _facts(execute, _OF_TEMPLATE)
        return await _facts(execute, f"{source}\npublish()")
    except CellExecutionError as error:
        problem = f"the kernel cannot say what it ran with: {error.ename}: {cause(error)}"
    except CellTimeoutError:
        problem = f"the kernel did not say in {_TIMEOUT} s what it ran with"
    except DeadKernelError:
        problem = "the kernel died after the last cell"
    except OutputError as error:
        problem = f"the kernel {error}"
    except LookupError:
        problem = "the kernel did not say what it ran with"
    hint = "a cell, or a thread that it started, keeps it from that"
    raise ExecutionError(problem, post.place(1), hint)


async def _facts(execute: Execute, source: str) -> KernelFacts:
    node = code_cell(f"exec({source!r}, {{}})", timeout=_TIMEOUT)
    await execute(node)
    facts = node.outputs[-1]["data"]["application/json"]
    return KernelFacts(
        facts["python"],
        dict(facts["packages"]),
        facts["peak_memory"],
        tuple(facts["mapped"]),
        facts["plotly"],
    )


def code_cell(code: str, **metadata: object) -> NotebookNode:
    """Return a cell as nbformat makes them, which also compares each with a schema."""
    return NotebookNode(
        cell_type="code",
        execution_count=None,
        metadata=NotebookNode(metadata),
        outputs=[],
        source=code,
    )
