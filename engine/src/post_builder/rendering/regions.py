"""Turn what a run gave into what readers see: output regions, values, and figure files."""

from __future__ import annotations

import base64
import html
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markdown_it import MarkdownIt
from nbconvert.filters import ansi2html

from post_builder.rendering.cleaning import CONTROL, Cleaner
from post_builder.errors import RenderError
from post_builder.execution.run import Output, Run
from post_builder.document.liquid import END_RAW
from post_builder.document.post import END, START, Cell, Post, Span, prefixed
from post_builder.site import Site

_IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
"""Kinds of figure, the best for a page first."""

_PX_PER = {"": 1.0, "px": 1.0, "pt": 96 / 72, "in": 96.0, "cm": 96 / 2.54, "mm": 96 / 25.4}
"""CSS pixels in a unit of length."""

_BOX = 4
"""Numbers in a drawing's `viewBox`."""

_TEXT = str.maketrans({"{": "&#123;", "}": "&#125;", "|": "&#124;", "\t": "&#9;"})
"""What neither Liquid nor kramdown may see in an output, beside what HTML needs escaped."""

_ATTRIBUTE = str.maketrans(
    {"{": "&#123;", "}": "&#125;", "|": "&#124;", '"': "&quot;", "\\": "&#92;"}
)
"""What would end or break an include's parameter."""

_SPECIAL = re.compile(r"[^\w .,%+/:;=()-]|_|\.{2,}|-{2,}| (?= )|^ | $")
"""What Markdown might take for markup, or its typography rewrite."""

_RULE = re.compile(r"^ *(?:[-*_^](?=[-*_^ ]*$)|(?:[-*+]|\d+\.)(?= ))", re.MULTILINE)
"""What starts a line that ends a list to kramdown, or starts one, even within an element."""


@dataclass(frozen=True, slots=True)
class Figure:
    """An image file that a cell made."""

    cell: str
    """The name of the cell that made it."""
    path: str
    """Relative to the site's root."""
    data: bytes
    width: int
    """CSS pixels."""
    height: int


@dataclass(frozen=True, slots=True)
class Rendered:
    """All that a run publishes."""

    regions: tuple[str, ...]
    """For each cell its output region with markers and line prefixes; empty if it shows nothing."""
    values: tuple[str, ...]
    """For each value the text that stands in the post, escaped."""
    figures: tuple[Figure, ...]


def render(post: Post, run: Run, site: Site, slug: str) -> Rendered:
    """Render a run.

    Raises:
        RenderError: for a figure without alt text, or one that Liquid would not see.
    """
    names = {count: cell.name for cell, count in zip(post.cells, run.counts, strict=True)}
    clean = Cleaner(site, names)
    regions: list[str] = []
    figures: list[Figure] = []
    for cell, outputs in zip(post.cells, run.outputs, strict=True):
        shown = () if "remove-output" in cell.options.tags else tuple(_merged(outputs))
        own = tuple(_figures(cell, shown, site.figures(slug)))
        _refuse_unfit(post, cell, own)
        regions.append(_region(cell, tuple(_blocks(cell, shown, own, clean))))
        figures += own
    return Rendered(tuple(regions), tuple(map(escape_value, run.values)), tuple(figures))


def region_edits(post: Post, rendered: Rendered) -> list[tuple[Span, str]]:
    """Say how a post's text changes for its outputs and values to stand in it."""
    edits = []
    for cell, region in zip(post.cells, rendered.regions, strict=True):
        new = _fitted(post.text, cell, region)
        if post.text[cell.region.start : cell.region.end] != new:
            edits.append((cell.region, new))
    for value, shown in zip(post.values, rendered.values, strict=True):
        if post.text[value.span.start : value.span.end] != shown:
            edits.append((value.span, shown))
    return edits


def _fitted(text: str, cell: Cell, region: str) -> str:
    """End a region as its place needs: a text without a final newline stays without."""
    if not region:
        return ""
    newline = cell.newline
    if cell.region.end == len(text) and not text.endswith(("\n", "\r")):
        return newline + region
    return region + newline


