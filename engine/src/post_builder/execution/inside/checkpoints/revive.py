"""Lets a fork of a kernel be a kernel: new sockets and threads for the objects that it has.

The shell, its hooks and its streams stay the objects that the post may have kept. What belongs to
the process from which this one was forked is replaced, and never closed or deleted: its descriptors
have other owners by now.
"""

import asyncio
import contextlib
import os
import selectors
import sys
from typing import Any

import zmq
from tornado.ioloop import IOLoop
from zmq.eventloop.zmqstream import ZMQStream

KEPT: list[object] = []
"""Objects of other processes, which must never be collected."""

PORTS = ("shell_port", "iopub_port", "stdin_port", "hb_port", "control_port")


def revive(app: Any, connection_file: str, spared: set[int]) -> None:  # noqa: ANN401  # of ipykernel
    """Connect a kernel with another client.

    Args:
        app: the application of ipykernel.
        connection_file: names the sockets of the client.
        spared: descriptors that are not ipykernel's.
    """
    streams = [app.kernel._stdout, app.kernel._stderr]  # noqa: SLF001
    keep(app, streams)
    for stream in streams:
        os.dup2(stream._original_stdstream_copy, stream._original_stdstream_fd)  # noqa: SLF001
    close_others({0, 1, 2, *spared})
    renew_loop(IOLoop.current())
    open_sockets(app, connection_file)
    for name, stream in zip(("stdout", "stderr"), streams, strict=True):
        open_stream(app, name, stream)
    connect(app, app.kernel)


def keep(app: Any, streams: list[Any]) -> None:  # noqa: ANN401  # as above
    """Hold what belongs to another process."""
    kernel = app.kernel
    loop: Any = IOLoop.current()
    main = loop.asyncio_loop
    KEPT.extend(
        [
            *(app.poller, app.heartbeat, app.context, app.control_thread, app.shell_channel_thread),
            *(app.shell_socket, app.stdin_socket, app.control_socket),
            *(app.debugpy_socket, app.debug_shell_socket),
            *(kernel.shell_stream, kernel.control_stream, kernel.debugpy_stream),
            *(main._selector, main._ssock, main._csock),  # noqa: SLF001
            *(list(main._ready), list(main._scheduled), loop.handlers.copy()),  # noqa: SLF001
            *(vars(one).copy() for one in (app.iopub_thread, *streams)),
        ]
    )


def close_others(spared: set[int]) -> None:
    """Close all descriptors but some: those of the process that was forked."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in spared:
            with contextlib.suppress(OSError):  # that of the listing itself
                os.close(int(name))


def renew_loop(loop: Any) -> None:  # noqa: ANN401  # with attributes that are not public
    """Let an event loop wait for the files of this process, and only for those."""
    main = loop.asyncio_loop
    main._selector = selectors.DefaultSelector()  # noqa: SLF001
    main._ready.clear()  # noqa: SLF001
    main._scheduled.clear()  # noqa: SLF001
    main._internal_fds = 0  # noqa: SLF001
    main._make_self_pipe()  # noqa: SLF001
    for handled in (loop.handlers, loop.readers, loop.writers):
        handled.clear()


def open_sockets(app: Any, connection_file: str) -> None:  # noqa: ANN401  # as above
    """Bind new sockets to the names in a connection file."""
    app.connection_file = connection_file
    for name in PORTS:
        setattr(app, name, 0)
    app.load_connection_file()
    app.session.pid, app.parent_handle = os.getpid(), os.getppid()
    app.init_poller()
    app.context, zmq.Context._instance = None, None  # noqa: SLF001
    app.init_iopub = lambda context: open_iopub(app, context)
    app.init_sockets()
    del app.init_iopub
    app.init_heartbeat()
    app._ports = {name.removesuffix("_port"): getattr(app, name) for name in PORTS}  # noqa: SLF001


def open_iopub(app: Any, context: zmq.Context[Any]) -> None:  # noqa: ANN401  # as above
    """Give the thread that sends output another socket; whoever knows the thread need not care."""
    socket = context.socket(zmq.XPUB)
    socket.linger = 1000
    socket.sndhwm = 0  # as `shell.py` sets it
    app.iopub_port = app._bind_socket(socket, app.iopub_port)  # noqa: SLF001
    known_as = app.iopub_thread.background_socket
    app.iopub_thread.__init__(socket, pipe=True, session=app.session)
    app.iopub_thread.background_socket = known_as
    app.iopub_thread.start()
    app.iopub_socket = known_as


def open_stream(app: Any, name: str, stream: Any) -> None:  # noqa: ANN401  # as above
    """Let a stream send what it is given, and what arrives at its descriptor."""
    current = getattr(sys, name)
    setattr(sys, name, getattr(sys, f"__{name}__"))  # whose descriptor it takes over
    stream.__init__(app.session, app.iopub_thread, name, isatty=stream.isatty())
    setattr(sys, name, current)


def connect(app: Any, kernel: Any) -> None:  # noqa: ANN401  # as above
    """Let the kernel answer on the new sockets, as `IPKernelApp.init_kernel` does."""
    control, shell = app.control_thread, app.shell_channel_thread
    shell.shell_stream = kernel.shell_stream = ZMQStream(app.shell_socket, shell.io_loop)
    kernel.control_stream = ZMQStream(app.control_socket, control.io_loop)
    kernel.debugpy_stream = ZMQStream(app.debugpy_socket, control.io_loop)
    kernel.debug_shell_socket, kernel.stdin_socket = app.debug_shell_socket, app.stdin_socket
    kernel.control_thread, kernel.shell_channel_thread = control, shell
    kernel._main_asyncio_lock = asyncio.Lock()  # noqa: SLF001
    control.start()
    shell.start()
    kernel.record_ports({f"{name}_port": port for name, port in app._ports.items()})  # noqa: SLF001
