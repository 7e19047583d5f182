"""The outputs of a post, as it publishes them, in the form of notebooks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_output

from post_builder.document import figure_tag
from post_builder.document.post import Cell, Post
from post_builder.rendering.downloads.liquid import plain_liquid
from post_builder.rendering.regions.stored import MARK
from post_builder.site import Site

_BLOCK = re.compile(
    r"""^<div[^>]*[ ]class="output[ ](?P<kind>[\w-]+)[^"]*[ ]highlighter-rouge">
            <div[ ]class="highlight"><pre[ ]class="highlight">\n?(?P<text>.*?)</pre></div></div>$
      |^(?P<html><(?:div|p|iframe|figure(?![^>]*[ ]class="figure"))\b.*?)
            (?=\n\n|\n<!--[ ]/output|\Z)""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)
"""A block of an output region that is not a figure."""

_TAG = re.compile(r"<[^>]*>")
"""Markup of colours; a `<` that was printed is an entity."""

_KINDS = {".svg": "image/svg+xml", ".png": "image/png", ".jpg": "image/jpeg"}
_STREAMS = frozenset({"stdout", "stderr"})


def published_outputs(
    post: Post, cell: Cell, site: Site, figures: Mapping[str, bytes]
) -> list[NotebookNode]:
    """Return the outputs of a cell, read from its output region.

    Args:
        post: as built.
        cell: of the post.
        site: that it belongs to.
        figures: content of the figures that are not on disk yet, by their path.
    """
    region = cell.without_prefix(post.at(cell.region)).replace(MARK, "")
    found = [(m.start(), _output(m, post, site)) for m in _BLOCK.finditer(region)]
    for offset, tag in figure_tag.figure_tags(region):
        found += [(offset, output) for output in _figure(tag, site, figures)]
    return [output for _, output in sorted(found, key=lambda pair: pair[0])]


def _output(match: re.Match[str], post: Post, site: Site) -> NotebookNode:
    if match["html"] is not None:
        markup = plain_liquid(match["html"], post, site)
        output: NotebookNode = new_output(
            "display_data", data={"text/html": markup, "text/plain": _words(markup)}
        )
        return output
    text, kind = _words(match["text"]), match["kind"]
    if kind in _STREAMS:
        output = new_output("stream", name=kind, text=f"{text}\n")
    elif kind == "error":
        name, _, value = text.rpartition("\n")[2].partition(": ")
        output = new_output("error", ename=name, evalue=value, traceback=text.split("\n"))
    else:
        output = new_output("execute_result", data={"text/plain": text})
    return output


def _words(markup: str) -> str:
    return unescape(_TAG.sub("", markup))


def _figure(
    tag: figure_tag.FigureTag, site: Site, figures: Mapping[str, bytes]
) -> Iterator[NotebookNode]:
    path = tag.image_path.lstrip("/")
    kind, file = _KINDS.get(Path(path).suffix), site.root / path
    if kind is None or (path not in figures and not file.is_file()):
        return
    data = figures[path] if path in figures else file.read_bytes()
    content = data.decode() if kind == "image/svg+xml" else base64.b64encode(data).decode()
    alt = unescape(tag.alt)
    size = {"width": tag.width, "height": tag.height} if tag.width and tag.height else {}
    yield new_output(
        "display_data",
        data={kind: content, "text/plain": alt},
        metadata={kind: {"alt": alt, **size}},
    )
