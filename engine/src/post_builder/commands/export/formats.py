"""The formats that a post can be exported to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Format = Literal["html", "slides", "latex", "rst", "notebook"]

SUFFIXES: Mapping[Format, str] = {
    "html": ".html",
    "slides": ".slides.html",
    "latex": ".tex",
    "rst": ".rst",
    "notebook": ".ipynb",
}
"""How the name of a file in each format ends."""

FOLDER = "_exports"
"""Where exports are by default: a folder of the site that Jekyll does not publish."""
