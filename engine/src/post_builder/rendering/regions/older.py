"""Outputs in the markup of an older version, and what any markup needs in some sites."""

from __future__ import annotations

import html
import re

from msgspec.structs import replace

from post_builder.document.figure_tag import TAG, parse_figure_tag
from post_builder.document.post import Post
from post_builder.rendering.markup.block import figure_block, text_block
from post_builder.site import Site

_TEXT = re.compile(
    r'^<pre class="output (?P<kind>[a-z ]+)">(?P<text>.*?)</pre>$', re.DOTALL | re.MULTILINE
)
"""A text as builds wrote it before they wrote `markup` into records."""

_EMPTY_LINE = re.compile(r"\n(?:\n|\Z)")
"""What is below a figure of this version, also one that an include shows."""

_HEADING = re.compile(r"(</?)h[1-6](?=[ >])")
"""A tag of a heading in clean HTML, in which no attribute contains one."""

_BLOCK = re.compile(
    r"^<(div|figure)(?: markdown=\"0\")?(?= class=\"(?:output|figure))", re.MULTILINE
)
"""The start of a block whose content kramdown reads as Markdown where a site says so."""


def modern(content: str, post: Post, site: Site) -> str:
    """Return the content of an output region in the markup of this version.

    Builds of older versions wrote text as a plain `pre`, and figures with an include; where the
    site shows figures with one, it stays.
    """

    def text(match: re.Match[str]) -> str:
        return f"{outside_markdown(text_block(match['kind'], match['text']), post, site)}\n"

    def figure(match: re.Match[str]) -> str:
        if match["parameters"] is None or site.includes_figures:
            return match.group()
        tag = parse_figure_tag(match)
        block = figure_block(replace(tag, alt=html.escape(tag.alt, quote=False)))
        end = "" if _EMPTY_LINE.match(match.string, match.end()) else "\n"
        return f"{outside_markdown(block, post, site)}{end}"

    return TAG.sub(figure, _TEXT.sub(text, content))


def outside_markdown(content: str, post: Post, site: Site) -> str:
    """Keep kramdown out of blocks where it reads the content of HTML as Markdown.

    With `html_to_native` it gives headings ids that their text chooses, which may be those that
    the page uses itself: there they become plain blocks.
    """
    if _has(site, post, "html_to_native") and _BLOCK.search(content):
        content = _HEADING.sub(r"\1div", content)
    mark = ' markdown="0"' if _has(site, post, "parse_block_html") else ""
    return _BLOCK.sub(rf"<\1{mark}", content)


def _has(site: Site, post: Post, option: str) -> bool:
    """Return whether kramdown has an option in a site, or a post may set it."""
    return bool(site.jekyll.kramdown.get(option)) or option in post.text
