"""The Liquid of a post as plain Markdown: what Jekyll would make of it, as far as that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from post_builder.document import figure_tag
from post_builder.document.post import Edit, Post, Span, splice
from post_builder.document.prose.liquid_parts import LiquidPart, liquid_parts
from post_builder.site import Site

_STRING = re.compile(r"""["'](?P<path>[^"']*)["']\s*\|\s*(?P<filter>relative|absolute)_url""")
_HIGHLIGHT = re.compile(r"\w[\w+#-]*")


class _Jekyll(Struct, frozen=True):
    """What Liquid finds out about a post and its site."""

    text: str
    front_matter: Mapping[str, Any]
    site: Site


def liquid_edits(post: Post, site: Site) -> list[Edit]:
    """Return what takes the place of each tag and output in the prose of a post."""
    jekyll = _Jekyll(post.text, post.front_matter, site)
    parts = liquid_parts(post.text, post.content)
    return [edit for part in parts for edit in _edits(jekyll, part)]


def plain_liquid(text: str, post: Post, site: Site) -> str:
    """Return about what Jekyll makes of some text of a post."""
    jekyll = _Jekyll(text, post.front_matter, site)
    return splice(text, [edit for part in liquid_parts(text) for edit in _edits(jekyll, part)])


def _edits(jekyll: _Jekyll, part: LiquidPart) -> Iterator[Edit]:
    text = jekyll.text
    if part.kind == "raw":
        yield _alone(text, Span(part.span.start, part.content.start)), ""
        yield _alone(text, Span(part.content.end, part.span.end)), ""
    elif part.kind == "comment":
        yield _alone(text, part.span), ""
    elif part.kind == "output":
        yield part.span, _output(jekyll, part.arguments)
    else:
        new = _tag(jekyll, part)
        yield (part.span if new else _alone(text, part.span)), new


def _alone(text: str, span: Span) -> Span:
    """Return the whole line of a tag that is alone on its line, else the tag."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    alone = not text[start : span.start].strip(" \t>") and not text[span.end : end].strip()
    return Span(start, end) if alone and span.end > span.start else span


def _output(jekyll: _Jekyll, expression: str) -> str:
    site = jekyll.site
    parts = urlsplit(site.url)
    known = {
        "site.url": f"{parts.scheme}://{parts.netloc}" if parts.netloc else "",
        "site.baseurl": parts.path,
        **{f"page.{key}": str(value) for key, value in jekyll.front_matter.items()},
    }
    if expression in known:
        return known[expression]
    if address := _STRING.fullmatch(expression):
        root = parts.path if address["filter"] == "relative" else site.url
        return f"{root}/{address['path'].lstrip('/')}"
    literal = re.fullmatch(r"""(["'])(?P<text>.*)\1""", expression, re.DOTALL)
    return literal["text"] if literal else ""


def _tag(jekyll: _Jekyll, part: LiquidPart) -> str:
    text = jekyll.text
    if part.name == "include":
        figure = figure_tag.TAG.match(text, part.span.start)
        return _image(figure, jekyll.site.url) if figure else ""
    if part.name == "highlight":
        word = _HIGHLIGHT.match(part.arguments)
        return f"```{word.group() if word else ''}{_line_end(text, part.span.end)}"
    if part.name == "endhighlight":
        return "```" if text[part.span.start - 1] == "\n" else "\n```"
    return ""


def _line_end(text: str, offset: int) -> str:
    return "" if text[offset : offset + 2].startswith(("\n", "\r\n")) else "\n"


def _image(match: re.Match[str], url: str) -> str:
    tag = figure_tag.parse_figure_tag(match)
    address = tag.image_path if "://" in tag.image_path else f"{url}{tag.image_path}"
    caption = f"\n\n*{tag.caption}*" if tag.caption else ""
    return f"![{unescape(tag.alt)}]({address}){caption}"
