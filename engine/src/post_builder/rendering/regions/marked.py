"""What is around the content of an output region: its markers, its fold, its mark and its place."""

from __future__ import annotations

from post_builder.document.options import Tag
from post_builder.document.post import END, START, Cell

_FOLD = '<details class="output-fold"><summary>Output</summary>'
"""What opens the fold around an output."""

_FOLD_END = "</details>"
"""What closes it."""

MARK = '<p class="output stored">Stored output: this code did not run again.</p>'
"""What readers see above a stored output."""


def marked(cell: Cell, content: str) -> str:
    """Put markers, and a fold if the cell has one, around the content of an output region."""
    if Tag.HIDE_OUTPUT in cell.options.tags:
        content = f"{_FOLD}\n\n{content}\n{_FOLD_END}\n"
    return f"{START}\n{content}\n{END}"


def content_of(cell: Cell, region: str) -> str:
    """Return what is between the markers, without a fold."""
    text = cell.without_prefix(region).strip("\n")
    content = text.removeprefix(f"{START}\n").removesuffix(f"\n{END}")
    if content.startswith(_FOLD):
        content = content.removeprefix(f"{_FOLD}\n\n").removesuffix(f"\n{_FOLD_END}\n")
    return content


def is_marked(cell: Cell, region: str) -> bool:
    """Return whether what is around the content is as written: prefixes, markers, a fold."""
    written = cell.with_prefix(marked(cell, content_of(cell, region)))
    return written.splitlines() == region.strip("\r\n").splitlines()


def at_its_place(text: str, cell: Cell, region: str) -> str:
    """End a region as its place requires: a text without a final newline stays without."""
    if not region:
        return ""
    if cell.region.end == len(text) and not text.endswith(("\n", "\r")):
        return cell.newline + region
    return region + cell.newline
