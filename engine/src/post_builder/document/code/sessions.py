"""Sessions at a Python prompt: inputs that run, and between them their results."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

_PROMPT = re.compile(r"(?P<prompt>>>>|\.\.\.)(?: |$)")
"""What starts a line of input; a line of more than three dots is a result."""

_PASTED = re.compile(r"(?:>>>(?: |$)|In \[\d+\]: ?)")
"""What starts a line of a session that was pasted into a cell."""

_TRACEBACK = "Traceback (most recent call last):"


class SessionError(ValueError):
    """A session that cannot be read, or a result that would be read as input."""

    def __init__(self, message: str, index: int = 0) -> None:
        """Take what is wrong, and in which line of the session, counted from 0."""
        super().__init__(message)
        self.index = index


class Example(Struct, frozen=True):
    """An input of a session, with its result."""

    source: str
    """Its lines without prompts; each ends in `\\n`."""
    index: int
    """Its first line within the session, counted from 0."""
    result: str = ""
    """What is between it and the next input, without the last line ending."""
    space: int = 0
    """Empty lines between its result and the next input."""

    @property
    def raises(self) -> bool:
        """Whether it is to raise an exception: its result is a traceback."""
        return self.result.startswith(_TRACEBACK)


def parse_session(text: str) -> tuple[Example, ...]:
    """Read a session: what follows an input up to the next prompt is its result.

    Raises:
        SessionError: if it does not start with a prompt.
    """
    examples: list[Example] = []
    source: list[str] = []
    result: list[str] = []
    start = 0
    for index, line in enumerate([*text.removesuffix("\n").split("\n"), ">>>"]):
        found = _PROMPT.match(line)
        if found and found["prompt"] == ">>>":
            if source:
                examples.append(_example(source, start, result))
            source, result, start = [line[4:]], [], index
        elif found and source and not result:
            source.append(line[4:])
        elif source:
            result.append(line)
        elif line.strip():
            raise SessionError("a session starts with a line of input, after >>>", index)
    if not examples:
        raise SessionError("there is no input, after >>>, in this session")
    return tuple(examples)


def _example(source: list[str], index: int, result: list[str]) -> Example:
    """Tell the empty lines that follow a result from it."""
    shown = "\n".join(result).rstrip("\n")
    space = len(result) - len(shown.split("\n")) if shown else len(result)
    return Example("".join(f"{line}\n" for line in source), index, shown, space)


def pasted_session(code: str) -> int | None:
    """Return the first line of a cell, counted from 0, that has a prompt; None if it is code.

    IPython strips prompts from a cell that starts with one, and runs the results as code. In other
    places a prompt is part of a text if the cell is Python.
    """
    if ">>>" not in code and "In [" not in code:
        return None
    found = [index for index, line in enumerate(code.split("\n")) if _PASTED.match(line.lstrip())]
    if not found or not _is_python(code):
        return found[0] if found else None
    lines = [index for index, line in enumerate(code.split("\n")) if line.strip()]
    return found[0] if found[0] in lines[:2] and _PASTED.match(code.split("\n")[found[0]]) else None


def _is_python(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes; the run shows them
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def session_text(examples: Iterable[Example]) -> str:
    """Write a session; `parse_session` reads the same again."""
    return "".join(line for example in examples for line in _lines(example))


def _lines(example: Example) -> Iterator[str]:
    for number, line in enumerate(example.source.split("\n")[:-1]):
        prompt = "..." if number else ">>>"
        yield f"{prompt} {line}\n" if line else f"{prompt}\n"
    if example.result:
        yield f"{example.result}\n"
    yield "\n" * example.space


def with_result(example: Example, result: str) -> Example:
    """Return an example with another result.

    Raises:
        SessionError: if a line of the result would be read as input.
    """
    result = result.rstrip("\n")
    lines = result.split("\n")
    prompts = [index for index, line in enumerate(lines) if _PROMPT.match(line)]
    if any(lines[index].startswith(">>>") or index == 0 for index in prompts):
        message = "a result starts with a prompt, and would be read as input"
        raise SessionError(message, example.index)
    return replace(example, result=result)


def short_traceback(name: str, value: str) -> str:
    """Write an exception as sessions show it."""
    return f"{_TRACEBACK}\n    ...\n{name}{f': {value}' if value else ''}"
