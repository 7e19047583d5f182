"""Fresh kernels for posts: what they inherit, what is fixed in them, and where they come from."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_client.kernelspec import NoSuchKernel
from jupyter_core.utils import ensure_async
from nbclient import NotebookClient
from nbformat.v4 import new_notebook

from post_builder.errors import ExecutionError, Place

if TYPE_CHECKING:
    from post_builder.document.post import Post
    from post_builder.site import Site

KERNEL_FOLDER = Path(__file__).with_name("inside")
"""Code that runs inside the post's Python."""

_ALLOWED = (
    *("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"),
    *("XDG_CACHE_HOME", "SYSTEMROOT", "SSL_CERT_FILE"),
)
"""What kernels inherit of the author's shell; a token in any other variable stays there."""

_FIXED = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "COLUMNS": "80",
    "LINES": "24",
    "PYTHONHASHSEED": "0",
    "PYTHONUTF8": "1",
    "SOURCE_DATE_EPOCH": "0",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}
"""What is the same in every kernel, so that the same post gives the same bytes."""

_LOG = "observations"
"""The file in a kernel's scratch folder in which the observer notes what is read."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that has run nothing yet."""

    client: NotebookClient
    log: Path
    """Where its observer writes."""


Kernels = Callable[["Post", "Site"], AbstractAsyncContextManager[Kernel]]
"""Where kernels come from; on leaving the context the kernel is gone."""


@asynccontextmanager
async def fresh_kernel(post: Post, site: Site) -> AsyncIterator[Kernel]:
    """Start a kernel for a post; whatever happens, it is gone afterwards.

    Raises:
        ExecutionError: where it is not installed or does not start.
    """
    with tempfile.TemporaryDirectory(prefix="post-builder-") as folder:
        scratch = Path(folder)
        client = NotebookClient(
            new_notebook(),
            kernel_name=post.kernel,
            timeout_func=lambda cell: cell.metadata["timeout"],
            extra_arguments=_arguments(site) if post.language == "python" else [],
        )
        manager = client.create_kernel_manager()
        if sys.platform != "win32":
            manager.transport = "ipc"  # sockets in a private folder: no port, no one else on it
        manager.connection_file = str(scratch / "kernel.json")
        try:
            await _start(client, post, site, scratch)
            yield Kernel(client, scratch / _LOG)
        finally:
            if client.kc is not None:
                client.kc.stop_channels()
            if manager.has_kernel:
                await ensure_async(manager.shutdown_kernel(now=True))


@dataclass(slots=True)
class Standby:
    """Keeps a kernel ready for the next run of each kind, so that nobody waits for its start."""

    _ready: dict[str, asyncio.Task[tuple[AsyncExitStack, Kernel]]] = field(default_factory=dict)

    @asynccontextmanager
    async def __call__(self, post: Post, site: Site) -> AsyncIterator[Kernel]:
        """Give the kernel that stands ready, and start another once it has been used."""
        kind = _kind(post, site)
        start = self._ready.pop(kind, None)
        stack, kernel = await (start or _opened(post, site))
        manager = kernel.client.km
        if manager is None or not await ensure_async(manager.is_alive()):
            await stack.aclose()
            stack, kernel = await _opened(post, site)
        try:
            async with stack:
                yield kernel
        finally:
            task = asyncio.current_task()
            if task and not task.cancelling():
                self.warm(post, site)

    def warm(self, post: Post, site: Site) -> None:
        """Start a kernel of a post's kind, if none stands ready."""
        if _kind(post, site) not in self._ready:
            self._ready[_kind(post, site)] = asyncio.create_task(_opened(post, site))

    async def close(self) -> None:
        """End the kernels that were never asked for."""
        for start in self._ready.values():
            start.cancel()
        for opened in await asyncio.gather(*self._ready.values(), return_exceptions=True):
            if not isinstance(opened, BaseException):
                await opened[0].aclose()


def _kind(post: Post, site: Site) -> str:
    """Name what a kernel depends on before it runs anything."""
    return repr((post.kernel, post.language, site))


async def _opened(post: Post, site: Site) -> tuple[AsyncExitStack, Kernel]:
    stack = AsyncExitStack()
    return stack, await stack.enter_async_context(fresh_kernel(post, site))


async def _start(client: NotebookClient, post: Post, site: Site, scratch: Path) -> None:
    place = Place(post.path, 1)
    with (scratch / "kernel.log").open("w+", encoding="utf-8", errors="replace") as log:
        try:
            await client.async_start_new_kernel(
                cwd=str(site.root), env=_environment(site, scratch), stdout=log, stderr=log
            )
            await client.async_start_new_kernel_client()
        except NoSuchKernel as error:
            hint = "`jupyter kernelspec list` shows those that are"
            message = f"no Jupyter kernel {post.kernel!r} is installed"
            raise ExecutionError(message, place, hint) from error
        except RuntimeError as error:
            log.seek(0)
            message = f"the kernel {post.kernel!r} did not start: {error}"
            raise ExecutionError(message, place, detail=log.read()) from error


def _arguments(site: Site) -> list[str]:
    """Fix how IPython shows figures and tracebacks."""
    png = site.settings.figure_format == "png"
    metadata = {"Software": None} if png else {"Date": None, "Creator": None}
    figure = {"metadata": metadata} | ({"dpi": site.settings.figure_dpi} if png else {})
    return [
        f"--InlineBackend.figure_formats={site.settings.figure_format}",
        f"--InlineBackend.print_figure_kwargs={figure!r}",
        "--InteractiveShell.colors=nocolor",
        "--HistoryManager.enabled=False",
    ]


def _environment(site: Site, scratch: Path) -> dict[str, str]:
    """Make a kernel's environment: an allow-list, what is fixed, and the site's own variables."""
    inherited = {name: os.environ[name] for name in _ALLOWED if name in os.environ}
    config = scratch / "config"
    config.joinpath("matplotlib").mkdir(parents=True)
    config.joinpath("matplotlib", "matplotlibrc").write_text("svg.hashsalt: post-builder\n")
    own = {
        "IPYTHONDIR": str(scratch / "ipython"),
        "XDG_CONFIG_HOME": str(config),
        "POST_BUILDER_ROOT": str(site.root),
        "POST_BUILDER_LOG": str(scratch / _LOG),
    }
    environment = inherited | _FIXED | own | dict(site.settings.environment)
    paths = [str(KERNEL_FOLDER), environment.get("PYTHONPATH", "")]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return environment
