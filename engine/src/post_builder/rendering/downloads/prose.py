"""Prose in kramdown's Markdown as prose in the Markdown that every reader knows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from post_builder.document.post import Edit, Span, splice
from post_builder.document.prose.markup import Kind, Markup, Segment, read_markup

_LIST = r"\{:(?![:/])(?:\\\}|[^}\n])*\}"
"""An attribute list of kramdown."""

_OWN_LINE = re.compile(rf"^[ \t>]*{_LIST}[ \t]*(?:\n|\Z)", re.MULTILINE)
_CONTENTS = re.compile(
    r"^ {0,3}(?:[*+-]|\d+\.) [^\n]*\n {0,3}\{:[^}\n]*\btoc\b[^}\n]*\}[ \t]*\n?", re.MULTILINE
)
_AFTER_ELEMENT = re.compile(
    rf"(?P<element>\]\((?:[^()\n]|\([^()\n]*\))*\)|\]\[[^\]\n]*\]|[*_~]){_LIST}"
)
_EXTENSION = re.compile(
    r"\{::comment\}.*?\{:/(?:comment)?\}[ \t]*\n?|\{::[a-z]+[^}\n]*\}|\{:/[a-z]*\}", re.DOTALL
)
_NOTE = re.compile(r"^ {0,3}\[\^(?P<name>[\w-]+)\]:[ \t]*", re.MULTILINE)
_MARK = re.compile(r"(?<!\\)\[\^(?P<name>[\w-]+)\]")
_ADDRESS = re.compile(
    r"(?P<before>\]\(<?|^ {0,3}\[[^\]\n]+\]:[ \t]*<?)(?P<path>/(?!/))", re.MULTILINE
)
_ATTRIBUTE = re.compile(r"""(?P<before>\b(?:src|href)\s*=\s*["'])(?P<path>/(?!/))""", re.IGNORECASE)
_DEFINITION = re.compile(r"^ {0,3}\[(?P<label>[^\]^\n][^\]\n]*)\]:[ \t]*\S[^\n]*$", re.MULTILINE)
_USE = re.compile(r"\[([^\[\]\n]+)\](?![(:])")


def plain_markdown(text: str, url: str) -> str:
    """Replace what only kramdown understands by what every Markdown reader does.

    Args:
        text: Markdown for kramdown, without Liquid.
        url: of the site, for addresses that start at its host.
    """
    markup = read_markup(text, "kramdown")
    parts = urlsplit(url)
    host = f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
    edits: list[Edit] = []
    before: Segment | None = None
    for segment in markup.segments:
        edits += [(segment.span, new) for new in _rewritten(markup, segment, before, host)]
        before = segment
    return splice(text, edits)


def _rewritten(
    markup: Markup, segment: Segment, before: Segment | None, host: str
) -> Iterator[str]:
    """Yield the new text of a segment that has one."""
    text = markup.at(segment.span)
    if segment.kind is Kind.TEXT:
        element = before is not None and _is_element(before)
        whole = segment.span.start == 0 or markup.text[segment.span.start - 1] == "\n"
        yield _plain_text(text if whole else f"\0{text}", host, after_element=element)
    elif segment.kind is Kind.HTML_BLOCK:
        last = text.rstrip("\n").rfind("\n") + 1
        text = text[:last] + _OWN_LINE.sub("", text[last:])
        yield _ATTRIBUTE.sub(rf"\g<before>{host}\g<path>", text)
    elif segment.kind is Kind.TAG:
        yield _ATTRIBUTE.sub(rf"\g<before>{host}\g<path>", text)
    elif segment.formula and not _is_block(markup, segment.span):
        yield f"${segment.formula.tex}$"


def _is_element(segment: Segment) -> bool:
    """Return whether an attribute list right after a segment belongs to it."""
    return segment.kind in {Kind.CODE_SPAN, Kind.TAG, Kind.FORMULA}


def _is_block(markup: Markup, span: Span) -> bool:
    """Return whether kramdown sets a formula as a block: nothing is beside it."""
    before, after = markup.text[: span.start], markup.text[span.end :]
    starts = not before.strip() or re.search(r"\n[ \t>]*\n[ \t>]*\Z", before)
    ends = not after.strip() or re.match(r"[ \t]*\n[ \t>]*(?:\n|\{:)", after)
    return bool(starts and ends)


def _plain_text(text: str, host: str, *, after_element: bool) -> str:
    if after_element:
        text = re.sub(rf"\A\0?{_LIST}", "\0", text)
    text = _CONTENTS.sub("", _EXTENSION.sub("", text))
    text = _AFTER_ELEMENT.sub(r"\g<element>", _OWN_LINE.sub("", text))
    text = _NOTE.sub(r"<sup>\g<name></sup> ", text)
    text = _MARK.sub(r"<sup>\g<name></sup>", text)
    return _ADDRESS.sub(rf"\g<before>{host}\g<path>", text).removeprefix("\0")


def link_definitions(texts: Iterable[str]) -> dict[str, str]:
    """Return the link definitions in some Markdown texts by their label in lower case."""
    found: dict[str, str] = {}
    for text in texts:
        for label, line in _definitions(text):
            found.setdefault(label, line)
    return found


def with_definitions(text: str, definitions: Mapping[str, str]) -> str:
    """Add the definitions of links that a text uses and another one defines."""
    if not definitions:
        return text
    own = {label for label, _ in _definitions(text)}
    used = dict.fromkeys(label.lower() for part in _texts(text) for label in _USE.findall(part))
    missing = [definitions[label] for label in used if label in definitions and label not in own]
    return "\n".join([f"{text.rstrip()}\n", *missing]) if missing else text


def _definitions(text: str) -> Iterator[tuple[str, str]]:
    for part in _texts(text):
        for match in _DEFINITION.finditer(part):
            yield match["label"].lower(), match.group().strip()


def _texts(text: str) -> Iterator[str]:
    markup = read_markup(text, "kramdown")
    return (markup.at(s.span) for s in markup.segments if s.kind is Kind.TEXT)