def escape_value(text: str) -> str:
    """Escape a value so that kramdown shows exactly that text within a paragraph."""
    text = CONTROL.sub("\ufffd", text)
    return _SPECIAL.sub(lambda found: "".join(f"&#{ord(c)};" for c in found.group()), text)


def _merged(outputs: Sequence[Output]) -> Iterator[Output]:
    """Join streams that no other output parts, stdout before stderr: their order is luck."""
    for is_stream, group in groupby(outputs, lambda output: output["output_type"] == "stream"):
        if not is_stream:
            yield from group
            continue
        texts = {"stdout": "", "stderr": ""}
        for output in group:
            texts[output["name"]] += output["text"]
        for name, text in texts.items():
            if text:
                yield {"output_type": "stream", "name": name, "text": text}


def _figures(cell: Cell, outputs: Sequence[Output], folder: str) -> Iterator[Figure]:
    images = [found for output in outputs if (found := _image(output))]
    for number, (kind, content, sizes) in enumerate(images, 1):
        name = cell.name if len(images) == 1 else f"{cell.name}-{number}"
        data = content.encode() if kind == "image/svg+xml" else base64.b64decode(content)
        width, height = _size(kind, data, sizes)
        yield Figure(
            cell.name, f"{folder}/{name}.{_IMAGES[kind]}", data, round(width), round(height)
        )


def _image(output: Output) -> tuple[str, str, Mapping[str, float]] | None:
    """Give an output's image, if it has one: its kind, its content, the size it asks for.

    A formula is better told as text, though some libraries draw it as well.
    """
    data: Mapping[str, str] = output.get("data", {})
    if "text/latex" in data:
        return None
    sizes = output.get("metadata", {})
    return next(((kind, data[kind], sizes.get(kind, {})) for kind in _IMAGES if kind in data), None)


def _size(kind: str, data: bytes, wanted: Mapping[str, float]) -> tuple[float, float]:
    """Give an image's width and height in CSS pixels."""
    if "width" in wanted and "height" in wanted:
        return wanted["width"], wanted["height"]
    return _svg_size(data.decode()) if kind == "image/svg+xml" else _raster_size(data)


def _svg_size(svg: str) -> tuple[float, float]:
    """Give a drawing's width and height in CSS pixels."""
    root = re.search(r"<svg\b[^>]*>", svg)
    found = re.findall(r"""([\w:]+)\s*=\s*(["'])(.*?)\2""", root.group() if root else "")
    attributes = {name: value for name, _, value in found}
    lengths = [
        re.fullmatch(r"([\d.]+)(\w*)", attributes.get(side, "")) for side in ("width", "height")
    ]
    sizes = [float(m[1]) * _PX_PER[m[2]] for m in lengths if m and m[2] in _PX_PER]
    if len(sizes) < len(lengths):
        box = re.findall(r"-?[\d.]+", attributes.get("viewBox", ""))
        sizes = [float(number) for number in box[2:]] if len(box) == _BOX else [0, 0]
    return sizes[0], sizes[1]


def _raster_size(data: bytes) -> tuple[float, float]:
    """Give an image's width and height in CSS pixels; one that names a density is shown at it."""
    from PIL import Image  # noqa: PLC0415  # only figures need it

    try:
        with Image.open(io.BytesIO(data)) as image:
            across, down = (dots or 96 for dots in image.info.get("dpi", (96, 96)))
            return image.width * 96 / across, image.height * 96 / down
    except OSError as error:
        raise RenderError(f"a figure cannot be decoded: {error}") from error


def _refuse_unfit(post: Post, cell: Cell, figures: Sequence[Figure]) -> None:
    if not figures:
        return
    place = post.place(cell.line)
    if not (cell.options.alt or "").strip():
        hint = 'add data-alt="what the figure shows" to the options under the cell'
        raise RenderError(f"the figure of cell {cell.name} has no alt text", place, hint)
    if cell.region_in_raw:
        hint = "put {% endraw %} right under the cell and its options"
        raise RenderError(f"the figure of cell {cell.name} would stand in a raw block", place, hint)


