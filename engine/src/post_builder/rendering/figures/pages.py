"""Trusted HTML: a page of its own in a frame, which scripts in it cannot leave."""

from __future__ import annotations

from dataclasses import dataclass

_BEFORE = (
    '<!doctype html><meta charset="utf-8"><meta name="robots" content="noindex">'
    "<style>body { margin: 0 }</style>\n"
)
"""In front of what the code gave; without it a browser would guess encoding and mode."""

_AFTER = """
<script>
new ResizeObserver(() => parent.postMessage(
  { postBuilderHeight: document.documentElement.offsetHeight }, "*")).observe(document.body)
</script>
"""
"""Behind it: tells the page around the frame how high it is."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of its own."""

    data: bytes


def trusted_page(markup: str) -> bytes:
    """Return a page that holds some markup byte for byte."""
    return f"{_BEFORE}{markup}{_AFTER}".encode("utf-8", "replace")
