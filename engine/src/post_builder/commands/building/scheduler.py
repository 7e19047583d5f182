"""A build on a cluster, if one is named."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from post_builder.commands.building.running import OnCluster
from post_builder.errors import SiteError
from post_builder.site import Site
from post_builder.ui.outcomes import Outcome


async def on_cluster(
    site: Site, scheduler: str | None, run: Callable[..., Awaitable[list[Outcome]]]
) -> list[Outcome]:
    """Run a build with a cluster, if its scheduler is named.

    Args:
        site: whose posts will run.
        scheduler: the address of the cluster's scheduler; None for a build on this machine.
        run: the build.

    Raises:
        SiteError: if Dask is not installed.
        ClusterError: if the cluster cannot be used.
    """
    if scheduler is None:
        return await run()
    try:
        from post_builder.cluster.connection import connected  # noqa: PLC0415
    except ModuleNotFoundError as error:
        hint = "pip install 'post-builder[cluster]'"
        raise SiteError(f"--scheduler needs {error.name}", hint=hint) from None
    async with connected(scheduler, site) as cluster:
        return await run(runner=OnCluster(cluster))
