"""The front matter of a post, and the kernel it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from post_builder.document.code.languages import usual_name
from post_builder.errors import PostError
from post_builder.jekyll.defaults import deep_merge
from post_builder.place import Place
from post_builder.yaml_reader import YamlError, line_of, read_mapping

_FRONT_MATTER = re.compile(
    r"""\ufeff?---[ \t]*(?:\r\n|\r|\n)
        (?P<yaml>(?>[^\r\n]*(?:\r\n|\r|\n))*?)
        (?:---|\.\.\.)[ \t]*(?=[\r\n]|\Z)""",
    re.VERBOSE,
)

_KEYS = ("jupyter", "kernelspec")
"""The keys that may name a kernel."""

_KERNELS = {"python": "python", "xpython": "python", "bash": "bash", "ir": "R", "xr": "R"}
"""Languages of kernels by their name without a version."""


class KernelSpec(Struct, frozen=True):
    """The kernel that runs a post."""

    name: str
    language: str
    """The word on the fences of its cells."""
    spec: Mapping[str, Any] = field(default_factory=dict)
    """As Jupyter keeps it in a notebook, with a name and a language."""


class FrontMatter(Struct, frozen=True):
    """The front matter of a file."""

    path: str
    own: Mapping[str, Any]
    """What the file says."""
    inherited: Mapping[str, Any]
    """What it takes from `defaults:` in `_config.yml`."""
    yaml: str = ""
    """The text between its marks."""
    end: int = 0
    """Offset at which the content of the file starts."""

    @property
    def values(self) -> Mapping[str, Any]:
        """All keys; the file's own win."""
        return deep_merge(self.inherited, self.own)

    def place(self, *keys: str) -> Place:
        """Return the place of a key, or of the front matter as a whole."""
        for end in range(len(keys), 0, -1):
            if line := line_of(self.yaml, *keys[:end]):
                lines = re.split(r"\r\n|\r|\n", self.yaml)
                return Place(self.path, line + 1, lines[line - 1])
        return Place(self.path, 1)


def read_front_matter(
    text: str, path: str = "post", inherited: Mapping[str, Any] | None = None
) -> FrontMatter:
    """Read the front matter of a file; one without it inherits nothing.

    Raises:
        PostError: if the front matter is not a YAML mapping.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return FrontMatter(path, {}, {})
    try:
        own = read_mapping(match["yaml"])
    except YamlError as error:
        message = f"the front matter is {error}"
        raise PostError(message, Place(path, 1 + (error.line or 1))) from error
    return FrontMatter(path, own, inherited or {}, match["yaml"], match.end())


def kernel_of(front_matter: FrontMatter) -> KernelSpec | None:
    """Return the kernel that front matter names; None if it names none.

    Jupytext's spelling is `jupyter: {kernelspec: {name: python3}}`, Quarto's `jupyter: python3`,
    and MyST's `kernelspec: {name: python3}`. What the file says wins over what it inherits.

    Raises:
        PostError: if it cannot be used, or its language cannot be known.
    """
    merged = front_matter.values
    own = {key: merged[key] for key in _KEYS if key in front_matter.own}
    for key, value in own.items():
        if not isinstance(value, dict | str | bool | None):
            message = f"{key} must name a kernel, not {value!r}"
            raise PostError(message, front_matter.place(key), f"write {key}: python3")
    for values in (own, front_matter.inherited):
        for found in _spellings(values):
            return _kernel(front_matter, *found)
        if "jupyter" in own and not own["jupyter"]:
            return None  # `jupyter: false` says that a post does not run
    return None


def kernel_place(front_matter: FrontMatter) -> Place:
    """Return where a file names its kernel; its first line if it inherits the kernel."""
    return front_matter.place(*[key for key in _KEYS if key in front_matter.own][:1])


def _spellings(values: Mapping[str, Any]) -> list[tuple[Mapping[str, Any], tuple[str, ...]]]:
    """Return the kernelspecs that front matter holds, each with the keys that lead to it."""
    jupyter = values.get("jupyter")
    found = [
        ({"name": jupyter} if isinstance(jupyter, str) else None, ("jupyter",)),
        (_part(jupyter, "kernelspec"), ("jupyter", "kernelspec")),
        (_part(values, "kernelspec"), ("kernelspec",)),
    ]
    return [(spec, keys) for spec, keys in found if spec and spec.get("name")]


def _part(values: object, key: str) -> Mapping[str, Any] | None:
    part = values.get(key) if isinstance(values, dict) else None
    return {"name": part} if isinstance(part, str) else part if isinstance(part, dict) else None


def _kernel(
    front_matter: FrontMatter, spec: Mapping[str, Any], keys: tuple[str, ...]
) -> KernelSpec:
    for key, value in spec.items():
        _refuse_unfit(front_matter, value, (*keys, str(key)))
    name = str(spec["name"])
    stem = re.sub(r"[-\d.]+$", "", name.lower())
    python = "python" if stem.startswith("python") else ""
    language = str(spec.get("language") or _KERNELS.get(stem) or python)
    if not language:
        raise PostError(
            f"the kernelspec {name!r} does not name a language",
            front_matter.place(*keys),
            hint=f"write jupyter: {{kernelspec: {{name: {name}, language: LANGUAGE}}}}; "
            "the language is the word on the fences of cells",
        )
    language = usual_name(language)
    return KernelSpec(name, language, {**spec, "name": name, "language": language})


def _refuse_unfit(front_matter: FrontMatter, value: object, keys: tuple[str, ...]) -> None:
    """Refuse what a notebook, which is JSON, cannot hold: YAML reads `2020-01-01` as a date."""
    if isinstance(value, dict):
        for key, part in value.items():
            _refuse_unfit(front_matter, part, (*keys, str(key)))
    elif isinstance(value, list):
        for part in value:
            _refuse_unfit(front_matter, part, keys)
    elif not isinstance(value, str | int | float | None) or (
        keys[-1] in {"name", "language", "display_name"} and not isinstance(value, str)
    ):
        message = f"{keys[-1]} of the kernelspec must be a text, not {value!r}"
        raise PostError(message, front_matter.place(*keys), "put it in quotation marks")
