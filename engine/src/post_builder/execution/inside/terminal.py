"""Lets text from outside Python arrive in order, within the cell that caused it.

The engine sends this source to a Python kernel before the first cell. What C code and other
programs write to the terminal goes through a pipe, which a thread of ipykernel reads when it gets
to it: such text may come after what is printed later, or a cell too late. Here the pipe is emptied
before each thing that Python prints and at the end of each cell.
"""

import codecs
import ctypes
import fcntl
import functools
import os
import select
import sys
import termios
import threading
from collections.abc import Callable
from typing import Any


def c_flush() -> Callable[[], object]:
    """Return what lets the C library write all that it holds back of standard output."""
    try:
        library = ctypes.CDLL(None)
        name = "__stdoutp" if sys.platform == "darwin" else "stdout"
        return functools.partial(library.fflush, ctypes.c_void_p.in_dll(library, name))
    except (OSError, ValueError, AttributeError):  # another C library
        return lambda: None


class Pipe:
    """The pipe behind a stream of ipykernel."""

    def __init__(self, stream: Any, flush_c: Callable[[], object]) -> None:
        """Take the place of ipykernel's own reader."""
        self.stream = stream
        self.flush_c = flush_c
        self.process = os.getpid()
        self.lock = threading.RLock()
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.write_python = stream.write
        self.flush_python = stream.flush
        stream._should_watch = False
        os.write(stream._original_stdstream_fd, b"\0")  # wakes the reader, which ends
        stream.watch_fd_thread.join()
        stream._should_watch = True
        stream.write, stream.flush = self.write, self.flush
        stream.watch_fd_thread = threading.Thread(target=self.watch, daemon=True)
        stream.watch_fd_thread.start()

    def write(self, text: str) -> int | None:
        """Write what Python prints, after all that is in the pipe."""
        self.catch_up()
        written: int | None = self.write_python(text)
        return written

    def flush(self) -> None:
        """Send everything, what is in the pipe included: a figure may be next."""
        self.catch_up()
        self.flush_python()

    def catch_up(self) -> None:
        """Forward what was written outside Python so far."""
        if os.getpid() == self.process:  # the lock of a forked process may never be released
            self.flush_c()
            self.empty()

    def empty(self) -> None:
        """Forward all that is in the pipe."""
        with self.lock:
            while count := self.waiting():
                data = os.read(self.stream._fid, count)
                if self.stream._should_watch:
                    self.write_python(self.decoder.decode(data))
                    os.write(self.stream._original_stdstream_copy, data)

    def waiting(self) -> int:
        """Return how many bytes are in the pipe."""
        answer = fcntl.ioctl(self.stream._fid, termios.FIONREAD, bytes(4))
        return int.from_bytes(answer, sys.byteorder)

    def watch(self) -> None:
        """Forward what arrives while Python prints nothing."""
        poll = select.poll()
        poll.register(self.stream._fid, select.POLLIN)
        while self.stream._should_watch:
            poll.poll()
            self.empty()

    def end_cell(self) -> None:
        """Forward what a cell wrote, an unfinished character included."""
        self.catch_up()
        with self.lock:
            if rest := self.decoder.decode(b"", final=True):
                self.write_python(rest)


def install() -> None:
    """Put the streams of this kernel in order."""
    from IPython import get_ipython  # noqa: PLC0415  # kernels have it; the engine need not

    flush_c = c_flush()
    streams = [s for s in (sys.stdout, sys.stderr) if getattr(s, "watch_fd_thread", None)]
    for stream in streams:
        get_ipython().events.register("post_execute", Pipe(stream, flush_c).end_cell)


install()
