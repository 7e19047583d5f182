"""The notebook of a post as each of nbconvert's exporters wants it."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from itertools import pairwise

import nbformat
from latex2mathml.converter import convert as mathml
from msgspec.structs import replace
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from post_builder.document.post import Post, Span, splice
from post_builder.document.prose.markup import read_markup
from post_builder.rendering.downloads.notebook import make_notebook
from post_builder.site import Site, made_file

_SLIDE_TYPES = re.compile(r"\.(slide|subslide|fragment|skip|notes)(?![\w-])")
"""Classes of a cell that are nbconvert's types of slides."""

_ROOT = re.compile(r"""(?P<before>\]\(<?|\bsrc=["'])/(?P<path>[^\s"')>]+)""")
_WEB = frozenset({"html", "slides"})
_PAPER = frozenset({"latex", "rst"})


def notebook_for(post: Post, site: Site, form: str) -> NotebookNode:
    """Make the notebook of a post, with its outputs, for one format."""
    local = replace(site, url="") if form != "notebook" else site
    made = make_notebook(post, local, {})
    notebook: NotebookNode = nbformat.reads(made.to_json(), as_version=4)
    if form == "slides":
        notebook.cells = list(_slides(post, notebook.cells))
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and form != "notebook":
            cell.source = _ROOT.sub(lambda found: _beside(found, site), cell.source)
            cell.source = _with_mathml(cell.source) if form in _WEB else cell.source
        for output in cell.get("outputs", []):
            if form in _WEB:
                _with_alt(output)
            elif form in _PAPER:
                _with_png(output)
    return notebook


def _beside(match: re.Match[str], site: Site) -> str:
    """Make the address of a file of the site relative, so that nbconvert finds and embeds it."""
    file = made_file(site.root, match["path"])
    return f"{match['before']}{site.relative(file)}" if file.is_file() else match.group()


def _with_mathml(text: str) -> str:
    """Replace formulas by MathML, which pages show without a script."""
    formulas = [s.formula for s in read_markup(text, "jupyter").segments if s.formula]
    return splice(text, [(f.span, _element(f.tex, display=f.display)) for f in formulas])


def _element(tex: str, *, display: bool) -> str:
    """Return a formula as an element of HTML, on one line, which needs no name space."""
    markup = mathml(tex, xmlns="", display="block" if display else "inline")
    return markup.replace(' xmlns=""', "").replace("\n", " ")


def _with_alt(output: NotebookNode) -> None:
    """Turn a figure into an image with its alternative text, which nbconvert leaves out for SVG."""
    for kind, details in output.get("metadata", {}).items():
        if kind in output.data and "alt" in details:
            content = output.data[kind]
            coded = (
                content if kind != "image/svg+xml" else base64.b64encode(content.encode()).decode()
            )
            size = "".join(
                f' {side}="{details[side]}"' for side in ("width", "height") if side in details
            )
            alt = html.escape(details["alt"])
            image = f'<img src="data:{kind};base64,{coded}" alt="{alt}"{size}>'
            output.data = {"text/html": image, "text/plain": details["alt"]}


def _with_png(output: NotebookNode) -> None:
    """Turn a drawing into pixels: TeX cannot read SVG."""
    svg = output.get("data", {}).pop("image/svg+xml", None)
    if svg:
        import resvg_py  # noqa: PLC0415  # only drawings need it

        pixels = bytes(resvg_py.svg_to_bytes(svg_string=svg, dpi=192))
        output.data["image/png"] = base64.b64encode(pixels).decode()


def _slides(post: Post, cells: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Give cells nbconvert's types: headings start slides, code the ones below."""
    own = {c.notebook_id: _SLIDE_TYPES.findall(c.options_text) for c in post.cells}
    for cell in cells:
        parts = list(_at_headings(cell)) if cell.cell_type == "markdown" else [cell]
        for part in parts:
            written = own.get(cell.id, [])
            part.metadata["slideshow"] = {"slide_type": written[0] if written else _type(part)}
            yield part


def _type(cell: NotebookNode) -> str:
    if cell.cell_type == "code":
        return "subslide"
    heading = re.match(r"#+", cell.source)
    if heading is None:
        return "-"
    return "slide" if len(heading.group()) <= 2 else "subslide"  # noqa: PLR2004  # chapters


def _at_headings(cell: NotebookNode) -> Iterator[NotebookNode]:
    """Divide prose before each of its headings."""
    markup = read_markup(cell.source, "jupyter")
    starts = [
        block.span.start
        for block in markup.blocks
        if block.token.type == "heading_open" and not block.token.level
    ]
    edges = sorted({0, *starts, len(cell.source)})
    for number, (start, end) in enumerate(pairwise(edges)):
        text = markup.at(Span(start, end)).strip("\n")
        if text.strip():
            yield new_markdown_cell(text, id=f"{cell.id}-{number}" if number else cell.id)
