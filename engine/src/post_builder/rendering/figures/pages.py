"""Trusted HTML: a page of its own in a frame, which scripts in it cannot leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from msgspec import Struct

Form = TypeVar("Form")

_BEFORE = (
    '<!doctype html><meta charset="utf-8"><meta name="robots" content="noindex">'
    "<style>body { margin: 0 }</style>\n"
)
"""In front of what the code gave; without it a browser would guess encoding and mode."""

_AFTER = """
<script>
{
  const page = document.documentElement
  const tell = () => parent.postMessage({ postBuilderHeight: page.offsetHeight }, "*")
  new ResizeObserver(tell).observe(page)
}
</script>
"""
"""Behind it: tells the page around the frame how high it is."""


class Page(Struct, frozen=True):
    """A page of its own."""

    markup: str
    """HTML as the code gave it."""

    @property
    def data(self) -> bytes:
        """The file: what the code gave, byte for byte, between two fixed parts."""
        return f"{_BEFORE}{self.markup}{_AFTER}".encode("utf-8", "replace")


def joined(forms: Iterable[Form]) -> list[Form | Page]:
    """Join pages that follow one another: libraries load a script in one and use it in the next."""
    together: list[Form | Page] = []
    for form in forms:
        before = together[-1] if together else None
        if isinstance(form, Page) and isinstance(before, Page):
            together[-1] = Page(f"{before.markup}\n{form.markup}")
        else:
            together.append(form)
    return together
