"""Outputs that authors pasted under their code, and whether a run reproduces them."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from msgspec import Struct

from post_builder.document.post import Cell, Post, Span
from post_builder.document.prose.markup import read_markup
from post_builder.execution.run import CellRun, Output
from post_builder.rendering.text.terminal import settle, without_colours

_WORDS = frozenset({"", "text", "txt", "plaintext", "plain", "output", "out", "console", "none"})
"""Words on the fences of pasted outputs."""

_OUT = re.compile(r"^Out ?\[\d*\]: ?", re.MULTILINE)
_HIGHLIGHT = re.compile(
    r"[ \t]*\{%-?\s*highlight\s+(?:text|plaintext|console)\s*-?%\}\n?(?P<text>.*?)"
    r"\{%-?\s*endhighlight\s*-?%\}[ \t]*(?:\n|\Z)",
    re.DOTALL,
)
_ATTRIBUTES = re.compile(r"[ \t]*\{:(?![:/])[^}\n]+\}[ \t]*(?:\n|\Z)")
"""A class of the block, such as `{: .output}`; without it, it would be the next block's."""

_BLANK = re.compile(r"(?:[ \t]*\n)*")


class Pasted(Struct, frozen=True):
    """A block under a cell that looks like its output."""

    cell: int
    """Index of the cell."""
    span: Span
    """The block, and the blank lines above it."""
    text: str


def find_pasted(post: Post) -> Iterator[Pasted]:
    """Yield the blocks of text right below cells of code; sessions have their own results."""
    markup = read_markup(post.text[post.content :], "kramdown")
    blocks = {
        block.span.start + post.content: block
        for block in markup.blocks
        if block.token.type in {"fence", "code_block"}
    }
    for index, cell in enumerate(post.cells):
        end = max(cell.block.end, cell.region.end)
        space = _BLANK.match(post.text, end)
        start = space.end() if space else end
        highlighted = _HIGHLIGHT.match(post.text, start)
        block = blocks.get(start)
        if cell.session:
            continue
        if highlighted:
            yield Pasted(index, Span(end, highlighted.end()), highlighted["text"])
        elif block and block.token.info.strip().lower() in _WORDS:
            after = block.span.end + post.content
            attributes = _ATTRIBUTES.match(post.text, after)
            span = Span(end, attributes.end() if attributes else after)
            yield Pasted(index, span, block.token.content)


def is_reproduced(pasted: Pasted, run: CellRun) -> bool:
    """Return whether a run gave exactly what was pasted."""
    return _normal(_OUT.sub("", pasted.text)) in map(_normal, _texts(run.outputs))


def _texts(outputs: Sequence[Output]) -> Iterator[str]:
    """Yield the text of all outputs of a cell, of what it printed, and of its last value."""
    printed = "".join(str(o["text"]) for o in outputs if o["output_type"] == "stream")
    values = [
        str(output["data"]["text/plain"])
        for output in outputs
        if "text/plain" in output.get("data", {})
    ]
    yield "\n".join([printed.removesuffix("\n"), *values]) if printed else "\n".join(values)
    yield printed
    if values:
        yield values[-1]


def _normal(text: str) -> str:
    """Return a text without colours, and without the space that pasting adds or loses."""
    lines = textwrap.dedent(without_colours(settle(text))).split("\n")
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def raises_what_was_pasted(pasted: Pasted, message: str) -> bool:
    """Return whether pasted text ends with the kind of an error, as a traceback does."""
    last = pasted.text.strip().rpartition("\n")[2]
    kind = last.partition(":")[0].rpartition(".")[2]
    return f" raised {kind}:" in message


def block_lines(cell: Cell, post: Post) -> range:
    """Return the lines of a post, counted from 1, that a cell takes."""
    return range(cell.line, post.line_of(max(cell.block.end - 1, 0)) + 1)
