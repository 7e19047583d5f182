"""The outputs of a post, as it publishes them, in the form of notebooks."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path

from post_builder.document import figure_tag
from post_builder.document.post import Cell, Post
from post_builder.rendering.downloads.cells import Output
from post_builder.rendering.downloads.liquid import plain_liquid
from post_builder.rendering.regions.marked import MARK
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
) -> list[Output]:
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


def _output(match: re.Match[str], post: Post, site: Site) -> Output:
    if match["html"] is not None:
        markup = plain_liquid(match["html"], post, site)
        return _shown("display_data", {"text/html": markup, "text/plain": _words(markup)})
    text, kind = _words(match["text"]), match["kind"]
    if kind in _STREAMS:
        return {"output_type": "stream", "name": kind, "text": f"{text}\n"}
    if kind == "error":
        name, _, value = text.rpartition("\n")[2].partition(": ")
        raised = {"ename": name, "evalue": value, "traceback": text.split("\n")}
        return {"output_type": "error", **raised}
    return _shown("execute_result", {"text/plain": text}) | {"execution_count": None}


def _shown(kind: str, data: Output, metadata: Output | None = None) -> Output:
    return {"output_type": kind, "data": data, "metadata": metadata or {}}


def _words(markup: str) -> str:
    return unescape(_TAG.sub("", markup))


def _figure(
    tag: figure_tag.FigureTag, site: Site, figures: Mapping[str, bytes]
) -> Iterator[Output]:
    path = tag.image_path.lstrip("/")
    kind, file = _KINDS.get(Path(path).suffix), site.root / path
    if kind is None or (path not in figures and not file.is_file()):
        return
    data = figures[path] if path in figures else file.read_bytes()
    content = data.decode() if kind == "image/svg+xml" else base64.b64encode(data).decode()
    alt = unescape(tag.alt)
    size = {"width": tag.width, "height": tag.height} if tag.width and tag.height else {}
    data_by_type = {kind: content, "text/plain": alt}
    yield _shown("display_data", data_by_type, {kind: {"alt": alt, **size}})
