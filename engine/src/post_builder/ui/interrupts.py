"""Ending a command by a signal: posts stay whole, and kernels end with it."""

from __future__ import annotations

import signal


def end_as_by_interrupt() -> None:
    """Let SIGTERM and SIGHUP end the command as Ctrl-C does; one that is ignored stays ignored."""
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _end)


def _end(*_: object) -> None:
    """Interrupt; what a script starts with & ignores SIGINT, and must end all the same."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)
