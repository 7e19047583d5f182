"""Cells of notebooks, valid as they are built: nbformat takes half a millisecond to check one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nbformat import NotebookNode, from_dict


def code_cell(source: str, name: str, metadata: Mapping[str, Any]) -> NotebookNode:
    """Return a code cell without outputs.

    Args:
        source: its code.
        name: its identifier.
        metadata: such as its tags.
    """
    empty: dict[str, Any] = {"execution_count": None, "outputs": []}
    return _node({"cell_type": "code", "id": name, "source": source, "metadata": metadata} | empty)


def markdown_cell(source: str, name: str) -> NotebookNode:
    """Return a cell of prose with an identifier."""
    return _node({"cell_type": "markdown", "id": name, "source": source, "metadata": {}})


def _node(parts: Mapping[str, Any]) -> NotebookNode:
    node: NotebookNode = from_dict(parts)
    return node
