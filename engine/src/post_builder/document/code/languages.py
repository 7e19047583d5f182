"""The words on the fences of cells: a language has several names."""

from __future__ import annotations

import re
from functools import lru_cache

_NAMES = (
    ("python", "py", "python3", "py3", "ipython", "ipython3"),
    ("bash", "shell", "sh", "zsh", "ksh"),
    ("r", "s"),
    ("julia", "jl"),
    ("javascript", "js", "node"),
    ("typescript", "ts"),
    ("ruby", "rb"),
    ("rust", "rs"),
    ("go", "golang"),
    ("c++", "cpp"),
    ("haskell", "hs"),
    ("perl", "pl"),
    ("matlab", "m", "octave"),
    ("powershell", "posh", "pwsh"),
    ("c#", "csharp", "cs"),
    ("f#", "fsharp", "fs"),
    ("clojure", "clj"),
    ("elixir", "exs"),
    ("kotlin", "kt"),
)
"""Names of one language, in lower case: those of its kernels and of Rouge, Jekyll's highlighter."""

SESSIONS = frozenset({"pycon", "python-console"})
"""Words on the fences of Python sessions with prompts and results."""

_WORD = re.compile(r"(\S+?)(?:\?\S*)?$")
"""A word on a fence; what follows a question mark are options of the highlighter."""


@lru_cache(maxsize=1024)
def word_of(info: str) -> str:
    """Return the language on a fence as kramdown reads it; empty if it has more than one word."""
    word = _WORD.match(info.strip())
    return word[1].lower() if word else ""


@lru_cache(maxsize=64)
def names_of(language: str) -> frozenset[str]:
    """Return the names of a language, in lower case."""
    lower = language.lower()
    return frozenset(next((names for names in _NAMES if lower in names), (lower,)))


def usual_name(language: str) -> str:
    """Return the name under which the engine knows Python; another language as it is written."""
    return "python" if language.lower() in _NAMES[0] else language
