"""The outputs of a cell as blocks of Markdown, in the richest form that a page can show."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from markdown_it import MarkdownIt

from post_builder.document.options import Tag
from post_builder.document.post import Cell
from post_builder.execution.run import Output
from post_builder.rendering.figures import Figure, figure_tag, has_figure
from post_builder.rendering.html import ENTITIES, clean_html, html_block, trusted_block
from post_builder.rendering.terminal_text import terminal_html
from post_builder.rendering.text_outputs import TextCleaner


def merge_streams(outputs: Sequence[Output]) -> Iterator[Output]:
    """Join streams without another output in between.

    Standard output comes before standard error, because the order in which they arrive is random.
    """
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


def blocks(
    cell: Cell, outputs: Sequence[Output], figures: Sequence[Figure], clean: TextCleaner
) -> Iterator[str]:
    """Yield the block of each output: HTML, or the tag of a figure.

    Args:
        cell: that gave the outputs.
        outputs: with merged streams.
        figures: those found in the outputs, in their order.
        clean: for text.
    """
    remaining = iter(enumerate(figures, 1))
    for output in outputs:
        if has_figure(output):
            number, figure = next(remaining)
            yield str(figure_tag(cell, figure, number, len(figures)))
        elif output["output_type"] == "stream":
            cleaned = clean.text if output["name"] == "stdout" else clean.log
            yield _preformatted(output["name"], cleaned(output["text"]))
        elif output["output_type"] == "error":
            yield _preformatted("error", clean.traceback(output["traceback"]))
        else:
            yield from _result(cell, output["data"], clean)


def _result(cell: Cell, data: Mapping[str, str], clean: TextCleaner) -> Iterator[str]:
    """Yield the richest form of a result that a page can show."""
    if "text/html" in data:
        trusted = Tag.TRUSTED_HTML in cell.options.tags
        markup = clean_html(data["text/html"], clean.site, trusted=trusted)
        yield trusted_block(markup) if trusted else html_block("html", markup)
    elif "text/markdown" in data:
        markdown = MarkdownIt("commonmark").enable("table").render(data["text/markdown"])
        yield html_block("markdown", clean_html(markdown, clean.site))
    elif "text/latex" in data:
        yield html_block("latex", _mathml(data["text/latex"]))
    elif "text/plain" in data:
        yield _preformatted("result", clean.text(data["text/plain"]))


def _mathml(latex: str) -> str:
    """Turn a formula into MathML, which browsers show without a script."""
    from latex2mathml.converter import convert  # noqa: PLC0415  # only formulas need it

    return convert(latex.strip().strip("$").strip(), display="block")


def _preformatted(kind: str, text: str) -> str:
    """Write text exactly: browsers drop a first newline, editors trailing spaces."""
    escaped = terminal_html(text).translate(ENTITIES)
    escaped = re.sub(
        r" +$", lambda spaces: "&#32;" * len(spaces.group()), escaped, flags=re.MULTILINE
    )
    first = "\n" if escaped.startswith("\n") else ""
    return f'<pre class="output {kind}">{first}{escaped}</pre>'
