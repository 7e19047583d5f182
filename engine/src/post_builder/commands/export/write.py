"""Hand a post, with its outputs and figures as published, to nbconvert's exporters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from nbformat import NotebookNode

from post_builder.commands.export.formats import FOLDER, SUFFIXES, Format
from post_builder.commands.export.notebook import notebook_for
from post_builder.document.post import Post
from post_builder.errors import FileError, PostError, RenderError, SiteError
from post_builder.files import create
from post_builder.files.writing import remove_unfinished
from post_builder.pipeline.names import post_names
from post_builder.pipeline.prepare import prepare
from post_builder.place import Place
from post_builder.site import Site
from post_builder.sources.product_makers import product_makers

if TYPE_CHECKING:
    from nbconvert.exporters.exporter import Exporter

_OFFLINE = """{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock html_head_js -%}
{%- block html_head_js_mathjax -%}{%- endblock html_head_js_mathjax -%}
{%- block html_head_js_mermaidjs -%}{%- endblock html_head_js_mermaidjs -%}
"""
"""nbconvert's page without the scripts that it loads from other hosts; formulas are MathML."""

_REVEAL = "reveal.js"
"""A folder beside the slides with a copy of reveal.js; without it they load it from unpkg.com."""


class Exported(Struct, frozen=True):
    """What an export wrote."""

    path: Path
    files: tuple[Path, ...]
    """Images that belong to it."""
    note: str = ""

    def __str__(self) -> str:
        """Return what was written, a line each, and the note."""
        written = (f"{path}: written" for path in (self.path, *self.files))
        return "\n".join([*written, *filter(None, [self.note])])

    def to_json(self) -> str:
        """Return what was written as JSON."""
        paths = [str(path) for path in (self.path, *self.files)]
        return json.dumps({"files": paths, "note": self.note}, indent=1, ensure_ascii=False)


def export(site: Site, path: Path, form: Format, output: Path | None) -> Exported:
    """Write a post in another format, as it is published.

    Args:
        site: that the post belongs to.
        path: absolute, of the post.
        form: of the file.
        output: where to write; by default a folder of the site that Jekyll does not publish.

    Raises:
        PostError: if the post is not executable, or is not up to date.
        SiteError: if a file with other content exists already.
        RenderError: if a tool that the format needs is not installed.
    """
    state = prepare(site, path, post_names(site).get(path), product_makers(site))
    if state is None:
        raise PostError("this post is not executable", Place(site.relative(path)))
    if state.reasons:
        reasons = "; ".join(reason.message for reason in state.reasons)
        message = f"this post is not as a build leaves it: {reasons}"
        raise PostError(message, state.post.place(1), "run `post-builder build` first")
    return _export(site, state.post, form, state.name, output)


def _export(site: Site, post: Post, form: Format, slug: str, output: Path | None) -> Exported:
    """Write a built post in another format."""
    path = output or _path(site, f"{slug}{SUFFIXES[form]}")
    notebook = notebook_for(post, site, form)
    offline = (path.parent / _REVEAL).is_dir()
    exporter = _exporter(form, offline=offline)
    text, images = _converted(post, site, notebook, exporter, path.stem)
    files = {path.parent / name: data for name, data in images.items()}
    for file, data in {path: text.encode(), **files}.items():
        if file.exists() and not (file.is_file() and file.read_bytes() == data):
            hint = "delete it, or name another file with --output"
            raise SiteError(f"{file} is there already, and differs", hint=hint)
    _write({**files, path: text.encode()})
    loads = form == "slides" and not offline
    note = f"the slides load reveal.js from unpkg.com, unless a folder {_REVEAL} is beside them"
    return Exported(path, tuple(files), note if loads else "")


def _write(files: Mapping[Path, bytes]) -> None:
    """Write the files of an export that are not there yet; clear up after one that was killed.

    Raises:
        FileError: if the system refuses, or somebody writes a file there at the same moment.
    """
    for folder in {file.parent for file in files}:
        remove_unfinished(folder)
    for file, data in files.items():
        try:
            if not file.exists():
                create(file, data)
        except OSError as error:
            raise FileError.of(error, "cannot be written", str(file)) from error


def _path(site: Site, name: str) -> Path:
    """Return where an export goes by default, as seen from the working directory."""
    path = site.inside(site.root / FOLDER / name)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _converted(
    post: Post, site: Site, notebook: NotebookNode, exporter: Exporter, stem: str
) -> tuple[str, dict[str, bytes]]:
    """Return the text of an export, and the images beside it by their relative path."""
    # nbconvert takes half a second to import
    from nbconvert.utils.exceptions import ConversionException  # noqa: PLC0415
    from nbconvert.utils.pandoc import PandocMissing  # noqa: PLC0415

    title = str(post.front_matter.get("title") or stem)
    resources = {
        "metadata": {"name": title, "path": str(site.root)},
        "output_files_dir": f"{stem}_files",
        "unique_key": stem,
    }
    try:
        text, made = exporter.from_notebook_node(notebook, resources)
    except PandocMissing as error:
        hint = "install it, https://pandoc.org/installing.html; html, slides and notebook need none"
        message = "this format needs pandoc, which is not installed"
        raise RenderError(message, Place(post.path), hint) from error
    except (ConversionException, OSError) as error:
        raise RenderError(f"nbconvert failed: {error}", Place(post.path)) from error
    images = made.get("outputs") or {}
    return str(text), {name: data for name, data in images.items() if isinstance(data, bytes)}


def _exporter(form: Format, *, offline: bool) -> Exporter:
    from nbconvert import exporters  # noqa: PLC0415  # slow to import

    options: dict[str, object] = {"embed_images": True} if form in {"html", "slides"} else {}
    if form != "notebook":
        options["extra_template_basedirs"] = []  # else templates of the working directory run
    if form == "html":
        options["raw_template"] = _OFFLINE
    if form == "slides" and offline:
        options["reveal_url_prefix"] = _REVEAL
    made: Exporter = exporters.get_exporter(form)(**options)  # type: ignore[no-untyped-call]
    return made
