"""HTML outputs: what may be on a page, and how it is written into Markdown."""

from __future__ import annotations

import re

from post_builder.document.liquid import END_RAW
from post_builder.rendering.scrubbing import scrub
from post_builder.rendering.terminal_text import without_controls
from post_builder.site import Site

_SCRIPT = re.compile(r"[\s\x00-\x20]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)
"""The start of an address that is a script."""

ENTITIES = str.maketrans({"{": "&#123;", "}": "&#125;", "|": "&#124;", "\t": "&#9;"})
"""What Liquid or kramdown would interpret in an output, beyond what HTML needs escaped."""


def clean_html(markup: str, site: Site, *, trusted: bool = False) -> str:
    """Remove scripts, handlers, styles and comments; trusted markup keeps the first two."""
    from bs4 import BeautifulSoup  # noqa: PLC0415  # only HTML outputs need it
    from bs4.element import PreformattedString  # noqa: PLC0415  # comments and doctypes

    markup = without_controls(re.sub(r"\r\n?", "\n", scrub(markup, site.root)))
    soup = BeautifulSoup(markup, "html.parser")
    for element in soup(["style"] if trusted else ["script", "style"]):
        element.decompose()
    for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
        text.extract()
    for tag in [] if trusted else soup.find_all():
        for name in [name for name, value in tag.attrs.items() if _runs(name, str(value))]:
            del tag[name]
    clean = re.sub(r"(?m)[ \t]+$", "", str(soup).strip())
    if len(clean) > site.settings.output_limit:
        return f"<p>… {len(clean):,} characters of HTML not shown</p>"
    return clean


def _runs(attribute: str, value: str) -> bool:
    """Return whether an attribute holds code: a handler, or an address that is a script."""
    return attribute.lower().startswith("on") or bool(_SCRIPT.match(value))


def html_block(kind: str, markup: str) -> str:
    """Write markup as one block of Markdown: no blank line ends it, nothing in it is interpreted.

    Args:
        kind: a class of the block.
        markup: clean HTML.
    """
    markup = re.sub(r"\n(\n+)", lambda blank: "\n" + "&#10;" * len(blank[1]), markup)
    return f'<div class="output {kind}">{markup.translate(ENTITIES)}</div>'


def trusted_block(markup: str) -> str:
    """Write markup with scripts, in which characters cannot be replaced by entities."""
    lines = [line for line in END_RAW.sub("", markup).split("\n") if line.strip()]
    inner = "\n".join(lines)
    return f'<div class="output html">{{% raw %}}{inner}{{% endraw %}}</div>'
