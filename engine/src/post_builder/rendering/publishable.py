"""Refusing outputs that readers would not get, or must not get."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from urllib.parse import unquote

from post_builder.document.post import Post
from post_builder.errors import RenderError
from post_builder.execution.run import CellRun
from post_builder.rendering.alt_texts import has_alt, refuse_silent
from post_builder.rendering.blocks import is_figure, needs_liquid
from post_builder.rendering.figures.charts import Chart
from post_builder.rendering.figures.images import Image
from post_builder.rendering.figures.pages import Page
from post_builder.rendering.forms import Form, Markup, Text
from post_builder.rendering.text.secrets import refuse_secret
from post_builder.rendering.text.terminal import without_colours

_FRONT_MATTER = re.compile(rb"\A(?:\xef\xbb\xbf)?---[ \t]*\r?\n")
"""How a file begins that Jekyll takes for a page."""

_OPAQUE = re.compile(r"data:[\w/+.-]{1,80};base64,[A-Za-z0-9+/=]*| (?:d|points)=\"[^\"]*\"")
"""Embedded files and the paths of drawings: long, and no text."""

_DRAWING = re.compile(r"data:image/svg\+xml,[^\"]*")
"""A drawing within HTML, in an address."""

_TAG = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>")

_SCRIPT = re.compile(r"<script\b|</script\s{0,9}>", re.IGNORECASE)
"""Where a script begins or ends; what is in between has no tags."""

_SEPARATOR = b"\v"
_ASCII = bytes(
    byte if 0x20 <= byte < 0x7F or byte in b"\t\n\r" else _SEPARATOR[0]  # noqa: PLR2004
    for byte in range(256)
)
_SHORT = re.compile(rb"(?:(?<![^\v\n])[^\v\n]{0,7}\v)++")
"""What is between two bytes that no text has, and too short for a secret."""


def refuse_unpublishable(
    post: Post, outputs: Sequence[Sequence[Form]], allowed_secrets: Collection[str]
) -> None:
    """Refuse figures without alt text, files in raw blocks, and what looks like a secret.

    Args:
        post: that the outputs belong to.
        outputs: of each cell.
        allowed_secrets: names of patterns that are no secrets here.

    Raises:
        RenderError: with the line of a cell; all cells without alt text are named at once.
    """
    pairs = list(zip(post.cells, outputs, strict=True))
    silent = [cell for cell, forms in pairs if any(map(is_figure, forms)) and not has_alt(cell)]
    if silent:
        refuse_silent(post, silent)
    for cell, forms in pairs:
        place = post.place(cell.line)
        if cell.region_in_raw and any(map(needs_liquid, forms)):
            hint = "put {% endraw %} directly below the cell and its options"
            message = f"the figure of cell {cell.name} would be in a raw block"
            raise RenderError(message, place, hint)
        for form in forms:
            what = f"the output of cell {cell.name}"
            for words in _words(form):
                refuse_secret(words, what, place, allowed_secrets)


def refuse_unpublishable_products(
    post: Post, runs: Sequence[CellRun], allowed_secrets: Collection[str]
) -> None:
    """Refuse products that Jekyll would change, and what looks like a secret in their text.

    Args:
        post: whose cells wrote them.
        runs: of its cells.
        allowed_secrets: names of patterns that are no secrets here.

    Raises:
        RenderError: with the line of a cell.
    """
    for cell, ran in zip(post.cells, runs, strict=True):
        place = post.place(cell.line)
        for path, data in ran.products.items():
            if _FRONT_MATTER.match(data):
                message = f"{path} begins with ---, which Jekyll takes for front matter"
                raise RenderError(message, place, "let it begin with something else")
            for words in _words_of_file(data):
                refuse_secret(words, path, place, allowed_secrets)


def _words_of_file(data: bytes) -> Iterator[str]:
    """Yield the text of a file, and what of it is ASCII in Latin-1, UTF-16 or anything else.

    Secrets are ASCII, and between the characters of those UTF-16 and UTF-32 have zero bytes.
    """
    with suppress(UnicodeDecodeError):
        yield data.decode("utf-8")
        if b"\0" not in data:
            return
    yield _SHORT.sub(_SEPARATOR, data.translate(_ASCII, b"\0")).decode("ascii")


def _words(form: Form) -> Iterator[str]:
    """Yield the text of a form in which a secret could be, with its markup and as readers see it.

    Colours and tags may begin or end within a secret, as those of rich and Pygments do.
    """
    if isinstance(form, Text):
        yield without_colours(form.text)
    elif isinstance(form, Markup):
        markup = _DRAWING.sub(lambda drawing: unquote(drawing.group()), form.cleaned.html)
        markup = _OPAQUE.sub("", markup)
        yield from (markup, _TAG.sub("", markup))
        for file in form.cleaned.attachments:
            yield from _words_of_file(file.data())
    elif isinstance(form, Chart | Page) or (isinstance(form, Image) and form.suffix == "svg"):
        markup = _OPAQUE.sub("", form.data.decode("utf-8", "replace"))
        outside = "".join(_SCRIPT.split(markup)[::2])
        yield from dict.fromkeys((markup, _TAG.sub("", outside)))
