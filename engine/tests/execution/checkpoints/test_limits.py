"""What a checkpoint cannot carry is found, and the cells after it run again with what is before."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from author import Author, at_work

from post_builder.execution.checkpoints import recording

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels"),
]

LIMITS = {
    "threads": (
        "import threading\nevent = threading.Event()\n"
        "threading.Thread(target=event.wait, daemon=True).start()"
    ),
    "threads of a library": (
        "import ctypes\nlibrary = ctypes.CDLL(None)\nthread = ctypes.c_ulong()\n"
        "start = ctypes.cast(library.pause, ctypes.c_void_p)\n"
        "library.pthread_create(ctypes.byref(thread), None, start, None)"
    ),
    "subprocesses": "import subprocess\nchild = subprocess.Popen(['sleep', '600'])",
    "subprocesses, one that has ended": (
        "import subprocess, time\nchild = subprocess.Popen(['true'])\ntime.sleep(0.2)"
    ),
    "subprocesses, one that was left alone": "import os\nos.system('sleep 600 &')",
    "sockets": "import socket\nends = socket.socketpair()",
    "pipes": "import os\nends = os.pipe()",
    "a file open for writing": "file = open('written.txt', 'w')",
    "a file open for writing, in memory": "import os\nfile = os.memfd_create('x')",
    "shared memory": "import mmap\nshared = mmap.mmap(-1, 4096)",
    "timers": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 600)",
    "tasks of asyncio": "import asyncio\ntask = asyncio.create_task(asyncio.sleep(600))",
    "tasks of asyncio, called later": (
        "import asyncio\nasyncio.get_running_loop().call_later(600, print)\nawait asyncio.sleep(0)"
    ),
    "a queue of the system": "import select\nqueue = select.epoll()",
    "a device": "device = open('/dev/tty0', 'rb')" if Path("/dev/tty0").exists() else "",
    "a file that an earlier cell wrote": "open('made.txt').read()",
    "a file that an earlier cell wrote, listed": "import os\nos.listdir('folder')",
    "a file that an earlier cell wrote, from a shell": "print(open('shell.txt').read())",
}
"""By what it is called, a cell that leaves something behind."""

FIRST = (
    "first = 1\nimport os\nopen('made.txt', 'w').write('made')\n"
    "os.makedirs('folder', exist_ok=True)\n"
    "open('folder/a', 'w').close()\nos.system('echo shell > shell.txt')"
)


@pytest.fixture
def _each_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a checkpoint after each cell."""
    monkeypatch.setattr(recording, "SLOW", 0.0)
    monkeypatch.setattr(recording, "DEAR", 0)


@pytest.mark.usefixtures("_each_cell")
def test_what_a_fork_does_not_carry_is_found(blog: Path) -> None:
    """And named; what was before it can still be woken."""

    async def work(author: Author) -> None:
        for name, code in LIMITS.items():
            if not code:
                continue
            cells = ["first = 1", "second = first + 1", code, "print(second)"]
            if "earlier cell" in name:
                cells[0] = FIRST
            outcome = await author.save(cells)
            assert outcome.error is None, name
            word = name.partition(",")[0]
            assert f"no checkpoint after cell cell-3: {word}" in author.said.results[-1], name
            assert max(author.indices, default=0) < 3, name

    at_work(blog, work)


CARRIED = {
    "a file that is read": (["file = open('lines.txt')\nfile.readline()"], "file.readline()"),
    "a generator": (["numbers = iter(range(9))\nnext(numbers)"], "next(numbers)"),
    "random numbers": (["import random\nrandom.seed(1)"], "random.random()"),
    "streams that a library keeps": (
        ["import logging, sys\nlogging.basicConfig(stream=sys.stdout)"],
        "logging.warning('kept')",
    ),
    "the last value": (["6 * 7"], "_ + 1"),
    "a display that is updated": (["handle = display(1, display_id='d')"], "handle.update(2)"),
    "a thread that ended": (
        ["import threading\nt = threading.Thread(target=print)\nt.start(); t.join()"],
        "threading.Thread().name, threading.active_count()",
    ),
    "a temporary file": (
        ["import tempfile\nwith tempfile.TemporaryFile() as f: f.write(b'x'); f.seek(0); f.read()"],
        "f.closed",
    ),
    "warnings that were shown": (
        ["import warnings\ndef warn(): warnings.warn('once')\nwarn()"],
        "warn()",
    ),
    "the limit of recursion": (
        ["def down(n=0):\n    try: return down(n + 1)\n    except RecursionError: return n"],
        "import inspect\ndown(), len(inspect.stack())",
    ),
}
"""By what it is called, cells that leave something behind, and one that uses it."""


@pytest.mark.usefixtures("_each_cell")
def test_what_a_fork_carries_is_as_in_a_whole_run(blog: Path) -> None:
    """Also if the same checkpoint is woken twice."""
    blog.joinpath("lines.txt").write_text("one\ntwo\nthree\nfour\n", "utf-8")

    async def work(author: Author) -> None:
        for name, (before, code) in CARRIED.items():
            for last in (code, f"print('again')\n{code}", f"print('once more')\n{code}"):
                cells: Sequence[str] = [*before, last]
                outcome = await author.save(cells)
                assert outcome.error is None, name
                await author.compare(outcome)
            assert 1 == outcome.cells, (name, author.said.results)

    at_work(blog, work)
