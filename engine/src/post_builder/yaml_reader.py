"""Reading YAML mappings, with the line of a problem and of a key."""

from __future__ import annotations

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C, because a build with nothing to do spends most of its time here."""


_MAX_DEPTH = 100
"""Levels of nesting; the parser in C ends the process at some ten thousand."""

_MAX_NODES = 100_000
"""Keys and values that a text may have once its aliases are replaced by what they stand for."""


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
        loaded = _load(text)
    except YamlError:
        raise
    except (yaml.YAMLError, ValueError, AttributeError, LookupError, RecursionError) as error:
        # PyYAML lets some exceptions of its constructors through
        mark = getattr(error, "problem_mark", None)
        message = f"not valid YAML: {getattr(error, 'problem', None) or error}"
        raise YamlError(message, mark.line + 1 if mark else None) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise YamlError("not a mapping of keys to values", 1)
    return loaded


def _load(text: str) -> object:
    _refuse_depth(text)
    loader = _LOADER(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None
        if "*" in text:
            _size(node, {})
        return _constructed(loader, node)
    finally:
        loader.dispose()


def _constructed(loader: yaml.SafeLoader, node: yaml.Node) -> object:
    """Make values of nodes; a value that cannot be made is an error with its line.

    PyYAML lets an exception through for a date that does not exist, without its place.
    """
    try:
        return loader.construct_document(node)
    except (ValueError, OverflowError) as error:
        lines = (_line(found) for found in _scalars(node) if not _is_sound(found))
        raise YamlError(f"not valid YAML: {error}", next(lines, None)) from error


def _line(node: yaml.Node | yaml.Event) -> int:
    mark = node.start_mark
    return mark.line + 1 if mark else 1


def _is_sound(node: yaml.ScalarNode) -> bool:
    try:
        yaml.SafeLoader("").construct_object(node)
    except (ValueError, OverflowError):
        return False
    return True


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    """Return the plain values below a node, in the order of the text."""
    if isinstance(node, yaml.ScalarNode):
        return [node]
    return [scalar for child in _children(node) for scalar in _scalars(child)]


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _refuse_depth(text: str) -> None:
    """Refuse a text so deeply nested that the parser in C would overflow its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > _MAX_DEPTH:
            message = f"not valid YAML: more than {_MAX_DEPTH} levels of nesting"
            raise YamlError(message, _line(event))


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Count the nodes of a text with its aliases replaced; refuse one that contains itself."""
    if id(node) not in known:
        known[id(node)] = _MAX_NODES  # until it is counted: what contains itself has no end
        known[id(node)] = 1 + sum(_size(part, known) for part in _children(node))
    if known[id(node)] > _MAX_NODES:
        message = f"not valid YAML: aliases make more than {_MAX_NODES:,} values"
        raise YamlError(message, _line(node))
    return known[id(node)]


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
