"""The sockets on which a kernel answers."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from queue import Empty
from typing import Any

import zmq.asyncio
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import DELIM, Session

from post_builder.execution.receiving.room import MAX_SENT

_LOOK_AGAIN = 0.5
"""Seconds after which a socket is asked for messages that asyncio may have missed."""

_TOO_LARGE: Mapping[str, Any] = {
    "status": "error",
    "ename": "an exception",
    "evalue": f"its message takes more than {MAX_SENT // 2**20} MiB",
    "traceback": [],
}
"""What stands for a reply that is too large to be read: by its traceback, so its cell raised."""

_NUMBER = re.compile(rb"post-builder#(\d+)")
"""What `inside/shell.py` puts in front of each message."""


class _Channel(AsyncZMQSocketChannel):
    """Is waited on while the engine runs: neither while it is stopped, nor its machine asleep.

    Most likely the kernel is stopped as well, and has as much left to do.
    """

    left: float = math.inf
    """Seconds for which it is still waited on."""

    async def get_msg(  # type: ignore[override]  # as its base
        self,
        timeout: float | None = None,  # noqa: ASYNC109  # the name that callers use
    ) -> dict[str, Any]:
        """Return the next message.

        Args:
            timeout: seconds in which it comes; None for those that are left.

        Raises:
            Empty: if none came.
        """
        if timeout is not None:
            self.left = timeout
        while True:
            look, begin = min(self.left, _LOOK_AGAIN), time.monotonic()
            try:
                return await super().get_msg(timeout=look)
            except Empty:
                if look == 0:  # the last look is after the end: one before it may be long ago
                    raise
            finally:
                self.left -= min(time.monotonic() - begin, look)


class ShellChannel(_Channel):
    """Receives replies also if something is sent at the moment at which they arrive.

    nbclient answers widgets on this socket in a way that takes the news of a reply from asyncio,
    which would wait for it until the time limit of the cell.
    """

    on_reply: Callable[[], object] = staticmethod(lambda: None)
    """Called when a cell has ended."""

    async def _recv(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]  # noqa: ANN401  # as its base
        _, parts = await _frames(self.socket, kwargs)
        if sum(map(len, parts)) <= MAX_SENT:
            reply = dict(self.session.deserialize(parts))
        else:
            reply = {**_unread(self.session, parts), "content": _TOO_LARGE}
        if reply["msg_type"] == "execute_reply":
            self.on_reply()
        return reply


class OutputChannel(_Channel):
    """Receives output, and knows when a message is missing.

    IPython numbers what it sends (`inside/shell.py`). Of other kernels nobody can know.
    """

    missing = 0
    """Messages that were sent and never came, since the last cell began."""

    _last: int | None = None

    async def _recv(self, **kwargs: Any) -> dict[str, Any]:  # type: ignore[override]  # noqa: ANN401  # as its base
        names, parts = await _frames(self.socket, kwargs)
        self._count(names)
        size = sum(map(len, parts))
        is_large = size > MAX_SENT
        message = _unread(self.session, parts) if is_large else self.session.deserialize(parts)
        return {**message, "size": size}

    def _count(self, names: Sequence[bytes]) -> None:
        if names and (found := _NUMBER.fullmatch(names[0])):
            number = int(found[1])
            if self._last is not None:
                self.missing += number - self._last - 1
            self._last = number


def output_of_cell(client: AsyncKernelClient, late: float) -> OutputChannel:
    """Return where the output of the next cell arrives.

    Args:
        client: of its kernel, with the channels of this module.
        late: seconds for which output is waited on when the cell has ended.
    """
    shell, output = client.shell_channel, client.iopub_channel
    assert isinstance(shell, ShellChannel)  # noqa: S101  # as said
    assert isinstance(output, OutputChannel)  # noqa: S101  # as said
    output.missing, output.left, shell.left = 0, math.inf, math.inf
    shell.on_reply = lambda: setattr(output, "left", late)
    return output


async def _frames(
    socket: zmq.asyncio.Socket | None, options: Mapping[str, Any]
) -> tuple[list[bytes], list[bytes]]:
    """Receive a message; return whom it is for, and its parts."""
    assert socket is not None  # noqa: S101  # of a channel that was not closed
    frames: list[bytes] = await socket.recv_multipart(**options)
    start = frames.index(DELIM)
    return frames[:start], frames[start + 1 :]


def _unread(session: Session, parts: Sequence[bytes]) -> dict[str, Any]:
    """Return a message that is too large to be read, without its content."""
    header, parent = (session.unpack(part) for part in parts[1:3])
    names = {"msg_id": header["msg_id"], "msg_type": header["msg_type"]}
    empty: dict[str, Any] = {"metadata": {}, "content": {}, "buffers": []}
    return {"header": header, "parent_header": parent, **names, **empty}
