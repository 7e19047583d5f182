"""Starting and ending kernels."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbformat.v4 import new_notebook

from post_builder.document.post import Post
from post_builder.errors import ExecutionError
from post_builder.execution.environment import (
    OBSERVATIONS,
    ipython_arguments,
    kernel_environment,
)
from post_builder.place import Place
from post_builder.site import Site


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that has run nothing yet."""

    client: NotebookClient
    log: Path
    """Where its observer writes."""


class _LosslessClient(AsyncKernelClient):
    """A client that receives every message; a Python kernel also sends every one.

    By default ZeroMQ drops messages, without an error, while 1,000 wait to be received.
    """

    def _context_default(self) -> zmq.asyncio.Context:
        context = super()._context_default()
        context.setsockopt(zmq.RCVHWM, 0)  # for all sockets that it opens
        return context


Kernels = Callable[[Post, Site], AbstractAsyncContextManager[Kernel]]
"""Where kernels come from; when the context is left, the kernel is gone."""


@asynccontextmanager
async def fresh_kernel(post: Post, site: Site) -> AsyncIterator[Kernel]:
    """Start a kernel for a post; whatever happens, it is gone afterwards.

    Raises:
        ExecutionError: if it is not installed or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="post-builder-") as folder:
        scratch = Path(folder)
        client = NotebookClient(
            new_notebook(),
            kernel_name=post.kernel,
            timeout_func=lambda cell: cell.metadata["timeout"],
            raise_on_iopub_timeout=True,  # by default the rest of the output is lost in silence
            extra_arguments=ipython_arguments(site) if post.language == "python" else [],
        )
        manager = client.create_kernel_manager()
        manager.client_factory = _LosslessClient
        if sys.platform != "win32":
            manager.transport = "ipc"  # sockets in a private folder: no port that others can reach
        manager.connection_file = str(scratch / "kernel.json")
        try:
            await _start(client, post, site, scratch)
            yield Kernel(client, scratch / OBSERVATIONS)
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await ensure_async(manager.shutdown_kernel(now=True))


async def _start(client: NotebookClient, post: Post, site: Site, scratch: Path) -> None:
    place = Place(post.path, 1)
    with (scratch / "kernel.log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            await client.async_start_new_kernel(
                cwd=str(site.root), env=kernel_environment(site, scratch), stdout=log, stderr=log
            )
            await client.async_start_new_kernel_client()
        except NoSuchKernel as error:
            hint = "`jupyter kernelspec list` shows the installed ones"
            message = f"the Jupyter kernel {post.kernel!r} is not installed"
            raise ExecutionError(message, place, hint) from error
        except RuntimeError as error:
            log.seek(0)
            message = f"the kernel {post.kernel!r} did not start: {error}"
            raise ExecutionError(message, place, detail=log.read()) from error
