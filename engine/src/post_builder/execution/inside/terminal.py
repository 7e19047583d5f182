"""Lets text from outside Python arrive in order, within the cell that caused it.

What C code and other programs write to the terminal goes through a pipe, which a thread of
ipykernel reads when it gets to it: such text may come after what Python prints later, or a cell too
late. Here the pipe is emptied before all that Python prints or shows, and at the end of each cell.
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

from ipykernel import iostream


def c_flush() -> Callable[[], object]:
    """Return what lets the C library write all that it holds back of standard output."""
    try:
        library = ctypes.CDLL(None)
        name = "__stdoutp" if sys.platform == "darwin" else "stdout"
        return functools.partial(library.fflush, ctypes.c_void_p.in_dll(library, name))
    except (OSError, ValueError, AttributeError):  # another C library
        return lambda: None


def waiting(pipe: int) -> int:
    """Return how many bytes are in a pipe."""
    answer = fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))
    return int.from_bytes(answer, sys.byteorder)


def encodable(text: str, name: str) -> str:
    """Return what a script would write to a stream, in characters that can be sent."""
    if not isinstance(text, str) or text.isascii():
        return text
    errors = "surrogateescape" if name == "stdout" else "backslashreplace"  # as in UTF-8 mode
    return text.encode("utf-8", errors).decode("utf-8", "replace")


_Stream: Any = iostream.OutStream  # whose private methods have no types


class OutStream(_Stream):  # type: ignore[misc]
    """A stream that reads its pipe before it is written to."""

    _flush_c = staticmethod(c_flush())

    def _setup_stream_redirects(self, name: str) -> None:
        self._in_turn = threading.RLock()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        super()._setup_stream_redirects(name)

    def _watch_pipe_fd(self) -> None:
        """Forward what arrives while Python prints nothing."""
        poll = select.poll()
        poll.register(self._fid, select.POLLIN)
        while self._should_watch:
            poll.poll()
            self._empty_pipe()

    def write(self, string: str) -> int | None:
        """Write a text after all that is in the pipe.

        Raises:
            UnicodeEncodeError: for half a character on `stdout`, as it does in a script: ipykernel
                would lose all that waits to be sent, without an error of the cell.
        """
        self._catch_up()
        written: int | None = super().write(encodable(string, self.name))
        return written

    def flush(self) -> None:
        """Send everything, because a cell ends or something else is shown next."""
        self._catch_up()
        super().flush()

    def _catch_up(self) -> None:
        if self._should_watch and self._is_master_process():  # a fork may hold the lock for ever
            self._flush_c()
            self._empty_pipe()

    def _empty_pipe(self) -> None:
        with self._in_turn:
            while count := waiting(self._fid):
                data = os.read(self._fid, count)
                if self._should_watch:
                    super().write(self._decoder.decode(data))
                    os.write(self._original_stdstream_copy, data)


for _name in ("__module__", "__doc__"):
    setattr(OutStream, _name, getattr(_Stream, _name))
iostream.OutStream = OutStream  # type: ignore[misc]
