"""Kernels that wait for a post, for `watch`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from post_builder.document.post import Post
from post_builder.errors import ExecutionError
from post_builder.execution.forking.standby import Standby
from post_builder.execution.kernels import process_of
from post_builder.execution.run import Run
from post_builder.execution.runner import execute
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

pytestmark = pytest.mark.slow

WHO = (
    "```python\nimport os, sys\n"
    "print(os.getppid() if sys.platform == 'linux' else os.getpid())\n```\n"
)
"""On Linux the engine starts a guard, which starts the kernel."""


@pytest.fixture
def post(read: Callable[[str], Post]) -> Post:
    """A post that prints the process it ran in."""
    return read(WHO)


async def process(post: Post, site: Site, standby: Standby) -> int:
    """Run the post, and return the process it ran in."""
    run: Run = await execute(transclude(post, site, {}), site, lambda _: None, standby)
    return int(run.cells[0].outputs[0]["text"])


def children() -> set[int]:
    """Return the processes that this one started."""
    return {child.pid for child in psutil.Process().children()}


async def started(standby: Standby) -> None:
    """Wait until the kernels on standby have started, or failed to."""
    await asyncio.wait(standby._ready.values())


async def ready(standby: Standby) -> int:
    """Return the guard of the one kernel on standby."""
    (start,) = standby._ready.values()
    _, kernel = await start
    process = process_of(kernel.client)
    assert process is not None
    return process.pid


def in_loop(test: Callable[[Standby], Awaitable[None]]) -> None:
    """Run a test in an event loop, and end its kernels; none is left."""
    before = children()

    async def run() -> None:
        standby = Standby()
        try:
            await test(standby)
        finally:
            await standby.close()

    asyncio.run(run())
    assert before == children()


@pytest.mark.timeout(60)
def test_a_run_takes_the_kernel_that_waits_and_starts_another(post: Post, blog: Path) -> None:
    """Every run has a kernel of its own; the next one is on its way when it ends."""

    async def test(standby: Standby) -> None:
        site = Site(blog)
        standby.warm(post, site)
        standby.warm(post, site)
        waiting = await ready(standby)
        assert waiting == await process(post, site, standby)
        following = await ready(standby)
        assert waiting != following
        assert following == await process(post, site, standby)

    in_loop(test)


@pytest.mark.timeout(60)
def test_a_kernel_that_died_while_it_waited_is_replaced(post: Post, blog: Path) -> None:
    """The run gets another one instead of an error."""

    async def test(standby: Standby) -> None:
        site = Site(blog)
        standby.warm(post, site)
        waiting = await ready(standby)
        guard = psutil.Process(waiting)
        guard.kill()
        await asyncio.to_thread(guard.wait)
        assert waiting != await process(post, site, standby)

    in_loop(test)


@pytest.mark.timeout(60)
def test_a_kernel_that_did_not_start_is_started_again(
    post: Post, blog: Path, install: Callable[[str, list[str]], None]
) -> None:
    """What was wrong when it was warmed may have been fixed since; if not, that is the error."""

    async def test(standby: Standby) -> None:
        site, other = Site(blog), replace(post, kernel="own-python")
        standby.warm(other, site)
        await started(standby)
        with pytest.raises(
            ExecutionError, match="the Jupyter kernel 'own-python' is not installed"
        ):
            await process(other, site, standby)
        standby.warm(other, site)
        await started(standby)
        install("own-python", ["-m", "ipykernel_launcher", "-f", "{connection_file}"])
        assert await process(other, site, standby)

    in_loop(test)


@pytest.mark.timeout(60)
def test_other_settings_need_another_kernel(post: Post, blog: Path) -> None:
    """A kernel is started for the settings of its site, and serves no others."""

    async def test(standby: Standby) -> None:
        standby.warm(post, Site(blog))
        waiting = await ready(standby)
        other = Site(blog, Settings(environment={"MODE": "other"}))
        assert waiting != await process(post, other, standby)

    in_loop(test)
