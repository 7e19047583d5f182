"""`make serve`: the page beside the editor, and a terminal that stays as it was."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from .conftest import PATH, ROOT, copy_source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

    from .conftest import Built

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

POST = """---
title: Written now
jupyter: {kernelspec: {name: python3, display_name: Python 3, language: python}}
---

![A picture](/assets/favicon.svg)

```python
from pathlib import Path
from time import sleep
```
{: #first}

```python
while not Path("gate").exists():
    sleep(0.1)
print("through")
```
{: #second}
"""

PATIENCE = 120
"""Seconds."""


class Serving:
    """A running `scripts/serve.py` in a terminal of its own, and what it says."""

    def __init__(self, root: Path, *, typed: bool = True) -> None:
        """Start it; without a keyboard it reads from nowhere, as under `nohup` or in an editor."""
        self.terminal, inner = pty.openpty()
        # tests that run in the background ignore Ctrl-C, and so would what they start
        ignored = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(
            [sys.executable, str(root / "scripts/serve.py")],
            cwd=root,
            env=os.environ | {"PATH": PATH, "LC_ALL": "C.UTF-8"},
            stdin=inner if typed else subprocess.DEVNULL,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
        )
        signal.signal(signal.SIGINT, ignored)
        os.close(inner)
        self.said = ""

    def until(self, pattern: str) -> re.Match[str]:
        """Read until it has said something."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if match := re.search(pattern, self.said):
                return match
            if not self._read():
                break
        pytest.fail(f"it never said {pattern}: {self.said}")

    def rest(self) -> str:
        """Read until it ends, and return all that it said."""
        while self._read():
            pass
        return self.said

    def so_far(self) -> str:
        """Return all that it has said; its progress display goes on."""
        end = time.monotonic() + 1
        while time.monotonic() < end and self._read(0.2):
            pass
        return self.said

    def _read(self, patience: float = PATIENCE) -> bool:
        if not select.select([self.terminal], [], [], patience)[0]:
            return False
        try:
            found = os.read(self.terminal, 65536)
        except OSError:  # nobody holds the other end any more
            return False
        self.said += found.decode("utf-8", "replace")
        return bool(found)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The site with one post, which waits at a gate while it runs."""
    root = tmp_path / "source"
    copy_source(root)
    shutil.rmtree(root / "_posts")
    shutil.rmtree(root / "_data/builds")
    (root / "_posts").mkdir()
    (root / "_posts/2024-01-01-now.md").write_text(POST, "utf-8")
    return root


@pytest.fixture
def serving(source: Path) -> Iterator[Serving]:
    """The site, served beside something that has its port."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 4000))
        busy.listen()
        running = Serving(source)
        try:
            yield running
        finally:
            running.process.kill()
            os.close(running.terminal)


def test_a_page_says_how_its_post_stands_and_ctrl_c_leaves_the_terminal_alone(
    source: Path, serving: Serving, browser: Browser
) -> None:
    """Running by cell, fresh, failed by line; figures have addresses by content; no backtrace."""
    serving.until("port 4000 is in use: taking 40")
    address = serving.until(r"Server address: (http://127\.0\.0\.1:40\d+/)")[1]
    page = browser.new_page()
    page.goto(f"{address}now/")
    bar = page.locator("#development")
    bar.filter(has_text="running cell 2 of 2: second").wait_for(timeout=PATIENCE * 1000)
    picture = page.locator(".post-content img").get_attribute("src") or ""
    assert re.fullmatch(r"/assets/favicon\.svg\?v=[0-9a-f]{10}", picture)
    assert page.locator('link[href*="main.css?v="]').count() == 1
    source.joinpath("gate").touch()
    page.get_by_text("through", exact=True).wait_for(timeout=PATIENCE * 1000)
    assert not bar.is_visible()
    post = source / "_posts/2024-01-01-now.md"
    post.write_text(post.read_text("utf-8").replace('print("through")', "prnt()"), "utf-8")
    failed = "failed: cell second raised NameError: name 'prnt' is not defined, line 17"
    bar.filter(has_text=failed).wait_for(timeout=PATIENCE * 1000)
    assert page.get_by_text("through", exact=True).is_visible()  # its last good state
    page.close()
    before = len(serving.so_far())  # WEBrick says where it was when a browser drops a connection
    os.killpg(serving.process.pid, signal.SIGINT)
    said = serving.rest()
    assert (serving.process.wait(PATIENCE), said.rstrip()[-6:]) == (0, "\x1b[?25h")
    assert re.findall(r".*(?:\.rb:\d+:in|File \".*\", line).*", said[before:]) == []
    assert not source.joinpath(".post-builder/status.json").exists()


def test_a_post_that_is_built_while_jekyll_starts_is_shown(
    source: Path, serving: Serving, browser: Browser
) -> None:
    """Jekyll has read it by then, and does not yet look for changes."""
    serving.until("Generating")
    time.sleep(1)
    source.joinpath("gate").touch()
    serving.until("now.md: built in ")
    address = serving.until(r"Server address: (http://127\.0\.0\.1:40\d+/)")[1]
    page = browser.new_page()
    page.goto(f"{address}now/")
    page.get_by_text("through", exact=True).wait_for(timeout=PATIENCE * 1000)
    page.close()
    serving.process.terminate()
    serving.rest()
    assert serving.process.wait(PATIENCE) == 0


def test_it_needs_no_keyboard(source: Path) -> None:
    """It serves where nobody can type, until it is told to end."""
    source.joinpath("gate").touch()
    running = Serving(source, typed=False)
    try:
        running.until(r"Server address: http://127\.0\.0\.1:\d+/")
        running.process.terminate()
        assert "Traceback" not in running.rest()
        assert running.process.wait(PATIENCE) == 0
    finally:
        running.process.kill()
        os.close(running.terminal)


def test_nothing_of_it_is_in_a_site_that_was_built(site: Built) -> None:
    """No bar, no script for it, no addresses with versions, no status."""
    for url in site.urls():
        html = site.read(url)
        assert 'id="development"' not in html
        assert "post-builder-status" not in html
        assert not re.search(r'(?:src|href)="[^"]*\?v=', html)
    assert not list((site.root).rglob("*status*.json"))


def test_make_serve_is_this() -> None:
    """What was tested is what people run."""
    assert "scripts/serve.py" in (ROOT / "Makefile").read_text("utf-8")