def _blocks(
    cell: Cell, outputs: Sequence[Output], figures: Sequence[Figure], clean: Cleaner
) -> Iterator[str]:
    """Yield the HTML of each output, or the include tag of a figure."""
    remaining = iter(enumerate(figures, 1))
    for output in outputs:
        if _image(output):
            number, figure = next(remaining)
            yield _include(cell, figure, number, len(figures))
        elif output["output_type"] == "stream":
            cleaned = clean.text if output["name"] == "stdout" else clean.log
            yield _pre(output["name"], cleaned(output["text"]))
        elif output["output_type"] == "error":
            yield _pre("error", clean.traceback(output["traceback"]))
        else:
            yield from _result(cell, output["data"], clean)


def _result(cell: Cell, data: Mapping[str, str], clean: Cleaner) -> Iterator[str]:
    """Yield the richest form of a result that a page can show."""
    if "text/html" in data:
        trusted = "trusted-html" in cell.options.tags
        markup = clean.html(data["text/html"], trusted=trusted)
        yield _trusted(markup) if trusted else _div("html", markup)
    elif "text/markdown" in data:
        markdown = MarkdownIt("commonmark").enable("table").render(data["text/markdown"])
        yield _div("markdown", clean.html(markdown))
    elif "text/latex" in data:
        yield _div("latex", _mathml(data["text/latex"]))
    elif "text/plain" in data:
        yield _pre("result", clean.text(data["text/plain"]))


def _div(kind: str, markup: str) -> str:
    """Set markup so that no blank line ends its block."""
    markup = re.sub(r"\n(\n+)", lambda blank: "\n" + "&#10;" * len(blank[1]), markup)
    return f'<div class="output {kind}">{markup.translate(_TEXT)}</div>'


def _trusted(markup: str) -> str:
    """Set markup with its scripts, in which no character can be an entity."""
    lines = [line for line in END_RAW.sub("", markup).split("\n") if line.strip()]
    inner = "\n".join(lines)
    return f'<div class="output html">{{% raw %}}{inner}{{% endraw %}}</div>'


def _mathml(latex: str) -> str:
    """Turn a formula into what browsers show without any script."""
    from latex2mathml.converter import convert  # noqa: PLC0415  # only formulas need it

    return convert(latex.strip().strip("$").strip(), display="block")


def _include(cell: Cell, figure: Figure, number: int, count: int) -> str:
    alt, caption = html.escape(cell.options.alt or "", quote=False), cell.options.caption
    if count > 1:
        alt = f"{alt} ({number} of {count})"
        caption = caption if number == count else None
    parameters = {"image_path": f"/{figure.path}", "alt": alt, "caption": caption}
    if figure.width and figure.height:
        parameters |= {"width": str(figure.width), "height": str(figure.height)}
    words = [f'{key}="{value.translate(_ATTRIBUTE)}"' for key, value in parameters.items() if value]
    return f"{{% include figure {' '.join(words)} %}}"


def _pre(kind: str, text: str) -> str:
    """Set text as it is: browsers drop a first line end, editors trailing blanks."""
    escaped = ansi2html(text) if "\x1b" in text else html.escape(text, quote=False)
    escaped = escaped.translate(_TEXT)
    escaped = re.sub(
        r" +$", lambda blanks: "&#32;" * len(blanks.group()), escaped, flags=re.MULTILINE
    )
    first = "\n" if escaped.startswith("\n") else ""
    return f'<pre class="output {kind}">{first}{escaped}</pre>'


def _as_text(rule: re.Match[str]) -> str:
    return f"{rule[0][:-1]}&#{ord(rule[0][-1])};"


def _region(cell: Cell, blocks: Sequence[str]) -> str:
    """Put markers around a cell's outputs, and its prefix before each line."""
    if not blocks:
        return ""
    if "hide-output" in cell.options.tags:
        opening = '<details class="output-fold"><summary>Output</summary>'
        blocks = [opening, *blocks, "</details>"]
    text = "\n".join([START, *map(_ended, blocks), END])
    return prefixed(cell, _RULE.sub(_as_text, text) if "  " in cell.prefix.expandtabs() else text)


def _ended(block: str) -> str:
    """Put a blank line after a block: CommonMark takes what touches a `<div>` for HTML as well."""
    return block if block.startswith(("<pre", "{%")) else f"{block}\n"
