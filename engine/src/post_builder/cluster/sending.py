"""Sending files to workers: each content goes to each worker once, a large one in parts."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from post_builder.cluster.messages import ROOM, Missing
from post_builder.cluster.tree import Part, Tree
from post_builder.cluster.worker.tasks import keep_parts
from post_builder.errors import ClusterError
from post_builder.place import Place

_MESSAGE = 8_000_000
"""Bytes of files that go to a worker in one message, at most twice as many."""


class Sender(Struct, eq=False):
    """Sends the files of one build."""

    client: Any  # Dask's `Client`, of which few methods have types
    build: str
    """An identifier of the build."""
    listing: tuple[str, bytes]
    """The digest of the tree's listing, and the listing as it travels."""
    busy: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    """One for each worker that is sent files, by its identifier."""
    sent: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The digests of what each worker was sent, by its identifier."""

    async def send(self, missing: Missing, tree: Tree, place: Place) -> None:
        """Send files to a worker, each once.

        Args:
            missing: what the worker lacks.
            tree: the files that it may ask for.
            place: that errors name.

        Raises:
            ClusterError: if it cannot keep them.
            FileError: if a file cannot be read any more.
        """
        async with self.busy[missing.identifier]:
            sent = self.sent[missing.identifier]
            wanted = [each for each in missing.digests if each not in sent]
            is_listing = wanted == [self.listing[0]]
            parts = iter([Part(*self.listing)]) if is_listing else tree.parts(wanted, _MESSAGE)
            messages = _messages(parts)
            while message := await asyncio.to_thread(next, messages, None):
                at = {"workers": [missing.worker], "on_error": "ignore"}  # it may be lost by now
                answers = await self.client.run(keep_parts, self.build, message, **at)
                for problem in answers.values():
                    if problem:
                        what = "has no room for the files of this post"
                        text = f"the worker {missing.worker} {what}: {problem}"
                        raise ClusterError(text, place, ROOM)
                    sent.update(part.digest for part in message if part.is_last)


def _messages(parts: Iterator[Part]) -> Iterator[list[Part]]:
    """Group parts of files into messages."""
    message: list[Part] = []
    size = 0
    for part in parts:
        message.append(part)
        size += len(part.data)
        if size >= _MESSAGE:
            yield message
            message, size = [], 0
    if message:
        yield message
