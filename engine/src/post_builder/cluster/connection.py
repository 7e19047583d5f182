"""The connection with the scheduler of a cluster."""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from distributed import Client

from post_builder.cluster.client import Cluster
from post_builder.cluster.sending import Sender
from post_builder.cluster.tree import Tree, tracked_tree
from post_builder.cluster.waiting import Workers
from post_builder.errors import ClusterError
from post_builder.files import digest
from post_builder.site import Site

_SECONDS = 10
"""How long a scheduler may take to answer, and its first worker to join."""


@asynccontextmanager
async def connected(address: str, site: Site) -> AsyncIterator[Cluster]:
    """Connect with the scheduler of a cluster.

    Args:
        address: of the scheduler, such as `tcp://10.0.0.7:8786`.
        site: whose posts will run.

    Raises:
        ClusterError: if it does not answer, or has no worker.
    """
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
    tree = tracked_tree(site)
    with _scratch_folder() as folder:
        client = await _client(address)
        try:
            if not await _has_worker(client):
                raise ClusterError(f"the cluster at {address} has no worker")
            manifest = tree.manifest
            listing = digest(manifest), manifest
            sender = Sender(client, f"post-builder-{uuid.uuid4().hex}", listing)
            workers = Workers(client)
            newer = Tree(tree.root, {}, {})
            cluster = Cluster(client, address, site, tree, newer, sender, workers, Path(folder))
            client.subscribe_topic(sender.build, cluster.heard)
            yield cluster
        finally:
            with suppress(OSError, TimeoutError):
                await client.close()


async def _client(address: str) -> Client:
    try:
        client: Client = await Client(
            address, asynchronous=True, timeout=_SECONDS, set_as_default=False
        )
    except (OSError, ValueError, ImportError) as error:
        message = f"no scheduler of Dask answers at {address}"
        raise ClusterError(message, detail=str(error)) from error
    return client


def _scratch_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="post-builder-")
    except OSError as error:
        raise ClusterError(f"there is no room for temporary files: {error.strerror}") from error


async def _has_worker(client: Client) -> bool:
    try:
        await client.wait_for_workers(1, timeout=_SECONDS)  # type: ignore[misc,func-returns-value]
    except TimeoutError:
        return False
    return True
