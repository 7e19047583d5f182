"""What shows a figure: an element that builds write, or a tag that authors write.

The element, `<figure class="figure"><img …></figure>`, needs nothing of a theme. The tag,
`{% include figure image_path="…" alt="…" … %}`, has the parameters of Minimal Mistakes, with the
width and height of the image; older builds wrote it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

PLACEHOLDER_ALT = "Describe what the figure shows"
"""Alternative text of figures in a new post; `check` asks for a real one."""

TAG = re.compile(
    r"\{%-?\s*include\s+figure\s+(?P<parameters>(?:[^%{]|%(?!\})|\{(?!%))*+)%\}"
    r'|<figure(?: markdown="0")? class="figure"><img (?P<attributes>[^<>]*+)>'
    r"(?:<figcaption>[^\n]*?</figcaption>)?</figure>",
    re.DOTALL,
)
"""A figure tag, which ends where the next tag starts if it is not closed; or a figure element."""

_PARAMETER = re.compile(r'([\w-]+)="((?:[^"\\]|\\.)*)"')
_ADDRESS = re.compile(r"\{\{ '(?P<path>[^']*)' \| relative_url \}\}")

_ENTITIES = str.maketrans(
    {"{": "&#123;", "}": "&#125;", "|": "&#124;", '"': "&quot;", "\\": "&#92;"}
)
"""What would end or break a parameter of an include."""


class FigureTag(Struct, frozen=True):
    """A figure tag and what it says."""

    image_path: str
    """From the site's root, with a slash before it; or a full address."""
    alt: str
    """HTML: `&` and `<` are escaped."""
    caption: str = ""
    """Markdown; empty for a figure without a caption."""
    width: int = 0
    """CSS pixels; 0 if unknown."""
    height: int = 0
    """CSS pixels; 0 if unknown."""

    def __str__(self) -> str:
        """Return the tag as it is in a post."""
        parameters = {"image_path": self.image_path, "alt": self.alt, "caption": self.caption}
        if self.width and self.height:
            parameters |= {"width": str(self.width), "height": str(self.height)}
        words = [f'{key}="{text.translate(_ENTITIES)}"' for key, text in parameters.items() if text]
        return f"{{% include figure {' '.join(words)} %}}"


def described(tag: FigureTag, alt: str, caption: str, number: int, count: int) -> FigureTag:
    """Return a tag with the texts of its cell, which may have made several figures.

    Args:
        tag: shows the figure.
        alt: of the cell, plain.
        caption: of the cell; it is below the last of its figures.
        number: of the figure, counted from 1.
        count: of the figures of the cell.
    """
    words, below = texts_of(alt, caption, number, count)
    return replace(tag, alt=html.escape(words, quote=False), caption=below)


def texts_of(alt: str, caption: str, number: int, count: int) -> tuple[str, str]:
    """Return the alternative text and the caption of one of a cell's figures; see `described`."""
    words = alt if count == 1 else f"{alt} ({number} of {count})"
    return words, caption if number == count else ""


def parse_figure_tag(match: re.Match[str]) -> FigureTag:
    """Read a match of `TAG`; entities in it are decoded. An element's caption is not Markdown."""
    written = match["parameters"] or match["attributes"] or ""
    given = {key: html.unescape(text) for key, text in _PARAMETER.findall(written)}
    if "src" in given:
        given["image_path"] = _ADDRESS.sub(r"\g<path>", given["src"])
    width, height = (_pixels(given.get(side, "")) for side in ("width", "height"))
    path, alt, caption = (given.get(key, "") for key in ("image_path", "alt", "caption"))
    return FigureTag(path, alt, caption, width, height)


def _pixels(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def figure_tags(text: str) -> Iterator[tuple[int, FigureTag]]:
    """Yield the offset of each figure tag in a text, and the tag."""
    for match in TAG.finditer(text):
        yield match.start(), parse_figure_tag(match)
