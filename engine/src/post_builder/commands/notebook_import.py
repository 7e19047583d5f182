"""Write a post with the prose and code of a notebook."""

from __future__ import annotations

import base64
import datetime as dt
import html
import mimetypes
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from post_builder.commands.new import KERNEL, create_file, post_text, slug_of_title, write_post
from post_builder.document.figure_tag import PLACEHOLDER_ALT, FigureTag
from post_builder.document.options import Attribute, Tag
from post_builder.document.parsing.parser import parse
from post_builder.document.post import splice
from post_builder.errors import PostError, SiteError
from post_builder.place import Place
from post_builder.site import Site

_ATTACHMENT = re.compile(r"!\[(?P<alt>[^\]]*)\]\(attachment:(?P<name>[^)\s]+)\)")
_DATA_URI = re.compile(
    r"!\[(?P<alt>[^\]]*)\]\(data:(?P<kind>image/[\w.+-]+);base64,(?P<data>[^)]+)\)"
)


def post_from_notebook(site: Site, notebook: Path, today: dt.date) -> Path:
    """Write a post with the prose and code of a notebook; its outputs come from the next build.

    Tags with a meaning become options, attached images become files.

    Raises:
        SiteError: if the notebook cannot be read, or the post or an image of it exists already.
    """
    try:
        node = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    except (OSError, ValueError, KeyError, nbformat.ValidationError) as error:
        raise SiteError(f"not a notebook: {error}", Place(str(notebook))) from error
    title, cells = _title(node.cells, notebook.stem)
    spec = {**KERNEL, **node.metadata.get("kernelspec", {})}
    spec["language"] = node.metadata.get("language_info", {}).get("name", spec["language"])
    converter = _Converter(site.figures(slug_of_title(title)), spec["language"])
    body = "\n\n".join(filter(None, map(converter.convert, cells)))
    text = _without_running(post_text(site, title, today, spec, f"{body}\n"))
    _refuse_download(site, notebook, slug_of_title(title))
    _refuse_present(site, converter.images)
    path = write_post(site, title, today, text)
    for name, data in converter.images.items():
        create_file(site, site.root / name, data, "there is a file of this name already")
    return path


def _refuse_download(site: Site, notebook: Path, name: str) -> None:
    """Refuse a notebook where builds of the post would write what readers can download."""
    download = site.download(name, ".ipynb")
    if notebook.resolve() == (site.root / download).resolve():
        message = "builds of the new post would replace this notebook by the one for its readers"
        raise SiteError(message, Place(download), f"move it out of {Path(download).parent} first")


def _refuse_present(site: Site, images: Mapping[str, bytes]) -> None:
    for name, data in images.items():
        path = site.root / name
        if path.exists() and not (path.is_file() and path.read_bytes() == data):
            message = "an image of the notebook would replace this file"
            raise SiteError(message, Place(name), "rename it first")


def _without_running(text: str) -> str:
    """Keep unnamed code blocks from running: the notebook showed them in prose and did not run."""
    try:
        post = parse(text)
    except PostError:
        return text  # the build reports it, and the author can fix the post
    shown = [cell for cell in post.cells if cell.options.name is None] if post else []
    options = f"{{: .{Tag.SKIP_EXECUTION}}}\n"
    return splice(text, [(cell.region, f"{cell.prefix}{options}") for cell in shown])


def _title(cells: list[NotebookNode], default: str) -> tuple[str, list[NotebookNode]]:
    """Take the title from a first heading, and remove that from the text."""
    if cells and cells[0].cell_type == "markdown":
        match = re.match(r"#\s+(?P<title>.+?)\s*#*\s*(?:\n|\Z)", cells[0].source)
        if match:
            cells[0].source = cells[0].source[match.end() :]
            return match["title"], cells
    return default.replace("-", " ").replace("_", " "), cells


def _without_inline_magic(lines: list[str]) -> list[str]:
    """Drop the magic that asks for figures in the notebook, which are the default here."""
    return [line for line in lines if not re.match(r"%(?:matplotlib|config InlineBackend)\b", line)]


def _protected_from_liquid(text: str) -> str:
    return re.sub(r"\{[{%].*?[%}]\}", r"{% raw %}\g<0>{% endraw %}", text, flags=re.DOTALL)


class _Converter:
    """Turns cells into Markdown, one after another, and collects their images."""

    def __init__(self, folder: str, language: str) -> None:
        self.folder, self.language = folder, language
        self.images: dict[str, bytes] = {}
        """Content of each image by its path relative to the site's root."""
        self.count = 0

    def convert(self, cell: NotebookNode) -> str:
        """Return the Markdown of a cell; nothing for an empty or raw one."""
        if cell.cell_type == "code":
            return self._code(cell)
        return self._prose(cell).strip() if cell.cell_type == "markdown" else ""

    def _prose(self, cell: NotebookNode) -> str:
        bundles = cell.get("attachments", {})

        def attached(match: re.Match[str]) -> str:
            bundle = bundles.get(match["name"], {})
            return self._image(match["alt"], *next(iter(bundle.items()), ("", "")))

        text = _ATTACHMENT.sub(attached, _protected_from_liquid(cell.source))
        return _DATA_URI.sub(lambda match: self._image(*match.group("alt", "kind", "data")), text)

    def _image(self, alt: str, kind: str, data: str) -> str:
        path = f"{self.folder}/attached-{len(self.images) + 1}{mimetypes.guess_extension(kind)}"
        self.images[path] = base64.b64decode(data)
        return str(FigureTag(f"/{path}", html.escape(alt or PLACEHOLDER_ALT)))

    def _code(self, cell: NotebookNode) -> str:
        source = "\n".join(_without_inline_magic(cell.source.split("\n"))).strip("\n")
        if not source.strip():
            return ""
        self.count += 1
        runs = re.findall(r"^\s*(`{3,})", source, re.MULTILINE)
        fence = "`" * max([3, *(len(run) + 1 for run in runs)])
        options = " ".join(self._options(cell))
        block = f"{fence}{self.language}\n{source}\n{fence}\n{{: {options}}}"
        interpreted = "{{" in source or "{%" in source
        return f"{{% raw %}}\n{block}\n{{% endraw %}}" if interpreted else block

    def _options(self, cell: NotebookNode) -> Iterator[str]:
        yield f"#code-{self.count}"
        outputs = cell.get("outputs", [])
        given = set(cell.metadata.get("tags", ()))
        tags = {tag for tag in Tag if tag in given}
        if any(output.output_type == "error" for output in outputs):
            tags.add(Tag.RAISES_EXCEPTION)
        yield from (f".{tag}" for tag in sorted(tags))
        if any(kind.startswith("image/") for output in outputs for kind in output.get("data", {})):
            yield f'{Attribute.ALT}="{PLACEHOLDER_ALT}"'
