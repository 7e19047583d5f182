"""A post as a notebook and as a script, for readers who would rather run than read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import jupytext
from jupytext.languages import same_language
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from post_builder.document import figure_tag
from post_builder.document.options import Tag
from post_builder.document.post import Cell, Post
from post_builder.site import Site

_NOT_IN_SCRIPTS = frozenset({Tag.RAISES_EXCEPTION, Tag.SKIP_EXECUTION})
"""Cells that would end a script, or are not meant to run: in a script they are comments."""

_RELATIVE = re.compile(r"\{\{-?\s*[\"']([^\"']*)[\"']\s*\|\s*(?:relative|absolute)_url\s*-?\}\}")
_LIQUID = re.compile(r"\{%.*?%\}[ \t]*\n?|\{\{.*?\}\}", re.DOTALL)
_ATTRIBUTES = re.compile(r"^[ \t>]*\{:[^}\n]*\}[ \t]*\n?|\{:[^}\n]*\}", re.MULTILINE)
_VALUE = re.compile(r"<span\s[^>]*?data-value=[^>]*>(.*?)</span>", re.DOTALL)


def make_downloads(post: Post, site: Site, slug: str) -> dict[str, bytes]:
    """Make the notebook of a post and, for Python, its script.

    Args:
        post: as built; its outputs are left out.
        site: images in prose get addresses under its URL.
        slug: names the files.

    Returns:
        The content of each file by its path relative to the site's root.
    """
    notebook = _notebook(post, site)
    made = {site.download(slug, ".ipynb"): jupytext.writes(notebook, fmt="ipynb")}
    if same_language(post.language, "python"):
        script = jupytext.writes(_for_script(notebook), fmt="py:percent")
        made[site.download(slug, ".py")] = script
    return {path: f"{text.rstrip()}\n".encode() for path, text in made.items()}


def _notebook(post: Post, site: Site) -> NotebookNode:
    spec = {"display_name": post.kernel, "language": post.language} | dict(post.kernelspec)
    title = post.front_matter.get("title")
    cells = [new_markdown_cell(f"# {title}", id="title")] if title else []
    metadata = {"kernelspec": spec, "language_info": {"name": post.language}}
    return new_notebook(cells=[*cells, *_cells(post, site)], metadata=metadata)


def _cells(post: Post, site: Site) -> Iterator[NotebookNode]:
    position = post.content
    for number, cell in enumerate(post.cells, 1):
        yield from _prose(post.text[position : cell.block.start], f"prose-{number}", site)
        yield _code(cell)
        position = max(cell.block.end, cell.region.end)
    yield from _prose(post.text[position:], f"prose-{len(post.cells) + 1}", site)


def _prose(text: str, name: str, site: Site) -> Iterator[NotebookNode]:
    if markdown := _plain_markdown(text, site.url).strip():
        yield new_markdown_cell(markdown, id=name)


def _code(cell: Cell) -> NotebookNode:
    tags = sorted(map(str, cell.options.tags))
    metadata = {"tags": tags} if tags else {}
    return new_code_cell(cell.code.rstrip("\n"), id=cell.notebook_id, metadata=metadata)


def _for_script(notebook: NotebookNode) -> NotebookNode:
    """Mark the cells that a script cannot run, in Jupytext's terms, and drop Jupytext's header."""
    cells = []
    for cell in notebook.cells:
        tags = set(cell.metadata.get("tags", ()))
        if tags & _NOT_IN_SCRIPTS:
            metadata = {"tags": [*sorted(tags), "active-ipynb"]}
            cells.append(new_code_cell(cell.source, id=cell.id, metadata=metadata))
        else:
            cells.append(cell)
    plain = {"notebook_metadata_filter": "-all", "cell_metadata_filter": "tags"}
    return new_notebook(cells=cells, metadata={**notebook.metadata, "jupytext": plain})


def _plain_markdown(text: str, url: str) -> str:
    """Replace what only Jekyll understands by what every Markdown reader does."""
    text = figure_tag.TAG.sub(lambda tag: _image(tag, url), text.replace("\r\n", "\n"))
    text = _RELATIVE.sub(lambda match: f"{url}{match[1]}", text)
    text = _VALUE.sub(lambda match: unescape(match[1]), text)
    return _LIQUID.sub("", _ATTRIBUTES.sub("", text))


def _image(match: re.Match[str], url: str) -> str:
    tag = figure_tag.parse_figure_tag(match)
    address = tag.image_path if "://" in tag.image_path else f"{url}{tag.image_path}"
    caption = f"\n\n*{tag.caption}*" if tag.caption else ""
    return f"![{tag.alt}]({address}){caption}"
