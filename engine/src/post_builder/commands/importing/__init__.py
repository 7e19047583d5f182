"""Write a post with the prose and code of a notebook."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote

from msgspec import Struct, field
from nbformat import NotebookNode

from post_builder.commands.importing.images import Images
from post_builder.commands.importing.options import read_options
from post_builder.commands.importing.prose import ProseConverter
from post_builder.commands.importing.reading import kernel_of, read_notebook
from post_builder.commands.importing.title import take_head
from post_builder.commands.kramdown.compare import compare_with_kramdown, missing_formulas
from post_builder.commands.new import create_file, free_slug, post_text, write_post
from post_builder.document.liquid import TAG
from post_builder.document.parsing.headings import headings
from post_builder.document.parsing.parser import read_post
from post_builder.document.prose.markup import read_markup
from post_builder.errors import PostError, SiteError
from post_builder.place import Place
from post_builder.site import Site


class Imported(Struct, frozen=True):
    """A post that was a notebook."""

    path: Path
    notes: tuple[str, ...]
    """What has no counterpart, is missing, or is read otherwise by kramdown."""


def post_from_notebook(site: Site, notebook: Path, today: dt.date) -> Imported:
    """Write a post with the prose and code of a notebook; its outputs come from the next build.

    Formulas, links, images and hidden cells become what they are in a post.

    Raises:
        FileError: if a file cannot be written.
        SiteError: if the notebook cannot be read, or builds of the post would replace it.
    """
    node = read_notebook(notebook)
    kernel = kernel_of(node.metadata)
    head = take_head(node.cells, notebook.stem)
    slug = free_slug(site, head.title)
    images = Images(site, site.figures(slug), notebook.parent)
    prose = ProseConverter(kernel["language"], images, _anchors(node.cells, head.title))
    converter = _Converter(prose)
    body = "\n\n".join(filter(None, map(converter.convert, node.cells)))
    text = post_text(site, head.title, today, kernel, f"{body}\n", keys=head.keys)
    _refuse_download(site, notebook, slug)
    for name, data in images.files.items():
        create_file(site, site.root / name, data, "there is a file of this name already")
    path = write_post(site, slug, today, text)
    return Imported(path, (*converter.notes, *_reading(site, path, prose.formulas)))


def _refuse_download(site: Site, notebook: Path, name: str) -> None:
    """Refuse a notebook where builds of the post would write what readers can download."""
    download = site.download(name, ".ipynb")
    if notebook.resolve() == (site.root / download).resolve():
        message = "builds of the new post would replace this notebook by the one for its readers"
        raise SiteError(message, Place(download), f"move it out of {Path(download).parent} first")


def _anchors(cells: Sequence[NotebookNode], title: str) -> dict[str, str]:
    """Return the id on the page of each anchor that Jupyter gives a heading, in lower case."""
    found = [
        (0, inline.token.content)
        for cell in cells
        if cell.cell_type == "markdown"
        for blocks in [read_markup(cell.source.replace("\r\n", "\n"), "jupyter").blocks]
        for heading, inline in pairwise(blocks)
        if heading.token.type == "heading_open"
    ]
    names = {title.replace(" ", "-").lower(): ""}
    for heading in headings(found):
        plain = re.sub(r"[*`]|\[|\]\([^)]*\)", "", heading.text)
        for written in (plain.replace(" ", "-"), unquote(plain), heading.name):
            names.setdefault(written.lower(), heading.name)
    return names


def _reading(site: Site, path: Path, formulas: Sequence[str]) -> Iterator[str]:
    """Ask kramdown, where Ruby is at hand, whether code is code and formulas are formulas."""
    try:
        post = read_post(site, path)
    except PostError as error:
        yield str(error)
        return
    if post is not None:
        for finding in compare_with_kramdown(site, [post]):
            yield f"{finding.place}: {finding.message}"
        for formula in missing_formulas(site, post, formulas):
            yield f"kramdown does not read this formula as one: {formula}"


class _Converter(Struct):
    """Turns cells into Markdown, one after another."""

    prose: ProseConverter
    notes: list[str] = field(default_factory=list)
    count: int = 0
    """Code cells so far."""
    position: int = 0
    """Cells so far."""
    names: set[str] = field(default_factory=set)

    def convert(self, cell: NotebookNode) -> str:
        """Return the Markdown of a cell; nothing for an empty one."""
        self.position += 1
        if cell.cell_type == "code":
            text = self._code(cell)
        elif cell.cell_type == "markdown":
            text = self.prose.convert(cell.source, cell.get("attachments", {})).strip("\n").rstrip()
        else:
            text = self._raw(cell)
        problems = self.prose.images.problems
        self.notes += [f"cell {self.position}: {problem}" for problem in problems]
        problems.clear()
        return text if text.strip() else ""

    def _raw(self, cell: NotebookNode) -> str:
        """Show a raw cell as the text it is; one for another format cannot be shown."""
        kind = cell.metadata.get("raw_mimetype") or cell.metadata.get("format") or ""
        if not cell.source.strip():
            return ""
        if kind in {"text/markdown", "text/html"}:
            return self.prose.convert(cell.source, {}).strip()
        if kind not in {"", "text/plain"}:
            self.notes.append(f"cell {self.position}: raw {kind} is left out")
            return ""
        return self.prose.convert(_fenced(cell.source.strip("\n"), "text"), {}).strip()

    def _code(self, cell: NotebookNode) -> str:
        if not cell.source.strip():
            return ""
        options = read_options(cell, f"code-{self.count + 1}")
        self.notes += [f"cell {self.position}: {note}" for note in options.notes]
        if not options.code.strip():
            return ""
        self.count += 1
        if options.name in self.names:
            options.name = f"code-{self.count}"
        self.names.add(options.name)
        block = f"{_fenced(options.code, self.prose.language)}\n{{: {options}}}"
        return f"{{% raw %}}\n{block}\n{{% endraw %}}" if TAG.search(options.code) else block


def _fenced(code: str, word: str) -> str:
    runs = re.findall(r"^\s*(`{3,})", code, re.MULTILINE)
    fence = "`" * max([3, *(len(run) + 1 for run in runs)])
    return f"{fence}{word}\n{code}\n{fence}"
