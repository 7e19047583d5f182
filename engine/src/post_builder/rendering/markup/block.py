"""Writing HTML into Markdown, so that neither Liquid nor kramdown interprets any of it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from post_builder.rendering.markup.sanitise import CLOSE, OPEN

ENTITIES = str.maketrans({"{": "&#123;", "}": "&#125;", "|": "&#124;", "\t": "&#9;"})
"""What Liquid or kramdown would interpret in an output, beyond what HTML needs escaped."""

_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_SIZED = re.compile(r' (?:style|width|height|border)="')
"""What may make markup larger than its place."""


def html_block(
    kind: str, markup: str, files: Sequence[str] = (), *, element: str = "div", attributes: str = ""
) -> str:
    """Write markup as one block of Markdown: no blank line ends it, nothing in it is interpreted.

    Args:
        kind: a class of the block.
        markup: clean HTML.
        files: paths of the files whose numbers are marked in it.
        element: of the block.
        attributes: of the block, escaped, with a space before each.
    """
    markup = re.sub(r"\n(\n+)", lambda blank: "\n" + "&#10;" * len(blank[1]), markup)
    markup = _MARKED.sub(lambda mark: _address(mark[1], files), markup.translate(ENTITIES))
    clip = ' style="overflow: auto"' if _SIZED.search(markup) else ""
    return f'<{element} class="output {kind}"{attributes}{clip}>{markup}</{element}>'


def site_address(path: str) -> str:
    """Return the Liquid that gives the address of a file of the site, below any base URL."""
    return f"{{{{ '/{path.lstrip('/')}' | relative_url }}}}"


def _address(marked: str, files: Sequence[str]) -> str:
    return site_address(files[int(marked)] if marked.isdecimal() else marked)
