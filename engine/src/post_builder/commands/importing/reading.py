"""Reading notebooks of any version, and naming a kernel that others have."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from post_builder.commands.new import KERNEL
from post_builder.document.code.languages import usual_name
from post_builder.errors import SiteError
from post_builder.place import Place

_REFUSED = (
    *(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
    *(AssertionError, UnboundLocalError, nbformat.ValidationError),  # nbformat's own
)
"""What reading a file that is not a notebook raises."""


def read_notebook(path: Path) -> NotebookNode:
    """Read a notebook; what is missing from its cells is empty.

    Raises:
        SiteError: if it is not a notebook.
    """
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of missing ids; what is wrong is an error here
            node: NotebookNode = nbformat.reads(json.dumps(_completed(given)), as_version=4)
        nbformat.validate(node)
    except _REFUSED as error:
        summary = str(error).partition("\n")[0]
        raise SiteError(f"not a notebook: {summary}", Place(str(path))) from error
    return node


def _completed(given: dict[str, Any]) -> dict[str, Any]:
    """Add what old and hand-made notebooks leave out."""
    for cell in _cells(given):
        key = "input" if cell.get("cell_type") == "code" and "input" in cell else "source"
        cell.setdefault(key, "")
        cell.setdefault("metadata", {})
        if cell.get("cell_type") == "code":
            cell.setdefault("outputs", [])
            cell.setdefault("execution_count", None)
    given.setdefault("metadata", {})
    given.setdefault("nbformat_minor", 0)
    return given


def _cells(given: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from given.get("cells") or []
    for sheet in given.get("worksheets") or []:
        yield from sheet.get("cells") or []


def kernel_of(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the kernel of a notebook under a name that readers have too.

    Python kernels that are not installed here, and those of conda's environments, whose names
    nobody else has, become `python3`.
    """
    given = {key: _text(value) for key, value in (metadata.get("kernelspec") or {}).items()}
    info = metadata.get("language_info") or {}
    language = usual_name(_text(info.get("name") or given.get("language") or KERNEL["language"]))
    name = given.get("name") or KERNEL["name"]
    if language == KERNEL["language"] and (name.startswith("conda-") or name not in _installed()):
        return dict(KERNEL)
    shown = given.get("display_name") or name
    return {"name": name, "display_name": shown, "language": language}


def _text(value: object) -> str:
    """Return something as a text that can be written; JSON may hold halves of characters."""
    return str(value).encode("utf-8", "replace").decode("utf-8")


def _installed() -> set[str]:
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415  # slow to import

    return {*KernelSpecManager().find_kernel_specs(), KERNEL["name"]}
