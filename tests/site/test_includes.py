"""Each include says at its top what it assigns: in Liquid that stays assigned in the page."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from .conftest import ROOT

if TYPE_CHECKING:
    from pathlib import Path

INCLUDES = sorted(path for path in (ROOT / "_includes").iterdir() if path.suffix != ".svg")


@pytest.mark.parametrize("path", INCLUDES, ids=lambda path: path.name)
def test_includes_say_what_they_assign(path: Path) -> None:
    """The comment at its top names exactly what the include assigns or captures."""
    text = path.read_text(encoding="utf-8")
    comment = text.partition("endcomment")[0]
    said = re.search(r"Assigns: ([\w, \n]+)\.", comment)
    names = set(re.split(r",\s+", said[1])) if said else set()
    assert set(re.findall(r"\{%-?\s*(?:assign|capture)\s+(\w+)", text)) == names
