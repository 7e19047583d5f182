"""A Markdown cell of a notebook as Markdown that kramdown and Liquid read the same way."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping

from msgspec import Struct, field

from post_builder.commands.importing.formulas import as_kramdown
from post_builder.commands.importing.html_balance import balance
from post_builder.commands.importing.images import Images
from post_builder.commands.importing.shown_code import protected, shown_code
from post_builder.document.figure_tag import PLACEHOLDER_ALT, FigureTag
from post_builder.document.post import Edit, Span, splice
from post_builder.document.prose.markup import Kind, Markup, Segment, read_markup
from post_builder.rendering.markup.block import figure_block

_IMAGE = re.compile(
    r"""!\[(?P<alt>(?:\\.|[^\]\\])*)\]\(\s*
        (?:<(?P<angled>[^>\n]*)>|(?P<data>data:[^)\s]*)|(?P<attached>attachment:[^)"\n]*?)
          |(?P<plain>(?:[^()\s]|\([^()\s]*\))+))
        (?:\s+(?:"(?P<title>[^"]*)"|'(?P<title2>[^']*)'))?\s*\)""",
    re.VERBOSE,
)
_SOURCE = re.compile(
    r"""(?P<before><img\b[^>]*?\bsrc\s*=\s*)(?P<q>["'])(?P<address>.*?)(?P=q)""",
    re.IGNORECASE | re.DOTALL,
)
_LINK = re.compile(r"(?P<before>\]\(\s*<?)#(?P<anchor>[^)\s>]*)")
_REFERENCE = re.compile(r"""(?P<before>\bhref\s*=\s*["'])#(?P<anchor>[^"']*)""", re.IGNORECASE)
_KRAMDOWN = re.compile(
    r"(?P<liquid>\{(?=[{%]))|(?P<options>\{(?=:))|(?P<pipe>(?<!\\)\|)|(?P<money>\$(?=\$)|(?<=\$)\$)"
    r"|(?P<term>^[ ]{0,3}(?=:[ ]))|(?P<end>^\^[ \t]*$)|(?P<short>^\*(?=\[[^\]\n]+\]:))",
    re.MULTILINE,
)
"""What means something to Liquid or kramdown and nothing to Jupyter."""


class ProseConverter(Struct):
    """Turns Markdown cells into Markdown for Jekyll."""

    language: str
    """Of the notebook's code; blocks of it in prose are shown and do not run."""
    images: Images
    anchors: Mapping[str, str]
    """The address on the page of each anchor that notebooks give headings, in lower case."""
    formulas: list[str] = field(default_factory=list)
    """The formulas so far, as kramdown must read them."""

    def convert(self, source: str, attachments: Mapping[str, Mapping[str, str]]) -> str:
        """Convert the text of one cell."""
        markup = read_markup(source.replace("\r\n", "\n"), "jupyter")
        cell = _Cell(self, markup, attachments)
        edits = sorted([*balance(markup), *_boundaries(markup)], key=lambda edit: edit[0])
        return "".join(
            piece for segment in markup.segments for piece in cell.pieces(segment, edits)
        ) + "".join(text for span, text in edits if span.start == len(markup.text))


def _boundaries(markup: Markup) -> list[Edit]:
    """Return what kramdown needs before tables and numbered lists; it cuts prose from tables."""
    edits: list[Edit] = []
    for block in markup.blocks:
        start = block.span.start
        if block.token.type == "table_open":
            blank = not start or markup.text[:start].endswith("\n\n")
            edits += [
                (Span(start, start), "" if blank else "\n"),
                (Span(block.span.end, block.span.end), ""),
            ]
        elif (
            block.token.type == "ordered_list_open"
            and block.token.attrGet("start")
            and not block.token.level
        ):
            edits.append((Span(start, start), f'{{: start="{block.token.attrGet("start")}"}}\n'))
    return edits


