"""Reading YAML mappings, with the line of a problem and of a key."""

from __future__ import annotations

from math import isfinite
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, because a build with nothing to do spends most of its time here."""


class YamlError(ValueError):
    """A text that is not a YAML mapping."""

    def __init__(self, message: str, line: int | None) -> None:
        """Take what is wrong and on which line, counted from 1, as far as that is known."""
        super().__init__(message)
        self.line = line


def read_mapping(text: str) -> dict[Any, Any]:
    """Read a YAML mapping; an empty text is an empty mapping.

    Raises:
        YamlError: if the text is not YAML, or YAML of another kind.
    """
    try:
        loaded = yaml.load(text, Loader=_LOADER)  # noqa: S506  # a safe loader
    except (yaml.YAMLError, ValueError, AttributeError, LookupError, RecursionError) as error:
        # PyYAML lets some exceptions of its constructors through, for instance for dates
        mark = getattr(error, "problem_mark", None)
        message = f"not valid YAML: {getattr(error, 'problem', None) or error}"
        raise YamlError(message, mark.line + 1 if mark else None) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise YamlError("not a mapping of keys to values", 1)
    return loaded


def line_of(text: str, *keys: str) -> int | None:
    """Return the line, counted from 1, of a key below other keys; None if it is not there."""
    node = yaml.compose(text, Loader=_LOADER)
    line = None
    for key in keys:
        if not isinstance(node, yaml.MappingNode):
            return None
        found = [(name, value) for name, value in node.value if name.value == key]
        if not found:
            return None
        name, node = found[-1]  # the last of equal keys counts
        line = name.start_mark.line + 1
    return line


def not_negative(value: object) -> float | None:
    """Return a value as a finite number that is not negative, or None."""
    found = number(value)
    return found if found is not None and isfinite(found) and found >= 0 else None


def number(value: object) -> float | None:
    """Return a value as a number, or None.

    YAML 1.1 reads `1e-6` as a string, because its floats need a dot; here it is a number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
