"""The title of a notebook and its front matter, in the forms that authors write it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from markdown_it import MarkdownIt
from msgspec import Struct, field
from nbformat import NotebookNode

from post_builder.document.post import Span
from post_builder.document.prose.markup import Block, Markup, read_markup
from post_builder.yaml_reader import YamlError, read_mapping

_YAML = re.compile(r"\A\s*---[ \t]*\n(?P<yaml>.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
_FASTPAGES = re.compile(
    r"""\A\s*\#[ ](?P<title>[^\n]+)\n
        (?:>[ ]?(?P<summary>[^\n]+)\n)?\s*\n
        (?P<keys>(?:-[ ]\w+:[^\n]*(?:\n|\Z))+)\s*\Z""",
    re.VERBOSE,
)
_HTML_TITLE = re.compile(r"<h1\b[^>]*>(?P<title>.*?)</h1>[ \t]*\n?", re.DOTALL | re.IGNORECASE)
_OWN_KEYS = frozenset({"jupyter", "kernelspec", "layout", "format", "execute", "jupytext", "title"})
"""Keys that the post sets itself, or that mean something to another tool only."""


class Head(Struct, frozen=True):
    """What a notebook says about itself."""

    title: str
    keys: dict[str, Any] = field(default_factory=dict)
    """Further front matter."""


def take_head(cells: Sequence[NotebookNode], default: str) -> Head:
    """Find the title and the front matter of a notebook, and remove both from its cells.

    Args:
        cells: of the notebook; their sources are changed.
        default: title of a notebook without a heading.
    """
    keys = _take_front_matter(cells)
    title = _text(str(keys.pop("title", "") or "")) or _take_title(cells)
    title = title or default.replace("-", " ").replace("_", " ").strip()
    kept = {str(key): value for key, value in keys.items() if str(key) not in _OWN_KEYS}
    if kept.pop("draft", False):
        kept["published"] = False
    return Head(title, kept)


def _take_front_matter(cells: Sequence[NotebookNode]) -> dict[Any, Any]:
    """Read a first cell that is front matter: YAML between dashes, or the form of fastpages."""
    first = next((cell for cell in cells if cell.source.strip()), None)
    if first is None or first.cell_type == "code":
        return {}
    source = first.source.replace("\r\n", "\n")
    try:
        if found := _YAML.match(source):
            keys = read_mapping(found["yaml"])
            first.source = source[found.end() :]
            return keys
        if first.cell_type == "markdown" and (found := _FASTPAGES.match(source)):
            lines = (line[2:] for line in found["keys"].splitlines())
            keys = read_mapping("\n".join(lines))
            first.source = ""
            summary = {"description": _unquoted(found["summary"])} if found["summary"] else {}
            return {"title": _unquoted(found["title"])} | summary | keys
    except YamlError:
        pass  # then it is prose
    return {}


def _unquoted(text: str) -> str:
    return text.strip().strip('"').strip()


def _take_title(cells: Sequence[NotebookNode]) -> str:
    """Take the first heading of the first level, or else the first of any level."""
    prose = [cell for cell in cells if cell.cell_type == "markdown"]
    for levels in ({"h1"}, {"h1", "h2", "h3", "h4", "h5", "h6"}):
        for cell in prose:
            markup = read_markup(cell.source.replace("\r\n", "\n"), "jupyter")
            for span, text in _headings(markup, levels):
                if title := _text(text):
                    cell.source = markup.text[: span.start] + markup.text[span.end :]
                    return title
    return ""


def _headings(markup: Markup, levels: set[str]) -> Iterator[tuple[Span, str]]:
    html = ((Span(*m.span()), m["title"]) for m in _HTML_TITLE.finditer(markup.text))
    yield from sorted(
        [*html, *_markdown_headings(markup.blocks, levels)], key=lambda found: found[0]
    )


def _markdown_headings(blocks: Sequence[Block], levels: set[str]) -> Iterator[tuple[Span, str]]:
    for block, inline in pairwise(blocks):
        if (
            block.token.type == "heading_open"
            and block.token.tag in levels
            and not block.token.level
        ):
            yield block.span, inline.token.content


def _text(markdown: str) -> str:
    """Return the words of a heading without their markup."""
    tokens = MarkdownIt("commonmark").parseInline(markdown)
    children = (child for token in tokens for child in token.children or [])
    words = (
        child.content
        if child.type in {"text", "code_inline"}
        else " " * (child.type == "softbreak")
        for child in children
    )
    return " ".join("".join(words).split())
