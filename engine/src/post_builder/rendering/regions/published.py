"""Whether markup in a post could be what the engine wrote, or somebody put it there."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator

from msgspec.structs import replace

from post_builder.document.figure_tag import TAG, parse_figure_tag
from post_builder.rendering.blocks import LIBRARIES, SCRIPT
from post_builder.rendering.figures.images import MAX_SIDE
from post_builder.rendering.markup.block import (
    CLOSE,
    ENTITIES,
    OPEN,
    figure_block,
    html_block,
    inline_html,
    site_address,
)
from post_builder.rendering.markup.formulas import formulas_in_html
from post_builder.rendering.markup.sanitise import clean
from post_builder.rendering.markup.source import NotShownError, read_source

_ADDRESS = r"\{\{ '(/[^'{}]*)' \| relative_url \}\}"
_BARE = r"(?:[^&<>{}|\t\n]|&(?:amp|lt|gt|quot|#\d{1,3});|\n(?![ \t]*\n))"
_TEXT = re.compile(
    r'<div(?: markdown="0")? class="output (?P<kind>[a-z ]+) highlighter-rouge">'
    r'<div class="highlight"><pre class="highlight">'
    rf'(?:{_BARE}|<span class="ansi-[a-z -]+">{_BARE}+</span>)*</pre></div></div>'
)
"""Printed text, escaped; in it no line is blank."""

_MARKUP = re.compile(
    r'<(?P<element>div|figure)(?: markdown="0")? class="output (?P<kind>\w+)"'
    r'(?P<attributes> aria-label="[^"<>{}|]*")?(?: style="overflow: auto")?>'
    r"(?P<content>(?:[^\n]|\n(?!\n))*?)</(?P=element)>(?=\n\s*\n|\s*\Z)"
)
"""Clean HTML; a blank line ends it, and none is within it."""

_FRAME = (
    rf'<iframe src="{_ADDRESS}" sandbox="allow-scripts allow-popups'
    r' allow-popups-to-escape-sandbox" title="[^"<>{}]*" loading="lazy" width="100%"'
    r' height="\d+" style="border: 0"></iframe>'
)
_LIBRARY = "|".join(re.escape(site_address(path)) for path in LIBRARIES.values())
_DRAWING = (
    r'<div role="img" aria-label="[^"<>{}]*"><p>[^<>{}]*</p>'
    r'<p><a href="(?P=file)">The chart as data</a></p></div>'
)
_CHART = (
    rf' data-chart="[a-z]+" data-src="(?P<file>{_ADDRESS})" data-library="(?:{_LIBRARY})"'
    r' data-height="\d{2,4}"'
)
_FILE = re.compile(
    r'<figure(?: markdown="0")? class="output (?P<kind>chart|page)"'
    rf"(?:>{_FRAME}|{_CHART}>{_DRAWING})"
    r"(?:<figcaption>(?P<caption>.*?)</figcaption>)?"
    rf'<script src="{re.escape(site_address(SCRIPT))}" defer></script></figure>'
)
_STORED = re.compile(r'<p class="output (?P<kind>stored)">[^<>{}]*</p>')
_CLIP = ' style="overflow: auto"'
"""By which markup that may leave its place is kept in it."""

_CONTROLS = ' controls=""'
"""What cleaning adds to a player, at another position if it was there."""

_SPACE = re.compile(r"\s+")


class ForeignMarkupError(Exception):
    """Markup that no build writes; the message is its beginning."""


def kinds_of(
    content: str, caption: str, image_hosts: Collection[str], outside: Callable[[str], str]
) -> Iterator[str]:
    """Yield the kind of each block in an output region.

    Args:
        content: what is between the markers, without a fold and the prefix of its lines.
        caption: of the cell.
        image_hosts: from which pages may load images.
        outside: writes a block such that kramdown leaves it alone in this post.

    Raises:
        ForeignMarkupError: at the first markup that no build writes.
    """
    position = 0
    while position < len(content):
        if space := _SPACE.match(content, position):
            position = space.end()
            continue
        match = _block(content, position, caption, image_hosts)
        if match is None or outside(match.group()) != match.group():
            raise ForeignMarkupError(content[position : position + 80].partition("\n")[0])
        position = match.end()
        yield "figure" if match.re is TAG else match["kind"]


def _block(
    content: str, position: int, caption: str, image_hosts: Collection[str]
) -> re.Match[str] | None:
    for pattern in (_TEXT, _STORED):
        if match := pattern.match(content, position):
            return match
    if match := TAG.match(content, position):
        return match if _is_written(match, caption) else None
    if match := _FILE.match(content, position):
        written = inline_html(caption).translate(ENTITIES)
        return match if match["caption"] in (None, written) else None
    match = _MARKUP.match(content, position)
    return match if match and _is_clean(match, image_hosts) else None


def _is_written(match: re.Match[str], caption: str) -> bool:
    """Return whether a figure is as builds write it; reading one decodes its entities."""
    tag = parse_figure_tag(match)
    alt = html.escape(tag.alt, quote=False)
    if max(tag.width, tag.height) > MAX_SIDE:
        return False
    figures = [replace(tag, alt=alt, caption=own) for own in ("", caption)]
    return match.group().replace(' markdown="0"', "") in {
        *map(figure_block, figures),
        *map(str, figures),
    }


def _is_clean(match: re.Match[str], image_hosts: Collection[str]) -> bool:
    """Return whether cleaning markup again changes nothing."""
    content = re.sub(_ADDRESS, r"\1", match["content"])
    try:
        cleaned = clean(read_source(content), image_hosts)
    except NotShownError:
        return False
    again = html_block("", re.sub(_ADDRESS, f"{OPEN}\\1{CLOSE}", match["content"]))
    openings = (text.partition(">")[0] for text in (again, match.group()))
    if len({_CLIP in opening for opening in openings}) > 1:
        return False
    forms = (cleaned.html, formulas_in_html(cleaned.html))  # dollars beside a formula may be text
    written = (html_block("", form).replace(_CONTROLS, "") for form in forms)
    return again.replace(_CONTROLS, "") in written
