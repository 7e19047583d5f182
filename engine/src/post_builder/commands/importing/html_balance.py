"""Ending HTML that a cell of a notebook leaves open, as a browser does and kramdown does not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from markdown_it.common.html_re import HTML_TAG_RE
from msgspec import Struct, field

from post_builder.document.post import Edit, Span
from post_builder.document.prose.markup import Kind, Markup, Segment

_TAG = re.compile(r"<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*)")
_TAGS = re.compile(HTML_TAG_RE.pattern)
_VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
_RAW = frozenset({"script", "style", "textarea"})
"""Elements in which a tag may be text."""

_MARKDOWN = re.compile(r"^[ \t]*(?:[#>+:=-]|\d+(?=[.)]))|^[ \t]+|[`*_$~|\\\[\]{}]", re.MULTILINE)
"""What Markdown may take for markup."""

_FENCE = re.compile(r"`{3,}|~{3,}")
"""What kramdown takes for a fence where HTML ends, and CommonMark for text."""

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "details",
        "dialog",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "header",
        "main",
        "nav",
        "ol",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "ul",
        "li",
    ]
)
"""Elements that may hold several blocks of Markdown."""

_ENDED_BY = {
    "p": _BLOCKS | {"p", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"},
    "li": frozenset({"li"}),
    "td": frozenset({"td", "th", "tr"}),
    "th": frozenset({"td", "th", "tr"}),
    "tr": frozenset({"tr"}),
    "option": frozenset({"option"}),
}
"""Start tags that end an element whose end tag HTML lets authors leave out."""


class _Open(Struct):
    """An element that is open."""

    name: str
    after: int
    """Where its start tag ends."""
    block: bool
    """Whether it started in an HTML block, so that Markdown may follow in it."""


def balance(markup: Markup) -> list[Edit]:
    """Return edits that end all elements of a cell, and let kramdown read Markdown within them.

    An end tag without a start tag is dropped, as browsers do.
    """
    return list(_Balance(markup).edits())


class _Balance(Struct):
    markup: Markup
    open: list[_Open] = field(default_factory=list)

    def edits(self) -> Iterator[Edit]:
        ends = sorted(b.span.end for b in self.markup.blocks if b.token.type == "inline")
        for segment in self.markup.segments:
            while ends and ends[0] <= segment.span.start:
                yield from self._end_of_paragraph(ends.pop(0))
            if segment.kind is Kind.TAG:
                yield from self._tag(Span(segment.span.start, segment.span.end), block=False)
            elif segment.kind is Kind.HTML_BLOCK:
                yield from self._html_block(segment)
        for end in ends:
            yield from self._end_of_paragraph(end)
        rest = "\n".join(f"</{element.name}>" for element in reversed(self.open))
        if rest:
            end = len(self.markup.text.rstrip())
            yield Span(end, len(self.markup.text)), f"\n\n{rest}\n"

    def _html_block(self, segment: Segment) -> Iterator[Edit]:
        known = {id(element) for element in self.open}
        text, position = self.markup.at(segment.span), 0
        while found := _TAGS.search(text, position):
            position = found.end()
            offset = segment.span.start + found.start()
            yield from self._tag(Span(offset, segment.span.start + found.end()), block=True)
            if self.open and self.open[-1].name in _RAW and id(self.open[-1]) not in known:
                closing = re.compile(rf"</{self.open[-1].name}\s*>", re.IGNORECASE).search(
                    text, position
                )
                position = closing.start() if closing else len(text)
        end = segment.span.start + len(text.rstrip())
        if text.rfind("<!--") > text.rfind("-->"):
            yield Span(end, end), " -->"
        new = [element for element in self.open if id(element) not in known]
        blocks = list(takewhile(lambda element: element.name in _BLOCKS, new))
        for element in reversed(new[len(blocks) :]):
            self.open.pop()
            yield Span(end, end), f"</{element.name}>"
        if blocks and not re.search(r"\bmarkdown\s*=", text):
            for element in blocks:
                yield Span(element.after - 1, element.after - 1), ' markdown="1"'
            yield from _as_text(text, segment.span.start, _MARKDOWN)
        else:
            yield from _as_text(text, segment.span.start, _FENCE)

    def _end_of_paragraph(self, end: int) -> Iterator[Edit]:
        """End what a paragraph, heading or table left open."""
        at = len(self.markup.text[:end].rstrip())
        while self.open and not self.open[-1].block:
            yield Span(at, at), f"</{self.open.pop().name}>"

    def _tag(self, span: Span, *, block: bool) -> Iterator[Edit]:
        text = self.markup.at(span)
        tag = _TAG.match(text)
        name = tag["name"].lower() if tag else ""
        if tag is None or name in _VOID or text.endswith("/>"):
            return
        if tag["end"]:
            yield from self._end_tag(span, name)
            return
        while self.open and name in _ENDED_BY.get(self.open[-1].name, ()):
            yield Span(span.start, span.start), f"</{self.open.pop().name}>"
        self.open.append(_Open(name, span.end, block))

    def _end_tag(self, span: Span, name: str) -> Iterator[Edit]:
        if not any(element.name == name for element in self.open):
            line = self.markup.line(span.start)
            alone = self.markup.at(line).strip() == self.markup.at(span)
            # what follows on the line must not become the start of a block
            yield span, "" if alone else "<span></span>"
            return
        while self.open[-1].name != name:
            yield Span(span.start, span.start), f"</{self.open.pop().name}>"
        self.open.pop()


def _as_text(markup: str, start: int, what: re.Pattern[str]) -> Iterator[Edit]:
    """Keep the text between the tags of a block from being read as Markdown.

    It is text in a notebook; what follows the next blank line is Markdown there, too.
    """
    position = 0
    for tag in [*_TAGS.finditer(markup), None]:
        end = tag.start() if tag else len(markup)
        raw = markup[:position].rpartition("<")[2].lower().startswith(tuple(_RAW))
        for found in [] if raw else what.finditer(markup, position, end):
            entity = "".join(f"&#{ord(char)};" for char in found.group().strip(" \t"))
            yield Span(start + found.start(), start + found.end()), entity
        position = tag.end() if tag else end
