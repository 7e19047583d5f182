"""Figures: the files that cells make, their sizes, and how a page shows them."""

from __future__ import annotations

from importlib.resources import files


def outputs_script() -> bytes:
    """Return the script that draws charts and fits frames."""
    return files(__name__).joinpath("outputs.js").read_bytes()
