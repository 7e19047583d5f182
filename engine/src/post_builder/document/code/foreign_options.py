"""Options of Jupyter Book, MyST, Quarto and knitr, and what to write here instead."""

from __future__ import annotations

_SHOWN = "code that runs is shown, at least folded: write .hide-input"

_TAGS = {
    "remove-input": _SHOWN,
    "remove-cell": f"{_SHOWN} .remove-output",
    "hide-cell": "write .hide-input .hide-output",
    "remove-stdout": "write .remove-output",
    "no-execute": "write .skip-execution",
    "nbval-skip": "write .skip-execution",
    "nbval-raises-exception": "write .raises-exception",
    "code-fold": "write .hide-input",
}
"""What to do instead of a tag, by its name with hyphens."""

_KEYS = {
    "echo": _SHOWN,
    "eval": "write .skip-execution",
    "output": "write .remove-output",
    "include": f"{_SHOWN} .remove-output",
    "error": "write .raises-exception",
    "warning": "warnings are shown; turn them off in the code, with warnings.filterwarnings",
    "results": "write .remove-output",
    "code-fold": "write .hide-input",
    "label": "write #name",
    "tags": "write each tag as a class, such as .hide-input",
    "fig-alt": "write data-alt",
    "fig-cap": "write data-caption",
    "data-name": "write #name",
    "data-tags": "write each tag as a class, such as .hide-input",
    "data-fig-alt": "write data-alt",
    "data-alt-text": "write data-alt",
    "data-fig-cap": "write data-caption",
    "data-src": "write data-source",
    "data-tol": "write data-tolerance",
    "data-time-limit": "write data-timeout",
}
"""What to do instead of an option with a value, by its name with hyphens."""

_DEFAULTS = {
    **dict.fromkeys(("echo", "eval", "output", "include", "results"), ("true", "show", "markup")),
    **dict.fromkeys(("error", "code-fold"), ("false",)),
    "warning": ("true",),
}
"""Values that ask for what happens anyway."""


def meaning_of_tag(name: str) -> str:
    """Return what to write instead of a tag of another tool; empty if it is not one."""
    return _TAGS.get(name.lower().replace("_", "-"), "")


def meaning_of_key(name: str, value: str) -> str:
    """Return what to write instead of an option of another tool; empty if it is not one."""
    name = name.lower().replace("_", "-").replace(".", "-")
    if value.strip().strip("\"'").lower() in _DEFAULTS.get(name, ()):
        return ""
    return _KEYS.get(name, "")
