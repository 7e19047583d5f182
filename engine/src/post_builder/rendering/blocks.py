"""The outputs of a cell as blocks of Markdown, with the files that they show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from msgspec import Struct

from post_builder.document.figure_names import FigureNames
from post_builder.document.figure_tag import FigureTag, described, texts_of
from post_builder.document.post import Cell
from post_builder.rendering.figures.charts import Chart
from post_builder.rendering.figures.files import Figure
from post_builder.rendering.figures.images import Image
from post_builder.rendering.figures.media import SUFFIXES
from post_builder.rendering.figures.pages import Page
from post_builder.rendering.forms import Form, Markup, Text
from post_builder.rendering.markup.block import (
    ENTITIES,
    attribute,
    figcaption,
    figure_block,
    html_block,
    page_title,
    site_address,
    text_block,
)
from post_builder.rendering.text.terminal import terminal_html

SCRIPT = "assets/js/post-builder.js"
"""The script that draws charts and fits frames to their content, relative to the site's root."""

LIBRARIES = {"plotly": "assets/js/plotly.min.js", "vega": "assets/js/vega.min.js"}
"""The site's own copies of the libraries that draw charts."""

_SANDBOX = "allow-scripts allow-popups allow-popups-to-escape-sandbox"
"""What trusted HTML may do: run scripts and open links, but not reach the page around it."""

_FRAME_HEIGHT = 400
"""CSS pixels, until the script knows better."""


class Block(Struct, frozen=True):
    """One output as a post holds it."""

    text: str
    files: tuple[Figure, ...] = ()


def make_blocks(
    cell: Cell, forms: Sequence[Form], names: FigureNames, *, include: bool = False
) -> Iterator[Block]:
    """Yield the block of each form, in order.

    Args:
        cell: whose outputs they are.
        forms: in which its outputs are shown.
        names: of the files of figures.
        include: whether the site's include shows figures.
    """
    writer = _Writer(cell, sum(is_figure(form) for form in forms), include)
    count = sum(map(_file_count, forms))
    stems = iter(names.of(cell.name, count) if count else ())
    for form in forms:
        yield writer.block(form, [next(stems) for _ in range(_file_count(form))])


def is_figure(form: Form) -> bool:
    """Return whether readers need a text in place of a form."""
    return isinstance(form, Image | Chart)


def needs_liquid(form: Form) -> bool:
    """Return whether the block of a form holds the address of a file, which Liquid completes."""
    return _file_count(form) > 0


def _file_count(form: Form) -> int:
    if isinstance(form, Markup):
        return len(form.cleaned.attachments)
    return int(isinstance(form, Image | Chart | Page))


class _Writer(Struct):
    """Writes the blocks of one cell, and counts its figures."""

    cell: Cell
    figures: int
    """How many the cell has."""
    include: bool
    """Whether the site's include shows them."""
    number: int = 0
    """Of the last figure."""

    def block(self, form: Form, stems: Sequence[str]) -> Block:
        """Write a form whose files have the given names."""
        if isinstance(form, Text):
            return Block(_preformatted(form.kind, form.text))
        if isinstance(form, Markup):
            return self._markup(form, stems)
        if isinstance(form, Page):
            return self._page(form, f"{stems[0]}.html")
        self.number += 1
        if isinstance(form, Chart):
            return self._chart(form, f"{stems[0]}.json")
        return self._image(form, f"{stems[0]}.{form.suffix}")

    def _image(self, image: Image, path: str) -> Block:
        alt, caption = self.cell.options.alt or "", self.cell.options.caption or ""
        plain = FigureTag(f"/{path}", "", "", image.width, image.height)
        tag = described(plain, alt, caption, self.number, self.figures)
        figure = Figure(self.cell.name, path, image.data, image.width, image.height)
        return Block(figure_block(tag, include=self.include), (figure,))

    def _markup(self, form: Markup, stems: Sequence[str]) -> Block:
        files = tuple(
            Figure(self.cell.name, f"{stem}.{SUFFIXES[file.kind]}", file.data())
            for stem, file in zip(stems, form.cleaned.attachments, strict=True)
        )
        if not files:
            return Block(html_block(form.kind, form.cleaned.html))
        alt = self.cell.options.alt or ""
        label = f' aria-label="{attribute(alt)}"' if alt else ""
        markup = f"{form.cleaned.html}{figcaption(self.cell.options.caption or '')}"
        paths = [file.path for file in files]
        return Block(
            html_block(form.kind, markup, paths, element="figure", attributes=label), files
        )

    def _page(self, page: Page, path: str) -> Block:
        title = page_title(self.cell)
        frame = (
            f'<iframe src="{site_address(path)}" sandbox="{_SANDBOX}" title="{title}"'
            f' loading="lazy" width="100%" height="{_FRAME_HEIGHT}" style="border: 0"></iframe>'
        )
        file = Figure(self.cell.name, path, page.data)
        return self._figure("page", "", frame, self.cell.options.caption or "", file)

    def _chart(self, chart: Chart, path: str) -> Block:
        options = self.cell.options
        words, caption = texts_of(
            options.alt or "", options.caption or "", self.number, self.figures
        )
        alt, address = attribute(words), site_address(path)
        attributes = (
            f' data-chart="{chart.library}" data-src="{address}"'
            f' data-library="{site_address(LIBRARIES[chart.library])}" data-height="{chart.height}"'
        )
        instead = f'<p>{alt}</p><p><a href="{address}">The chart as data</a></p>'
        drawing = f'<div role="img" aria-label="{alt}">{instead}</div>'
        file = Figure(self.cell.name, path, chart.data)
        return self._figure("chart", attributes, drawing, caption, file)

    def _figure(
        self, kind: str, attributes: str, content: str, caption: str, file: Figure
    ) -> Block:
        script = f'<script src="{site_address(SCRIPT)}" defer></script>'
        inner = f"{content}{figcaption(caption)}{script}"
        text = f'<figure class="output {kind}"{attributes}>{inner}</figure>'
        return Block(text, (file,))


def _preformatted(kind: str, text: str) -> str:
    """Write text exactly: browsers drop a first newline, editors trailing spaces."""
    escaped = terminal_html(text).translate(ENTITIES)
    escaped = re.sub(
        r"(?<! ) +$", lambda spaces: "&#32;" * len(spaces.group()), escaped, flags=re.MULTILINE
    )
    first = "\n" if escaped.startswith("\n") else ""
    return text_block(kind, f"{first}{escaped}")
