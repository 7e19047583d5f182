"""Build posts and pages on save, and serve them on this machine, until Ctrl-C.

`post-builder watch` and `jekyll serve` run side by side and end together. A port that is in use is
said, and the next free one is taken. The terminal is left as it was.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
"""The repository."""

HOST = "127.0.0.1"
"""Nobody but this machine."""

PORTS = {"port": 4000, "livereload-port": 35729}
"""Jekyll's options for ports, and what it takes by default."""

TRIES = 100
"""How many ports are tried after the first."""

PATIENCE = 5
"""Seconds that a command gets to end."""

RECORDS = ROOT / "_data/builds"
"""What `post-builder watch` writes whenever it writes a post, and Jekyll reads."""

SHOW_CURSOR = "\x1b[?25h"
"""What a progress bar may not have sent any more."""


def free_port(first: int) -> int:
    """Return the first port from a given one on that nobody uses."""
    for port in range(first, first + TRIES):
        with socket.socket() as tried:
            # as a server does: a port is free although a connection to it was closed just now
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                tried.bind((HOST, port))
                return port
    raise SystemExit(f"no port from {first} to {first + TRIES - 1} is free")


def ports() -> dict[str, int]:
    """Return what Jekyll's options for ports get, and say which ports are in use."""
    found = {option: free_port(first) for option, first in PORTS.items()}
    for option, first in PORTS.items():
        if found[option] != first:
            print(f"port {first} is in use: taking {found[option]}", file=sys.stderr)
    return found


def listens(port: int) -> bool:
    """Return whether something answers at a port."""
    with socket.socket() as asked:
        return asked.connect_ex((HOST, port)) == 0


@contextmanager
def same_terminal() -> Iterator[None]:
    """Leave the terminal as it was found, whatever ends."""
    try:
        import termios  # noqa: PLC0415  # not on Windows
    except ImportError:
        termios = None  # type: ignore[assignment]
    has_terminal = termios is not None and sys.stdin is not None and sys.stdin.isatty()
    before = termios.tcgetattr(sys.stdin) if has_terminal else None
    try:
        yield
    finally:
        if before is not None:
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)
        if sys.stderr.isatty():
            print(SHOW_CURSOR, end="", file=sys.stderr, flush=True)


@dataclass(slots=True)
class Jekyll:
    """Its complaints are passed on, until it is ended: then it would print where it was."""

    process: subprocess.Popen[str]
    port: int
    began: float
    """When it started to read the site, in seconds since the epoch."""
    is_up: bool = False
    """Whether it has built the site, and builds it on save from now on."""
    ending: bool = False

    @classmethod
    def start(cls, options: Mapping[str, int]) -> Jekyll:
        """Serve the site, and build it on save."""
        command = ["bundle", "exec", "jekyll", "serve", "--livereload", f"--host={HOST}"]
        began = time.time()
        process = subprocess.Popen(
            [*command, *(f"--{option}={port}" for option, port in options.items())],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        jekyll = cls(process, options["port"], began)
        threading.Thread(target=jekyll.pass_on, daemon=True).start()
        return jekyll

    def pass_on(self) -> None:
        """Print what it says on stderr."""
        for line in self.process.stderr or ():
            if not self.ending:
                print(line, end="", file=sys.stderr)

    def catch_up(self) -> None:
        """Let it build again, once it is up, if posts were built meanwhile: it has missed them."""
        if not self.is_up and listens(self.port):
            self.is_up = True
            for record in RECORDS.glob("*.json"):
                with contextlib.suppress(OSError):  # its post was deleted
                    if record.stat().st_mtime > self.began:
                        os.utime(record)

    def end(self) -> None:
        """Interrupt it, which it takes for a wish to stop."""
        self.ending = True
        end(self.process, signal.SIGINT)


def end(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    """End a process, politely first."""
    if process.poll() is None:
        process.send_signal(number)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def main() -> int:
    """Run both commands until one ends, or somebody ends them."""
    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
    command = [str(Path(sys.executable).with_name("post-builder")), "watch", *sys.argv[1:]]
    options = ports()
    with same_terminal():
        # Ctrl-C reaches neither of them: both are ended here
        watch = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        jekyll = Jekyll.start(options)
        try:
            while watch.poll() is None and jekyll.process.poll() is None:
                jekyll.catch_up()
                time.sleep(0.2)
        except KeyboardInterrupt:
            print(file=sys.stderr)
            return 0
        finally:
            jekyll.end()
            end(watch, signal.SIGTERM)
    return watch.returncode or jekyll.process.returncode


if __name__ == "__main__":
    sys.exit(main())
