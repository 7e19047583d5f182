"""`watch` reports whatever is wrong with files, and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from commandline import PATIENCE, Gate, command, still_running
from commands.test_watch import POST, Watch, output, watching
from commands.test_watch import site as site  # noqa: PLC0414  # a fixture
from toysite import HEADER, replace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

OTHER = "_posts/2020-01-02-other.md"


def _other(site: Path) -> Path:
    path = site / OTHER
    path.write_text(f"{HEADER}```python\nprint(1)\n```\n", encoding="utf-8")
    return path


def _deleted(site: Path, watch: Watch) -> None:
    path = _other(site)
    watch.until(f"{OTHER}: built in ")
    path.unlink()


def _renamed(site: Path, watch: Watch) -> None:
    path = _other(site)
    watch.until(f"{OTHER}: built in ")
    path.rename(path.with_name("2021-01-02-other.md"))


def _temporary(site: Path, _: Watch) -> None:
    for number in range(20):
        path = site / "_posts" / f"saving-{number}.md"
        path.write_text(HEADER, encoding="utf-8")
        path.unlink()


def _not_readable(site: Path, watch: Watch) -> None:
    site.joinpath("_posts/2020-01-03-gone.md").symlink_to(site / "nowhere.md")
    site.joinpath("_posts/2020-01-04-odd.md").write_bytes(HEADER.encode() + b"\xff\n")
    watch.until("_posts/2020-01-04-odd.md")


def _not_utf8(site: Path, _: Watch) -> None:
    Path(os.fsdecode(os.fsencode(site) + b"/_posts/2020-01-05-caf\xe9.md")).write_text(HEADER)
    Path(os.fsdecode(os.fsencode(site) + b"/caf\xe9.txt")).write_text("x")


def _not_a_file(site: Path, _: Watch) -> None:
    for name in ("_posts/2020-01-06-pipe.md", "pipe"):
        os.mkfifo(site / name)
    site.joinpath("zeros").symlink_to("/dev/zero")


def _malformed(site: Path, watch: Watch) -> None:
    _other(site)
    watch.until(f"{OTHER}: built in ")
    site.joinpath("_data/builds/other.json").write_text("{", encoding="utf-8")
    replace(site / OTHER, "print(1)", "print(2)")
    watch.until("_data/builds/other.json: this build record cannot be read")


@pytest.mark.parametrize(
    "happen",
    [
        _renamed,
        _not_utf8,
        _not_a_file,
        *(pytest.param(one, marks=pytest.mark.faults) for one in (_deleted, _temporary)),
        *(pytest.param(one, marks=pytest.mark.faults) for one in (_not_readable, _malformed)),
    ],
)
def test_watch_goes_on(site: Path, happen: Callable[[Path, Watch], None]) -> None:
    """The next save is built as if nothing had happened."""
    with watching(site) as watch:
        watch.until(f"{POST}: built in ")
        happen(site, watch)
        replace(site / POST, "6 * factor", "5 * factor")
        watch.until(f"{POST}: built in ")
        assert "product 35" == output(site)
        assert watch.process.poll() is None
    assert "Traceback" not in "".join(watch.lines)


def test_a_post_that_is_deleted_while_it_runs_is_reported(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """It is not written again, and the other posts are built."""
    gate = Gate(tmp_path_factory.mktemp("gate"))
    with watching(site) as watch:
        watch.until(f"{POST}: built in ")
        path = site / OTHER
        path.write_text(f"{HEADER}```python\n{gate.code}\n```\n", encoding="utf-8")
        gate.wait()
        path.unlink()
        gate.open()
        watch.until(f"{OTHER}")
        replace(site / POST, "6 * factor", "5 * factor")
        watch.until(f"{POST}: built in ")
    assert not path.exists()


def _processes(watch: Watch) -> int:
    """Return how many processes a watch has, once that has not changed for three seconds."""
    watcher, counts = psutil.Process(watch.process.pid), [-1]
    end = time.monotonic() + 60
    while len(set(counts[-15:])) > 1 or len(counts) < 16:
        assert time.monotonic() < end, counts
        counts.append(len(watcher.children(recursive=True)))
        time.sleep(0.2)
    return counts[-1]


@pytest.mark.faults
def test_saves_of_settings_leave_one_kernel(site: Path) -> None:
    """Each setting has kernels of its own, and a template; those of old settings end."""
    with watching(site) as watch:
        watch.until(f"{POST}: built in ")
        before = _processes(watch)
        assert before > 0
        for number in range(8):
            text = f"title: x\npost_builder: {{output_limit: {100 + number}}}\n"
            site.joinpath("_config.yml").write_text(text, encoding="utf-8")
            watch.until(f"{POST}: built in ")
        assert before == _processes(watch)


def test_a_watch_that_a_script_started_ends_by_sigterm(site: Path) -> None:
    """What is started with & ignores Ctrl-C, as `make serve` starts it."""
    ignore = "import signal, sys, os; signal.signal(signal.SIGINT, signal.SIG_IGN)"
    call = [sys.executable, "-c", f"{ignore}; os.execv(sys.argv[1], sys.argv[1:])"]
    with subprocess.Popen(
        [*call, *command("watch", site)], stderr=subprocess.PIPE, text=True
    ) as process:
        Watch(process).until(f"{POST}: built in ")
        process.terminate()
        assert 130 == process.wait(PATIENCE)
    assert [] == still_running(site)
