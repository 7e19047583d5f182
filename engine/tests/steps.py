"""Watching, and disturbing, every change that the engine makes to a file system."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import cast

import pytest

from post_builder.files import operations

Act = Callable[[int, str, tuple[object, ...]], None]
"""Called with the number of a step, counted from 0, its name and its arguments."""

NAMES = [
    name
    for name, call in inspect.getmembers(operations, inspect.isfunction)
    if call.__module__ == operations.__name__ and not name.startswith("_")
]
"""All the calls through which the engine changes files."""


def nothing(number: int, name: str, arguments: tuple[object, ...]) -> None:
    """Do nothing."""


@contextmanager
def steps(before: Act = nothing, after: Act = nothing) -> Iterator[list[str]]:
    """Do something before or after each call; provide the names of those made so far."""
    made: list[str] = []

    def step(name: str, call: Callable[..., object], *args: object) -> object:
        number = len(made)
        made.append(name)
        before(number, name, args)
        result = call(*args)
        try:
            after(number, name, args)
        except BaseException:
            if name == "open_temporary":  # the lock of a killed process goes with it
                os.close(cast("tuple[int, object]", result)[0])
            raise
        return result

    with pytest.MonkeyPatch.context() as patch:
        for name in NAMES:
            patch.setattr(operations, name, partial(step, name, getattr(operations, name)))
        yield made
