"""`post-builder watch`: builds on save, in a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from toysite import PARTS, replace

from post_builder.execution.kernels import Standby
from post_builder.ui.progress import Silent
from post_builder.site import open_site
from post_builder.commands.watch import _taken, _Watcher

POST = "_posts/2020-01-01-watched.md"

TEXT = """---
title: Watched
jupyter: {kernelspec: {name: python3, language: python}}
---

```python
from pathlib import Path

factor = int(Path("factor.txt").read_text())
print("product", 6 * factor)
```
"""

PATIENCE = 60
"""Seconds after which something that should have happened has not; no claim of speed."""


def wait_for(what: Callable[[], bool]) -> None:
    """Return once something is so; fail if that takes for ever."""
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


@contextmanager
def watching(root: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the watch on a site, and end it whatever happens."""
    command = [sys.executable, "-m", "post_builder", "watch", "--site", str(root)]
    with log.open("wb") as stream, subprocess.Popen(command, stderr=stream) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def site(blog: Path) -> Path:
    """Make a site with one post that reads one file."""
    blog.joinpath(POST).write_text(TEXT, encoding="utf-8")
    blog.joinpath("factor.txt").write_text("7\n", encoding="utf-8")
    return blog


def shows(site: Path, text: str) -> Callable[[], bool]:
    """Tell whether the post shows some output."""
    return lambda: f'<pre class="output stdout">{text}</pre>' in site.joinpath(POST).read_text()


def kernels(log: Path) -> int:
    """Count how often a post was run."""
    return log.read_text().count("[1/1]")


@pytest.mark.slow
def test_saves_are_built_errors_are_shown_and_interrupts_leave_no_kernel(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The life of a watch: code, a data file, prose, an error, its cure, and the end."""
    log = tmp_path_factory.mktemp("log") / "watch.log"
    with watching(site, log) as process:
        wait_for(shows(site, "product 42"))
        replace(site / POST, "6 * factor", "5 * factor")
        wait_for(shows(site, "product 35"))
        site.joinpath("factor.txt").write_text("8\n", encoding="utf-8")
        wait_for(shows(site, "product 40"))
        runs = kernels(log)
        replace(site / POST, 'print("product"', 'prnt("product"')
        wait_for(lambda: "NameError" in log.read_text())
        replace(site / POST, 'prnt("product"', 'print("twice"')
        wait_for(shows(site, "twice 40"))
        assert runs + 2 == kernels(log)
        slow = "__import__('time').sleep(600) or"
        replace(site / POST, '"twice", 5', f'"twice", {slow} 5')
        wait_for(lambda: runs + 3 == kernels(log))
        started = psutil.Process(process.pid).children(recursive=True)
        assert started
        process.send_signal(signal.SIGINT)
        assert 130 == process.wait(PATIENCE)
    assert not any(child.is_running() for child in started)


@pytest.mark.slow
def test_a_post_follows_what_another_prints(series: Path, tmp_path: Path) -> None:
    """A save of the one builds the other too; nothing goes on after that."""
    log = tmp_path / "watch.log"
    one, two = (series / name for name in PARTS)
    with watching(series, log):
        replace(one, '("MLP", 0.97)', '("MLP", 0.96)')
        wait_for(lambda: "MLP 0.96 15.8" in two.read_text())
        replace(two, '("CNN", 0.99)', '("CNN", 1.0)')
        wait_for(lambda: "CNN 1.0 untimed" in two.read_text())
        time.sleep(1)
    assert 2 == log.read_text().count(f"{PARTS[1]}: built")
    assert 1 == log.read_text().count(f"{PARTS[0]}: built")


def test_a_failed_post_is_looked_at_again_when_what_it_takes_is_another(series: Path) -> None:
    """The other post's file may be saved as often as it likes; its printed text counts."""
    site, (one, two) = open_site(series), [series / name for name in PARTS]
    watcher = _Watcher(Silent(), 1, sys.stderr, Standby())
    watcher.failed = {two: _taken(site, two)}
    assert [one] == watcher.candidates(site, {one})
    replace(one, "0.97),\n]</pre>", "0.98),\n]</pre>")
    assert [one, two] == watcher.candidates(site, {one})


@pytest.mark.slow
def test_burst_of_saves_coalesces_and_a_save_during_a_build_counts(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Ten saves in a row run the post once or twice, and the last one is what shows."""
    log = tmp_path_factory.mktemp("log") / "watch.log"
    with watching(site, log):
        wait_for(shows(site, "product 42"))
        before = kernels(log)
        for factor in range(10):
            site.joinpath("factor.txt").write_text(f"{factor}\n", encoding="utf-8")
        wait_for(shows(site, "product 54"))
        assert kernels(log) - before <= 2
        replace(site / POST, "6 * factor", "__import__('time').sleep(1) or 3 * factor")
        wait_for(lambda: log.read_text().count("[1/1]") > before + 1)
        replace(site / POST, "or 3 * factor", "or 2 * factor")
        wait_for(shows(site, "product 18"))
