"""The front matter of a post, and the kernel it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from post_builder.errors import PostError
from post_builder.place import Place
from post_builder.yaml_reader import YamlError, read_mapping

_FRONT_MATTER = re.compile(
    r"""\ufeff?---[ \t]*(?:\r\n|\r|\n)
        (?P<yaml>(?>[^\r\n]*(?:\r\n|\r|\n))*?)
        (?:---|\.\.\.)[ \t]*(?=[\r\n]|\Z)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class KernelSpec:
    """The kernel that runs a post."""

    name: str
    language: str
    """The word on the fences of its cells."""


def read_front_matter(text: str, path: str = "post") -> tuple[Mapping[str, Any], int]:
    """Return the front matter of a file and the offset at which its content starts.

    Raises:
        PostError: if the front matter is not a YAML mapping.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, 0
    try:
        return read_mapping(match["yaml"]), match.end()
    except YamlError as error:
        message = f"the front matter is {error}"
        raise PostError(message, Place(path, 1 + (error.line or 1))) from error


def kernel_of(front_matter: Mapping[str, Any], path: str) -> KernelSpec | None:
    """Return the kernel that front matter names in Jupytext's key; None if it names none.

    Raises:
        PostError: if the language cannot be known.
    """
    jupyter = front_matter.get("jupyter")
    spec = jupyter.get("kernelspec") if isinstance(jupyter, dict) else None
    if not (isinstance(spec, dict) and spec.get("name")):
        return None
    name = str(spec["name"])
    language = str(spec.get("language") or ("python" if name.startswith("python") else ""))
    if not language:
        raise PostError(
            f"the kernelspec {name!r} does not name a language",
            Place(path, 1),
            hint="add `language:` to jupyter.kernelspec; it is the word on the fences of cells",
        )
    return KernelSpec(name, language)
