"""When Python looks for garbage: seldom in a short command, as usual in a long one."""

from __future__ import annotations

import atexit
import gc

_USUAL = gc.get_threshold()

_NEW_OBJECTS = 50_000
"""Between two searches; most of what a short command makes are modules, which stay."""


def collect_seldom() -> None:
    """Do not search what is imported again and again, nor once more when Python ends."""
    gc.set_threshold(_NEW_OBJECTS, *_USUAL[1:])
    atexit.register(gc.freeze)


def collect_as_usual() -> None:
    """Keep memory small from now on: kernels run, perhaps for hours.

    What was imported until now stays, and is not searched: that would take most of the time.
    """
    gc.freeze()
    gc.set_threshold(*_USUAL)