class _Cell(Struct, frozen=True):
    """One Markdown cell on its way."""

    converter: ProseConverter
    markup: Markup
    attachments: Mapping[str, Mapping[str, str]]

    def pieces(self, segment: Segment, edits: list[Edit]) -> list[str]:
        """Return the new text of a segment, cut where something is put between."""
        inside = [e for e in edits if segment.span.start <= e[0].start < segment.span.end]
        if segment.kind is Kind.CODE_BLOCK:
            first = [text for span, text in inside if span.start == segment.span.start]
            last = [text for span, text in inside if span.start > segment.span.start]
            return [*first, self._converted(segment, segment.span), *last]
        pieces, position = [], segment.span.start
        for span, text in inside:
            pieces += [self._converted(segment, Span(position, span.start)), text]
            position = max(position, span.end)
        return [*pieces, self._converted(segment, Span(position, max(position, segment.span.end)))]

    def _converted(self, segment: Segment, span: Span) -> str:
        text = self.markup.at(span)
        if not text:
            return ""
        if segment.kind is Kind.CODE_BLOCK:
            return shown_code(self.markup, span, self.converter.language)
        if segment.kind is Kind.CODE_SPAN:
            return protected(text)
        if segment.formula:
            formula = as_kramdown(self.markup, segment.formula)
            self.converter.formulas.append(formula.tex)
            return formula.text
        if segment.kind is Kind.TEXT:
            return self._text(text, span)
        text = _SOURCE.sub(self._source, protected(text))
        return _REFERENCE.sub(self._anchor, text)

    def _text(self, text: str, span: Span) -> str:
        in_table = any(
            block.token.type == "table_open" and block.span.start <= span.start < block.span.end
            for block in self.markup.blocks
        )
        edits: list[Edit] = []
        position = 0
        for image in _IMAGE.finditer(text):
            edits += _escapes(text, position, image.start(), in_table=in_table)
            edits.append((Span(*image.span()), self._image(image, span.start + image.start())))
            position = image.end()
        edits += _escapes(text, position, len(text), in_table=in_table)
        return _LINK.sub(self._anchor, splice(text, edits))

    def _anchor(self, match: re.Match[str]) -> str:
        anchor = html.unescape(match["anchor"])
        return f"{match['before']}#{self.converter.anchors.get(anchor.lower(), match['anchor'])}"

    def _source(self, match: re.Match[str]) -> str:
        path = self.converter.images.path_of(html.unescape(match["address"]), self.attachments)
        return f'{match["before"]}"{_relative(path)}"' if path else match.group()

    def _image(self, match: re.Match[str], offset: int) -> str:
        address = next(
            match[k] for k in ("angled", "data", "attached", "plain") if match[k] is not None
        )
        path = self.converter.images.path_of(address.strip(), self.attachments)
        alt, title = match["alt"], match["title"] or match["title2"] or ""
        if not path:
            missing = address.startswith(("attachment:", "data:"))
            return f"*{alt or 'image'}*" if missing else match.group()
        if self._is_alone(match.group(), offset):
            shown = html.escape(alt or PLACEHOLDER_ALT, quote=False)
            return figure_block(FigureTag(f"/{path}", shown, title))
        return f"![{alt or PLACEHOLDER_ALT}]({_relative(path)}" + (f' "{title}")' if title else ")")

    def _is_alone(self, text: str, offset: int) -> bool:
        """Return whether an image is a paragraph of its own."""
        return any(
            block.token.type == "inline"
            and block.span.start <= offset < block.span.end
            and self.markup.at(block.span).strip() == text
            for block in self.markup.blocks
        )


def _relative(path: str) -> str:
    return f'{{{{ "/{path}" | relative_url }}}}'


def _escapes(text: str, start: int, end: int, *, in_table: bool) -> list[Edit]:
    """Return how text is escaped so that kramdown and Liquid read it as text."""
    found = (match for match in _KRAMDOWN.finditer(text, start, end))
    return [
        (Span(*match.span()), _escaped(match))
        for match in found
        if not (match["pipe"] and in_table)
    ]


def _escaped(match: re.Match[str]) -> str:
    if match["liquid"] or match["options"]:
        return "&#123;"
    if match["end"]:
        return match.group().replace("^", "&#94;")
    return f"{match.group()}\\" if match["term"] is not None else f"\\{match.group()}"
