"""Running `post-builder` in a process of its own, and waiting for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

PATIENCE = 120
"""Seconds after which a process that should have ended hangs."""


def command(name: str, root: Path, *arguments: str) -> list[str]:
    """Return a call of `post-builder` for a site."""
    return [sys.executable, "-m", "post_builder", name, "--site", str(root), *arguments]


def run(
    name: str, root: Path, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Call `post-builder` for a site, and wait until it has ended."""
    return subprocess.run(
        command(name, root, *arguments),
        env={**os.environ, **(environment or {})},
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE,
    )


def write(root: Path, name: str, text: str) -> Path:
    """Write a file of a site."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def tree(root: Path) -> dict[str, bytes]:
    """Return the content of every file of a site."""
    files = (path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def lasting(root: Path) -> dict[str, bytes]:
    """Return the content of every file of a site, records without when and where they were made."""
    contents = tree(root)
    for name, data in contents.items():
        if name.startswith("_data/builds/"):
            contents[name] = json.dumps(json.loads(data) | {"run": None}).encode()
    return contents


class Gate:
    """A place in the code of a post at which it waits until a test lets it go on.

    Two named pipes, outside the site: opening one waits until the other side opens it, too.
    """

    def __init__(self, folder: Path) -> None:
        """Make the pipes in a folder."""
        self._here, self._go = folder / "here", folder / "go"
        for pipe in (self._here, self._go):
            os.mkfifo(pipe)
        self.code = f"open({str(self._here)!r}, 'w').close(); open({str(self._go)!r}).close()"
        """What a cell runs."""

    def wait(self) -> None:
        """Return once the post is at the gate."""
        self._here.open(encoding="utf-8").close()

    def open(self) -> None:
        """Let the post go on."""
        self._go.open("w", encoding="utf-8").close()


def processes(root: Path) -> list[psutil.Process]:
    """Return the kernels of a site, and what they started: its root is in their environment."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("POST_BUILDER_ROOT") == str(root):
                found.append(process)
    return found


def still_running(root: Path) -> list[psutil.Process]:
    """Give the processes of a site ten seconds to end; return those that did not."""
    _, alive = psutil.wait_procs(processes(root), timeout=10)
    return alive
