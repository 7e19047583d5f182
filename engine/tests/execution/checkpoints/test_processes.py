"""Checkpoints end with the watch that has them, however it ends, and keep to their memory."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
from author import POST, Author, at_work, block
from commandline import PATIENCE, command, still_running
from toysite import HEADER

from post_builder.execution.checkpoints import recording

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks kernels"),
]


def names(root: Path) -> list[str]:
    """Return the names of the processes that work in a site."""
    running = psutil.process_iter(["name", "cwd"])
    return [one.info["name"] for one in running if one.info["cwd"] == str(root)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left(blog: Path, number: signal.Signals) -> None:
    """Neither of the kernel that ran last, nor of the checkpoints before it and their guards."""
    slow = "import time\ntime.sleep(0.4)"
    cells = [slow, f"first = 1\n{slow}", "print(first)"]
    with subprocess.Popen(command("watch", blog), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for last in ("", "print('edited')", "print('again')"):
                blog.joinpath(POST).write_text(
                    HEADER + "".join(map(block, [*cells, last])), "utf-8"
                )
                for line in process.stderr:
                    if re.search("built in", line):
                        break
                cells[0 if last else 1] += "\n"
            assert "checkpoint" in names(blog)
            process.send_signal(number)
            process.wait(PATIENCE)
        finally:
            process.kill()
    assert [] == still_running(blog)


def test_checkpoints_keep_to_a_budget(blog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one before the cell that was edited last stays longest."""
    monkeypatch.setattr(recording, "SLOW", 0.0)
    monkeypatch.setattr(recording, "DEAR", 0)
    cells = [f"block_{n} = bytes({n + 1}) * 20_000_000" for n in range(4)]

    async def work(author: Author) -> None:
        await author.save([*cells, "1"])
        assert [1, 2, 3, 4, 5] == author.indices
        author.standby._checkpoints.budget = 160_000_000  # that one alone has 120
        await author.save([*cells[:3], "block_3 = bytes(1) * 80_000_000", "1"])
        await author.standby._checkpoints.trim()
        assert 3 in author.indices
        assert 1 not in author.indices
        author.standby._checkpoints.budget = 0
        outcome = await author.save([*cells[:3], "block_3 = 4", "1"])
        await author.standby._checkpoints.trim()
        assert 2 == outcome.cells
        assert [] == author.indices
        await author.compare(outcome)

    at_work(blog, work)


def test_a_checkpoint_that_cannot_be_woken_is_not_missed(blog: Path) -> None:
    """The post runs whole if it has died, or if a module in it has changed."""

    async def work(author: Author) -> None:
        author.root.joinpath("helper.py").write_text("NUMBER = 1\n", "utf-8")
        slow = "import time, helper\ntime.sleep(0.4)"
        await author.save([slow, "helper.NUMBER"])
        (one,) = author.standby._checkpoints._families[POST].checkpoints
        psutil.Process(one.pid).kill()
        outcome = await author.save([slow, "helper.NUMBER + 1"])
        assert 2 == outcome.cells
        author.root.joinpath("helper.py").write_text("NUMBER = 22\n", "utf-8")
        outcome = await author.save([slow, "helper.NUMBER + 2"])
        assert 2 == outcome.cells
        assert ">24<" in author.root.joinpath(POST).read_text("utf-8")

    at_work(blog, work)


@pytest.mark.parametrize("where", ["in the kernel", "in its fork"])
def test_no_memory_for_a_fork_costs_checkpoints_alone(blog: Path, where: str) -> None:
    """The post is built whole, at once, and the build says why there is none."""
    refuses = "True" if where == "in the kernel" else "os.getpid() != kernel"
    cell = f"""import errno, os, time
kernel, usual = os.getpid(), os.fork
def fork():
    if {refuses}:
        raise OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    return usual()
os.fork = fork
time.sleep(0.4)"""

    async def work(author: Author) -> None:
        begin = time.monotonic()
        outcome = await author.save([cell, "print(1)"])
        assert time.monotonic() - begin < 40
        assert 2 == outcome.cells
        assert [] == author.indices
        assert "no checkpoint after cell cell-1" in author.said.results[-1]
        await author.compare(outcome)

    at_work(blog, work)


def test_folders_for_temporary_files_that_are_gone_are_not_missed(blog: Path) -> None:
    """Something that tidies up has removed those of kernels that sleep and stand by."""
    slow = "import time\ntime.sleep(0.4)"

    async def work(author: Author) -> None:
        await author.save([slow, "print(1)"])
        (one,) = author.standby._checkpoints._families[POST].checkpoints
        await asyncio.gather(*author.standby._ready.values())
        for template in author.standby._templates._templates.values():
            shutil.rmtree(template.scratch)
        assert not one.scratch.exists()
        outcome = await author.save([slow, "print(2)"])
        assert None is outcome.error
        assert 2 == outcome.cells
        await author.compare(outcome)

    at_work(blog, work)


def test_a_full_disk_when_a_checkpoint_is_woken_costs_one_save_at_most(blog: Path) -> None:
    """The kernel that stands by may still run the post; with space again all is as before."""
    slow = "import time\ntime.sleep(0.4)"

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def work(author: Author) -> None:
        await author.save([slow, "print(1)"])
        await asyncio.gather(*author.standby._ready.values())
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "TemporaryDirectory", full)
            first = await author.save([slow, "print(2)"])
            second = await author.save([slow, "print(3)"])
        assert None is first.error
        assert "did not start: [Errno 28]" in str(second.error)
        outcome = await author.save([slow, "print(4)"])
        assert 2 == outcome.cells
        await author.compare(outcome)

    at_work(blog, work)
