"""The engine's settings: the mapping under `post_builder:` in `_config.yml`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from post_builder.errors import SiteError, similar
from post_builder.place import Place
from post_builder.yaml_reader import line_of, not_negative

CONFIG = "_config.yml"
"""The file that makes a folder a Jekyll site."""

KEY = "post_builder"
"""The key of the settings in it."""


class Settings(Struct, frozen=True):
    """What `_config.yml` says under `post_builder:`, or the defaults."""

    timeout: float = 600
    """Seconds that one cell may take; the clock stops while the build is stopped."""
    jobs: int = 1
    """Number of posts that run at once."""
    figure_format: Literal["svg", "png"] = "svg"
    """Format of figures, `svg` or `png`."""
    figure_dpi: int = 192
    """Dots per inch of PNG figures; a page has 96, so 192 is sharp on dense screens."""
    output_limit: int = 20_000
    """Characters of one text output; the rest is cut, and the page says how much."""
    tolerance: float = 1e-6
    """How much numbers may drift in `check --execute`, as a part of themselves."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Environment variables of kernels, in addition to a short allow-list of the shell's."""
    absolute_tolerance: float = 1e-12
    """How much they may drift whatever their size; either is enough, and integers may not drift."""
    ignore_patterns: tuple[str, ...] = ()
    """Regular expressions of what never counts in `check --execute`, such as random ids."""
    notebook_outputs: bool = False
    """Whether downloaded notebooks contain the outputs; a post may say it for itself."""
    html_limit: int = 100_000
    """Characters of one HTML output, without its images; a longer one is shown as text."""
    image_hosts: tuple[str, ...] = ()
    """Hosts from which HTML outputs may load images; by default none."""
    stderr: Literal["show", "remove", "fail"] = "show"
    """What happens with what cells write to stderr; front matter may say otherwise."""
    keep_artists: bool = False
    """Whether `<Axes: …>` and the like are printed although the cell shows a figure."""
    figure_include: bool = True
    """Whether figures are shown by the include `figure`, where the site has one of its own; posts
    without it can move to any theme."""
    allowed_secrets: tuple[str, ...] = ()
    """Names of patterns that do not stop a build when an output looks like a secret."""
    products_folder: str = "assets/models"
    """Folder of the files that cells write under `data-products`."""

    def outputs_in_notebook(self, front_matter: Mapping[str, Any]) -> bool:
        """Return whether the notebook of a post contains outputs: the post decides, or the site."""
        own = front_matter.get("notebook_outputs")
        return self.notebook_outputs if own is None else own is True

    def that_change_outputs(self) -> dict[str, object]:
        """Return the settings on which outputs depend."""
        keys = ("figure_format", "figure_dpi", "output_limit")
        always = {key: getattr(self, key) for key in keys}
        changed = {
            key: getattr(self, key)
            for key in ("html_limit", "image_hosts", "stderr", "keep_artists")
            if getattr(self, key) != getattr(_DEFAULTS, key)
        }
        return always | changed | {"environment": dict(self.environment)}


_DEFAULTS = Settings()


def read_settings(given: object, text: str) -> Settings:
    """Check the mapping under `post_builder:`.

    Args:
        given: what YAML made of it.
        text: the whole of `_config.yml`, to find the line of a mistake.

    Raises:
        SiteError: for an unknown setting or a value of the wrong kind, with its line.
    """
    if not isinstance(given, dict):
        raise SiteError(f"{KEY}: must be a mapping", _place(text))
    known = sorted(Settings.__struct_fields__)
    for key in given:
        if key not in known:
            near = similar(str(key), known, 1)
            hint = f"did you mean {near[0]}?" if near else f"the settings are {', '.join(known)}"
            raise SiteError(f"unknown setting {key}", _place(text, str(key)), hint)
    checked: dict[str, Any] = {key: _checked(key, value, text) for key, value in given.items()}
    return Settings(**checked)


def _count(value: object) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and value > 0 else None  # type: ignore[operator,return-value]


def _format(value: object) -> str | None:
    return str(value) if value in ("svg", "png") else None


def _patterns(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list):
        return None
    try:
        unfit = [pattern for pattern in value if re.search(pattern, "")]
    except (re.error, TypeError, OverflowError, RecursionError):
        return None
    return None if unfit else tuple(value)


def _stderr(value: object) -> str | None:
    return str(value) if value in ("show", "remove", "fail") else None


def _switch(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _names(value: object) -> tuple[str, ...] | None:
    named = isinstance(value, list) and all(isinstance(name, str) for name in value)
    return tuple(value) if named else None  # type: ignore[arg-type]


def _variables(value: object) -> dict[str, str] | None:
    plain = str | int | float
    if not isinstance(value, dict):
        return None
    if any(isinstance(v, bool) or not isinstance(v, plain) for v in value.values()):
        return None
    read = {str(name): str(content) for name, content in value.items()}
    is_strange = "" in read or "=" in "".join(read) or "\0" in "".join((*read, *read.values()))
    return None if is_strange else read


def _folder(value: object) -> str | None:
    if not isinstance(value, str) or not _FOLDER.fullmatch(value) or len(value) > _MAX_FOLDER:
        return None
    return None if _TAKEN.match(value) else value


_FOLDER = re.compile(r"[A-Za-z0-9][\w-]*(?:/[A-Za-z0-9][\w-]*)*", re.ASCII)
"""The path of a folder that Jekyll publishes."""

_MAX_FOLDER = 200
"""Characters of its path; a name may have 255 bytes."""

_TAKEN = re.compile(r"assets/(?:images|notebooks)(?:/|$)")
"""Folders of figures and downloads."""

_WHOLE = "a whole number above 0"
_LIST = "a list of names"
_CHECKS: Mapping[str, tuple[Callable[[object], Any], str]] = {
    "timeout": (not_negative, "a number that is not negative"),
    "jobs": (_count, _WHOLE),
    "figure_format": (_format, "svg or png"),
    "figure_dpi": (_count, _WHOLE),
    "output_limit": (_count, _WHOLE),
    "tolerance": (not_negative, "a number that is not negative"),
    "absolute_tolerance": (not_negative, "a number that is not negative"),
    "ignore_patterns": (_patterns, "a list of regular expressions that match some text"),
    "notebook_outputs": (_switch, "true or false"),
    "html_limit": (_count, _WHOLE),
    "image_hosts": (_names, _LIST),
    "stderr": (_stderr, "show, remove or fail"),
    "keep_artists": (_switch, "true or false"),
    "figure_include": (_switch, "true or false"),
    "allowed_secrets": (_names, _LIST),
    "products_folder": (_folder, "a folder such as assets/models, not of figures or downloads"),
    "environment": (
        _variables,
        "a mapping of names to texts or numbers (quote on, off, yes and no)",
    ),
}
"""For each setting how its value is read, and what it must be."""


def _checked(key: str, value: object, text: str) -> object:
    read, wanted = _CHECKS[key]
    result = read(value)
    if result is None:
        raise SiteError(f"{key} must be {wanted}, not {value!r}", _place(text, key))
    return result


def _place(text: str, *keys: str) -> Place:
    """Find the line of a setting."""
    line = line_of(text, KEY, *keys) or line_of(text, KEY)
    return Place(CONFIG, line, text.split("\n")[line - 1].strip() if line else "")
