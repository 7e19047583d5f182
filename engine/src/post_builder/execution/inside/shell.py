"""Prepares the IPython shell of a kernel. Runs once, before the first cell, and leaves no names."""

import itertools
import sys
from typing import Any

import zmq
from IPython import get_ipython
from tornado.ioloop import IOLoop

PROBLEM = "application/x-post-builder-problem"
"""The MIME type by which the engine learns what a cell did to its kernel."""


def prepare() -> None:
    """Send all output, and keep what ipykernel needs for an answer."""
    shell = get_ipython()
    # by default ZeroMQ drops messages while 1,000 wait to be sent, without an error
    thread = shell.kernel.iopub_thread
    thread.schedule(lambda: thread.socket.setsockopt(zmq.SNDHWM, 0))
    send, numbers = thread._really_send, itertools.count()  # noqa: SLF001  # what all output passes

    def send_numbered(message: list[bytes], *args: object, **options: object) -> None:
        """Number what is sent: the engine finds what is missing."""
        send([b"post-builder#%d" % next(numbers), *message], *args, **options)

    thread._really_send = send_numbered  # noqa: SLF001
    streams = {"stdout": sys.stdout, "stderr": sys.stderr}

    def restore_streams(*_: object) -> None:
        for name, stream in streams.items():
            if getattr(sys, name) is None:  # ipykernel would never answer
                setattr(sys, name, stream)
                shell.display_pub.publish({PROBLEM: f"set sys.{name} to None"})

    shell.events.register("post_run_cell", restore_streams)
    show_traceback = shell._showtraceback  # noqa: SLF001  # what all tracebacks pass

    def show_lines(kind: object, value: object, lines: object) -> None:
        """Show texts: `_render_traceback_` may return anything, and ipykernel never answer."""
        lines = [lines] if isinstance(lines, str) else lines if isinstance(lines, list) else []
        show_traceback(kind, value, [str(line) for line in lines])

    shell._showtraceback = show_lines  # noqa: SLF001
    listener = getattr(sys.modules.get("sitecustomize"), "listener", None)
    if listener:  # `watch` forks kernels between cells
        loop: Any = IOLoop.current()
        listener.listen(shell.kernel.parent, loop.asyncio_loop)


prepare()
