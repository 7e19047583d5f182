"""The Liquid of a post as plain Markdown: what Jekyll would make of it, as far as that is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urlsplit

from post_builder.document import figure_tag
from post_builder.document.post import Edit, Post, Span
from post_builder.document.prose.liquid_parts import LiquidPart, liquid_parts
from post_builder.site import Site

_STRING = re.compile(r"""["'](?P<path>[^"']*)["']\s*\|\s*(?P<filter>relative|absolute)_url""")
_HIGHLIGHT = re.compile(r"\w[\w+#-]*")


def liquid_edits(post: Post, site: Site) -> list[Edit]:
    """Return what takes the place of each tag and output in the prose of a post."""
    return [
        edit for part in liquid_parts(post.text, post.content) for edit in _edits(post, part, site)
    ]


def _edits(post: Post, part: LiquidPart, site: Site) -> Iterator[Edit]:
    if part.kind == "raw":
        yield _alone(post.text, Span(part.span.start, part.content.start)), ""
        yield _alone(post.text, Span(part.content.end, part.span.end)), ""
    elif part.kind == "comment":
        yield _alone(post.text, part.span), ""
    elif part.kind == "output":
        yield part.span, _output(post, part.arguments, site)
    else:
        text = _tag(post, part, site)
        yield (part.span if text else _alone(post.text, part.span)), text


def _alone(text: str, span: Span) -> Span:
    """Return the whole line of a tag that is alone on its line, else the tag."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end + 1
    alone = not text[start : span.start].strip(" \t>") and not text[span.end : end].strip()
    return Span(start, end) if alone and span.end > span.start else span


def _output(post: Post, expression: str, site: Site) -> str:
    parts = urlsplit(site.url)
    known = {
        "site.url": f"{parts.scheme}://{parts.netloc}" if parts.netloc else "",
        "site.baseurl": parts.path,
        **{f"page.{key}": str(value) for key, value in post.front_matter.items()},
    }
    if expression in known:
        return known[expression]
    if address := _STRING.fullmatch(expression):
        root = parts.path if address["filter"] == "relative" else site.url
        return f"{root}/{address['path'].lstrip('/')}"
    literal = re.fullmatch(r"""(["'])(?P<text>.*)\1""", expression, re.DOTALL)
    return literal["text"] if literal else ""


def _tag(post: Post, part: LiquidPart, site: Site) -> str:
    if part.name == "include":
        figure = figure_tag.TAG.match(post.at(part.span))
        return _image(figure, site.url) if figure else ""
    if part.name == "highlight":
        word = _HIGHLIGHT.match(part.arguments)
        return f"```{word.group() if word else ''}{_line_end(post.text, part.span.end)}"
    if part.name == "endhighlight":
        return "```" if post.text[part.span.start - 1] == "\n" else "\n```"
    return ""


def _line_end(text: str, offset: int) -> str:
    return "" if text[offset : offset + 2].startswith(("\n", "\r\n")) else "\n"


def _image(match: re.Match[str], url: str) -> str:
    tag = figure_tag.parse_figure_tag(match)
    address = tag.image_path if "://" in tag.image_path else f"{url}{tag.image_path}"
    caption = f"\n\n*{tag.caption}*" if tag.caption else ""
    return f"![{unescape(tag.alt)}]({address}){caption}"
