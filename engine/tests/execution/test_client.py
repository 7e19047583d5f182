"""Talking to a kernel."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from queue import Empty
from typing import Any

import pytest
import zmq
import zmq.asyncio
from jupyter_client.channels import AsyncZMQSocketChannel
from jupyter_client.session import Session
from jupyter_core.utils import ensure_async

from post_builder.execution.client import Client, KernelManager
from post_builder.execution.receiving import channels
from post_builder.execution.receiving.channels import OutputChannel, ShellChannel

Pair = tuple[zmq.asyncio.Socket, zmq.Socket[bytes]]


@pytest.fixture
def pair() -> Iterator[Pair]:
    """Return two connected sockets, the second of which a kernel would have."""
    context = zmq.asyncio.Context()
    client, kernel = context.socket(zmq.PAIR), zmq.Context(context).socket(zmq.PAIR)
    kernel.bind("inproc://shell")
    client.connect("inproc://shell")
    yield client, kernel
    client.close(0)
    kernel.close(0)
    context.term()


def test_a_reply_of_which_asyncio_missed_the_news_is_received(pair: Pair) -> None:
    """As when a widget is answered at the end of its cell: nothing waits for the time limit."""
    session = Session(key=b"key")

    async def receive() -> str:
        channel = ShellChannel(pair[0], session)
        waiting = asyncio.create_task(channel.get_msg(timeout=60))
        await asyncio.sleep(0.1)  # until it waits for news of the socket
        session.send(pair[1], "execute_reply")
        time.sleep(0.1)  # noqa: ASYNC251  # the reply arrives, and asyncio has no turn
        channel.send(session.msg("comm_msg"))  # takes the news
        return str((await asyncio.wait_for(waiting, 5))["msg_type"])

    assert "execute_reply" == asyncio.run(receive())


def test_a_reply_that_came_after_the_last_look_in_time_is_taken(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the engine is stopped between that look and the end of the time."""
    session, looks = Session(key=b"key"), 0
    look = AsyncZMQSocketChannel.get_msg

    async def stopped(channel: ShellChannel, timeout: float) -> dict[str, Any]:  # noqa: ASYNC109
        nonlocal looks
        looks += 1
        try:
            return await look(channel, timeout)
        except Empty:
            session.send(pair[1], "execute_reply")
            time.sleep(0.5)  # noqa: ASYNC251  # as a process that is stopped
            raise

    monkeypatch.setattr(AsyncZMQSocketChannel, "get_msg", stopped)
    reply = asyncio.run(_received(ShellChannel(pair[0], session), 0.3))
    assert ("execute_reply", 2) == (reply["msg_type"], looks)


async def _received(channel: ShellChannel, seconds: float) -> dict[str, Any]:
    return await channel.get_msg(timeout=seconds)


@pytest.mark.parametrize("kind", [ShellChannel, OutputChannel])
def test_the_time_in_which_the_engine_is_stopped_is_not_waited(
    pair: Pair, kind: type[ShellChannel | OutputChannel]
) -> None:
    """The kernel was most likely stopped as well, and needs the rest of its time afterwards."""
    session = Session(key=b"key")

    async def receive() -> str:
        channel = kind(pair[0], session)
        waiting = asyncio.create_task(channel.get_msg(timeout=2))
        await asyncio.sleep(0.1)
        time.sleep(2.5)  # noqa: ASYNC251  # as a machine that sleeps
        await asyncio.sleep(0.7)
        session.send(pair[1], "execute_reply")
        return str((await waiting)["msg_type"])

    assert "execute_reply" == asyncio.run(receive())


def test_a_reply_that_is_too_large_is_not_read(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading it would take its size several times; it is one of a cell that raised."""
    monkeypatch.setattr(channels, "MAX_SENT", 1000)
    sender, read = Session(key=b"key"), []

    class Reader(Session):
        def deserialize(self, *_: object, **__: object) -> dict[str, object]:
            read.append(self)
            return {}

    async def receive() -> dict[str, Any]:
        sender.send(pair[1], "execute_reply", {"status": "error", "evalue": "x" * 1000})
        return await ShellChannel(pair[0], Reader(key=b"key")).get_msg(timeout=5)

    reply = asyncio.run(receive())
    assert ("execute_reply", "error") == (reply["msg_type"], reply["content"]["status"])
    assert [] == read


def test_a_channel_waits_as_long_as_it_is_told(pair: Pair) -> None:
    """And no longer."""

    async def receive(seconds: float) -> float:
        channel = ShellChannel(pair[0], Session(key=b"key"))
        begin = time.monotonic()
        with pytest.raises(Empty):
            await channel.get_msg(timeout=seconds)
        return time.monotonic() - begin

    assert 0 <= asyncio.run(receive(0)) < 0.5
    assert 0.7 <= asyncio.run(receive(0.7)) < 5


def test_a_kernel_has_its_time_to_start_also_if_the_engine_is_stopped_meanwhile() -> None:
    """As a cell has."""
    replies: list[dict[str, Any]] = [{}, {"msg_type": "kernel_info_reply"}]

    class Stopped(Client):
        kernel_info = staticmethod(lambda: "request")

        def _handle_kernel_info_reply(self, msg: dict[str, Any]) -> None:
            assert not replies
            replies.append(msg)

        async def is_alive(self) -> bool:
            return True

        async def get_shell_msg(self, **_: object) -> dict[str, Any]:
            if not (reply := replies.pop(0)):
                time.sleep(3)  # noqa: ASYNC251  # as a process that is stopped
                raise Empty
            return reply

        async def _is_heard(self, _: object) -> bool:
            return True

    asyncio.run(Stopped().wait_for_ready(timeout=2))
    assert [{"msg_type": "kernel_info_reply"}] == replies


def test_kernels_have_the_client_that_does_not_wait_for_their_silence() -> None:
    """That of jupyter_client waits a fifth of a second longer at each start."""
    manager = KernelManager(kernel_name="python3")
    client = manager.client()
    assert isinstance(client, Client)
    client.context.destroy()
    asyncio.run(ensure_async(manager.cleanup_resources()))
