"""How commands say what came of them."""

from __future__ import annotations

import json
import sys

from post_builder.ui.printing import show

FAILED = 1
"""The exit status of a command that found or met a problem."""


def say(message: str) -> None:
    """Print a message, if there is one, where it does not mix with a result."""
    if message:
        show(message, sys.stderr)


def print_json(data: object) -> None:
    """Print a result for programs."""
    print(json.dumps(data, indent=1, ensure_ascii=False))
