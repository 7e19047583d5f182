"""A build on this machine, or on a cluster if one is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from post_builder.commands.building.running import Here, OnCluster
from post_builder.errors import SiteError
from post_builder.execution.forking.starting import TemplateProcess
from post_builder.execution.forking.templates import Templates
from post_builder.site import Site
from post_builder.ui.outcomes import Outcome

Run = Callable[..., Awaitable[list[Outcome]]]
"""A build, which takes what runs its posts."""


async def here(ahead: Callable[[], TemplateProcess | None], run: Run) -> list[Outcome]:
    """Run a build on this machine.

    Args:
        ahead: returns a process for a template, if one was started ahead.
        run: the build.
    """
    templates = Templates(ahead)
    try:
        return await run(runner=Here(templates))
    finally:
        await templates.close()


async def on_cluster(site: Site, scheduler: str, run: Run) -> list[Outcome]:
    """Run a build on a cluster.

    Args:
        site: whose posts will run.
        scheduler: the address of the cluster's scheduler.
        run: the build.

    Raises:
        SiteError: if Dask is not installed.
        ClusterError: if the cluster cannot be used.
    """
    try:
        from post_builder.cluster.connection import connected  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "pip install 'post-builder[cluster]'"
        raise SiteError(f"--scheduler needs {error.name}", hint=hint) from None
    async with connected(scheduler, site) as cluster:
        return await run(runner=OnCluster(cluster))
