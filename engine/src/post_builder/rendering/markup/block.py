"""Writing HTML into Markdown, so that neither Liquid nor kramdown interprets any of it."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import lru_cache

from post_builder.document.figure_tag import FigureTag
from post_builder.document.post import Cell

OPEN, CLOSE = "\ufdd0", "\ufdd1"
"""Around the path of a file in cleaned markup; no output contains them."""

ENTITIES = str.maketrans({"{": "&#123;", "}": "&#125;", "|": "&#124;", "\t": "&#9;"})
"""What Liquid or kramdown would interpret in an output, beyond what HTML needs escaped."""

MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
"""A mark on a letter; no language puts more than a few on one."""

_MARKED = re.compile(f"{OPEN}([^{CLOSE}]*){CLOSE}")
_LINE_ENDS = re.compile(r"[\r\n]+")
_BLANK_LINES = re.compile(r"\n(\n+)")
_SIZED = re.compile(
    r" (?:style|width|height|border|align|size|(?:row|column)spacing|mathsize|minsize|maxsize"
    r'|linethickness|scriptlevel|lspace|rspace|voffset|depth)="'
    r"|<(?:big|su[bp])\b|<h[1-6]\b(?:[^<]|<(?!/?h[1-6]\b))*<h[1-6]\b"
    rf"|{MARKS}{{9}}"
)
"""What may make markup larger than its place, or move it out of that: also letters that grow or
climb with each level, formulas, and towers of marks."""


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
    markup = without_blank_lines(markup)
    markup = _MARKED.sub(lambda mark: _address(mark[1], files), markup.translate(ENTITIES))
    clip = ' style="overflow: auto"' if _SIZED.search(markup) else ""
    return f'<{element} class="output {kind}"{attributes}{clip}>{markup}</{element}>'


def text_block(kind: str, text: str) -> str:
    """Write escaped text in the structure that Rouge gives a plain block of code.

    Themes style it as one. It has no `code` element, by which they find what gets a copy button.
    """
    pre = f'<pre class="highlight">{without_blank_lines(text)}</pre>'
    return f'<div class="output {kind} highlighter-rouge"><div class="highlight">{pre}</div></div>'


def without_blank_lines(markup: str) -> str:
    """Write line breaks such that no line is blank: in CommonMark one ends a block of HTML."""
    return _BLANK_LINES.sub(lambda blank: "\n" + "&#10;" * len(blank[1]), markup)


def figure_block(figure: FigureTag, *, include: bool = False) -> str:
    """Write a figure as one line.

    Args:
        figure: with HTML as alternative text, and Markdown as caption.
        include: whether the site's include shows it; else it needs nothing of the site.
    """
    if include:
        return str(figure)
    size = ""
    if figure.width and figure.height:
        size = f' width="{figure.width}" height="{figure.height}"'
    words = html.escape(html.unescape(_LINE_ENDS.sub(" ", figure.alt))).translate(ENTITIES)
    alt = words.replace("\\", "&#92;")
    source = f'src="{site_address(figure.image_path)}" alt="{alt}"{size}'
    below = figcaption(_LINE_ENDS.sub(" ", figure.caption))
    image = f'<img {source} loading="lazy" decoding="async">'
    return f'<figure class="figure">{image}{below}</figure>'


def figcaption(caption: str) -> str:
    """Write the caption of a figure, a line of Markdown; nothing if it is empty."""
    if not caption:
        return ""
    return f"<figcaption>{inline_html(caption)}</figcaption>".translate(ENTITIES)


@lru_cache(maxsize=1024)  # of `watch`: most captions are as in the build before
def inline_html(text: str) -> str:
    """Turn one line of Markdown into HTML, which is not clean yet."""
    from markdown_it import MarkdownIt  # noqa: PLC0415  # only captions and rich values need it

    return str(MarkdownIt("commonmark").renderInline(text))


def attribute(text: str) -> str:
    """Escape a text for an attribute that neither Liquid nor kramdown interprets."""
    return html.escape(" ".join(text.split())).translate(ENTITIES)


def page_title(cell: Cell) -> str:
    """Return what a frame is called, escaped."""
    return attribute(cell.options.alt or f"Output of cell {cell.name}")


def site_address(path: str) -> str:
    """Return the Liquid that gives the address of a file of the site, below any base URL."""
    return f"{{{{ '/{path.lstrip('/')}' | relative_url }}}}"


def _address(marked: str, files: Sequence[str]) -> str:
    return site_address(files[int(marked)] if marked.isdecimal() else marked)
