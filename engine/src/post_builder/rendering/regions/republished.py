"""Writing an output anew from what is there: nothing runs."""

from __future__ import annotations

import re

from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post
from post_builder.rendering.alt_texts import has_alt, refuse_silent
from post_builder.rendering.markup.block import figure_block
from post_builder.rendering.regions.described import has_figures, with_words
from post_builder.rendering.regions.marked import at_its_place, content_of, marked
from post_builder.rendering.regions.older import modern, outside_markdown
from post_builder.site import Site

_STDERR = re.compile(
    r'<div(?: markdown="0")? class="output stderr[^"]*"><div class="highlight">'
    r'<pre class="highlight">'
    r"[^<]*(?:<(?!/pre>)[^<]*)*</pre></div></div>\n(?:\n|\Z)"
)
"""What a cell wrote to stderr, as a page shows it."""


def republished(post: Post, cell: Cell, site: Site) -> str:
    """Return the output region of a cell with its options, and its markup, as they are now.

    Args:
        post: as it is on disk.
        cell: of the post; its region is as a build wrote it.
        site: that the post belongs to.

    Raises:
        RenderError: for a figure that has lost its alternative text.
    """
    content = modern(content_of(cell, post.at(cell.region)), post, site)
    if not content:
        return post.at(cell.region)
    if has_figures(content) and not has_alt(cell):
        refuse_silent(post, [cell])
    include = site.includes_figures
    content = with_words(
        content,
        cell,
        lambda figure: outside_markdown(figure_block(figure, include=include), post, site),
    )
    if Tag.REMOVE_STDERR in cell.options.tags:
        content = _STDERR.sub("", content).strip("\n")
        content = f"{content}\n" if content else ""
    if not content:
        return ""
    return at_its_place(post.text, cell, cell.with_prefix(marked(cell, content)))
