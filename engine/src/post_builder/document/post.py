"""A post's text and its parts; `splice` writes into them.

Everything is kept as offsets into the text as it is on disk, so that what lies between the parts
is never re-serialised: line endings, a byte order mark and trailing spaces stay as they are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from post_builder.document.code.sessions import Example
from post_builder.document.options import Options
from post_builder.files import digest, unix_newlines
from post_builder.jekyll.defaults import NOTHING, Inherited
from post_builder.place import Place

START = "<!-- output -->"
"""The line that opens an output region."""

END = "<!-- /output -->"
"""The line that closes it."""

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line with its ending; only these three endings count, as in kramdown."""


MAX_SHOWN = 500
"""Characters of a line that errors show."""


_NOTEBOOK_ID = re.compile(r"(?!(?:title|script|prose-\d+)$)[A-Za-z0-9_-]{1,64}")
"""Names that are ids as they are, and that the prose of a notebook does not have."""


class Span(Struct, frozen=True, order=True):
    """A range of the text, from `start` up to but not including `end`."""

    start: int
    end: int


Edit = tuple[Span, str]
"""A span and its new text."""


class Cell(Struct, frozen=True):
    """A code block that runs, as it is in the post."""

    name: str
    code: str
    """The code without the prefix of a list or quote; its lines end in `\\n`."""
    options: Options
    options_text: str
    """The attribute list as written, for digests."""
    line: int
    """Line of the opening fence, counted from 1; code starts on the next."""
    fence: str
    block: Span
    """Fences, code and options."""
    body: Span
    """The lines of code."""
    region: Span
    """The output region with its markers; without one, the empty span where it would be."""
    prefix: str
    """What precedes each line of the cell inside a list or quote."""
    newline: str
    in_raw: bool
    """Whether the cell is inside a Liquid raw block."""
    region_in_raw: bool
    """Whether its output region is, or would be."""
    session: tuple[Example, ...] = ()
    """Inputs and results, for a session at a prompt; `code` is its inputs alone."""

    @property
    def notebook_id(self) -> str:
        """The id of the cell in a notebook: short, of few characters, not that of prose."""
        if _NOTEBOOK_ID.fullmatch(self.name):
            return self.name
        return f"{re.sub(r'[^A-Za-z0-9_-]', '-', self.name)[:50]}-{digest(self.name)[:8]}"

    def with_prefix(self, text: str) -> str:
        """Write text as lines of the cell's list or quote, with the post's line endings."""
        empty = self.prefix.rstrip(" \t")
        lines = text.split("\n")
        return self.newline.join(f"{self.prefix}{line}" if line else empty for line in lines)

    def without_prefix(self, text: str) -> str:
        r"""Read lines of the cell's list or quote; line endings become `\n`."""
        empty = self.prefix.rstrip(" \t")
        return "\n".join(
            line.removeprefix(self.prefix if line.startswith(self.prefix) else empty)
            for line in unix_newlines(text).split("\n")
        )


class Value(Struct, frozen=True):
    """A number in prose that builds keep up to date."""

    expression: str
    """What would be between the braces of an f-string."""
    line: int
    span: Span
    """The text that readers see."""
    element: Span
    """The whole element, with its tags."""
    after: int
    """Index of the last cell above it."""
    markdown: bool = False
    """Whether its text is a line of Markdown."""

    @property
    def form(self) -> str:
        """What it computes and how it is shown, as a record names it."""
        return f"{self.expression} .markdown" if self.markdown else self.expression


class Notice(Struct, frozen=True):
    """Something that the author may have meant to run or to have an effect, and that does not."""

    line: int
    """Counted from 1."""
    message: str
    hint: str


class Heading(Struct, frozen=True):
    """A heading of a post."""

    line: int
    text: str
    """As written."""
    name: str
    """Its id on the page."""


class Post(Struct, frozen=True):
    """A post whose front matter names a kernel, as it is on disk."""

    path: str
    """Relative to the site's root."""
    text: str
    front_matter: Mapping[str, Any]
    kernel: str
    language: str
    content: int
    """Offset at which the text after the front matter starts."""
    cells: tuple[Cell, ...]
    values: tuple[Value, ...]
    headings: tuple[Heading, ...] = ()
    notices: tuple[Notice, ...] = ()
    """In the order of lines."""
    kernelspec: Mapping[str, Any] = field(default_factory=dict)
    """As a notebook keeps it, with a name and a language."""
    inherited: Inherited = NOTHING
    """What it takes from the site's configuration."""

    def place(self, line: int) -> Place:
        """Return the place of a line, counted from 1."""
        starts = _starts(self.text)
        start, end = starts[line - 1 : line + 1] if line < len(starts) else (0, 0)
        source = self.text[start : min(end, start + MAX_SHOWN)].rstrip("\r\n")
        return Place(self.path, line, source)

    def line_of(self, offset: int) -> int:
        """Return the line, counted from 1, that holds an offset into the text."""
        last = self.text[offset - 1 : offset] if offset == len(self.text) else ""
        count = max(len(_starts(self.text)) - 1, 1)
        return bisect_right(_starts(self.text), offset, 0, count) + (last in {"\n", "\r"})

    def line_showing(self, text: str, start: int = 0) -> int:
        """Return the line that holds a text, such as the path of a figure; 1 if none does."""
        return self.line_of(max(self.text.find(text, start), 0))

    def at(self, span: Span) -> str:
        """Return the text of a span."""
        return self.text[span.start : span.end]


@lru_cache(maxsize=8)
def _starts(text: str) -> list[int]:
    """Return the offset of each line and of the end, once for all the places in a text."""
    return [*(line.start() for line in LINE.finditer(text)), len(text)]


def splice(text: str, edits: Iterable[Edit]) -> str:
    """Replace each span by its new text; everything else stays, byte for byte.

    Raises:
        ValueError: if two spans overlap.
    """
    ordered = sorted(edits, key=lambda edit: edit[0])
    for (before, _), (after, _) in pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"edits overlap: {before} and {after}")
    pieces: list[str] = []
    position = 0
    for span, new in ordered:
        pieces += [text[position : span.start], new]
        position = span.end
    return "".join([*pieces, text[position:]])
