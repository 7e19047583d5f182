"""Starting and ending kernels."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from typing import Protocol

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_async
from msgspec import Struct

from post_builder.document.front_matter import kernel_place, read_front_matter
from post_builder.document.post import Post
from post_builder.errors import ExecutionError
from post_builder.execution.checkpoints.history import History
from post_builder.execution.client import KernelClient
from post_builder.execution.environment import (
    OBSERVATIONS,
    ipython_arguments,
    kernel_environment,
    no_room,
    scratch_parent,
)
from post_builder.execution.forking.forker import PROVISIONER, Forker
from post_builder.execution.forking.process import ForkedProcess
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.transclusion import PreparedPost

_SECONDS_TO_END = 10
"""Seconds for a guard to end what a kernel started; it is killed after that."""


class Kernel(Struct, frozen=True):
    """A kernel that has run nothing yet, or some of the cells of a post."""

    client: KernelClient
    log: Path
    """Where its observer writes."""
    template: Forker | None = None
    """From which it was forked."""
    history: History | None = None
    """What it has run already, and what is kept of its run; by default nothing."""


Kernels = Callable[[Post, Site], AbstractAsyncContextManager[Kernel]]
"""Where kernels come from; when the context is left, the kernel is gone."""


class KernelSource(Protocol):
    """Where the kernels of a build come from."""

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Prepare for posts that will run."""

    def for_run(self, prepared: PreparedPost, declared: Mapping[str, str]) -> Kernels:
        """Return where the kernel of a post comes from, which may have run some of its cells.

        Args:
            prepared: the post that will run.
            declared: the state of each file that it declares.
        """


@asynccontextmanager
async def fresh_kernel(
    post: Post, site: Site, template: Forker | None = None
) -> AsyncIterator[Kernel]:
    """Start a kernel for a post; whatever happens, it and all it started are gone afterwards.

    Args:
        post: that names the kernel.
        site: in which it works.
        template: from which it is forked, if it can be.

    Raises:
        ExecutionError: if it is not installed or does not start.
    """
    try:
        parent = template.scratch if template else scratch_parent(site)
        made = tempfile.TemporaryDirectory(prefix="post-builder-", dir=parent)
    except OSError as error:
        raise _not_started(post, error) from error
    with made as folder:
        scratch = Path(folder)
        arguments = ipython_arguments(site) if post.language == "python" else []
        client = KernelClient(post.kernel, arguments)
        manager = client.create_kernel_manager()
        if sys.platform != "win32":
            manager.transport = "ipc"  # sockets in a private folder: no port that others can reach
        if template and PROVISIONER in KernelProvisionerFactory.instance().provisioners:
            chosen = {"provisioner_name": PROVISIONER, "config": {"template": template}}
            assert manager.kernel_spec is not None  # noqa: S101  # for mypy; a template had it
            manager.kernel_spec.metadata["kernel_provisioner"] = chosen
        manager.connection_file = str(scratch / "kernel.json")
        try:
            await _start(client, post, site, scratch)
            forked = isinstance(process_of(client), ForkedProcess)
            yield Kernel(client, scratch / OBSERVATIONS, template if forked else None)
        finally:
            await _end(client)


async def put_to_rest(client: KernelClient) -> None:
    """End a kernel, but not its checkpoints; its folder stays."""
    if client.kc is not None:
        client.kc.stop_channels()
    process = process_of(client)
    if process is not None and process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, _SECONDS_TO_END)


async def _end(client: KernelClient) -> None:
    """End a kernel: its guard ends all processes that it started."""
    await put_to_rest(client)
    if client.km is not None and client.km.has_kernel:
        await ensure_async(client.km.shutdown_kernel(now=True))


def exit_status(client: KernelClient) -> int | None:
    """Return how a kernel ended: an exit status, or the negative number of a signal."""
    process = process_of(client)
    return process.poll() if process is not None else None


def process_of(client: KernelClient) -> subprocess.Popen[bytes] | ForkedProcess | None:
    """Return the process of a kernel, or its guard."""
    provisioner = client.km.provisioner if client.km is not None else None
    return provisioner.process if isinstance(provisioner, LocalProvisioner) else None


async def _start(client: KernelClient, post: Post, site: Site, scratch: Path) -> None:
    try:
        environment = kernel_environment(site, scratch)
        scratch.joinpath(OBSERVATIONS).touch()  # if it is missing later, it was lost
        log = scratch.joinpath("kernel.log").open("w+", encoding="utf-8", errors="replace")
    except OSError as error:
        raise _not_started(post, error) from error
    with log:
        try:
            await client.async_start_new_kernel(
                cwd=str(site.root), env=environment, stdout=log, stderr=log
            )
            await client.async_start_new_kernel_client()
        except NoSuchKernel as error:
            hint = "`jupyter kernelspec list` shows the installed ones"
            message = f"the Jupyter kernel {post.kernel!r} is not installed"
            raise ExecutionError(message, _place(post), hint) from error
        except (RuntimeError, OSError) as error:
            log.seek(0)
            raise _not_started(post, error, no_room(scratch, site), log.read()) from error


def _not_started(post: Post, error: Exception, hint: str = "", detail: str = "") -> ExecutionError:
    message = f"the kernel {post.kernel!r} did not start: {error}"
    return ExecutionError(message, _place(post), hint, detail=detail)


def _place(post: Post) -> Place:
    """Return where a post names its kernel; only errors need it."""
    return kernel_place(read_front_matter(post.text, post.path))
