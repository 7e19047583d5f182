"""The scripts that draw charts on pages: the site's own copies, written once."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from post_builder.document.post import Post
from post_builder.files import write_atomically
from post_builder.rendering.blocks import LIBRARIES, SCRIPT
from post_builder.rendering.notes import Note
from post_builder.site import Site

_HELP = {
    "plotly": "copy plotly.min.js there",
    "vega": "install vl-convert-python beside post-builder, and build with --force",
}
"""What to do where no copy of a library was found."""

_MARK = b"/* Written by post-builder,"
"""How a script begins that is not the author's own."""


def write_scripts(site: Site, post: Post, plotly: str) -> tuple[Note, ...]:
    """Write the scripts that a post needs and the site lacks.

    Args:
        site: the scripts go to its `assets/js`.
        post: as built.
        plotly: path of the copy of Plotly in the kernel's environment; empty if it has none.

    Returns:
        A note for each library of which no copy was found.

    Raises:
        FileError: if a link leads out of the site.
    """
    if SCRIPT in post.text:
        path = site.inside(site.root / SCRIPT)
        if not path.exists() or path.read_bytes().startswith(_MARK):
            write_atomically(path, files(__name__).joinpath("outputs.js").read_bytes())
    missing = []
    for library, copy in LIBRARIES.items():
        offset = post.text.find(f'data-chart="{library}"')
        if offset < 0 or (site.root / copy).exists():
            continue
        if data := _plotly(plotly) if library == "plotly" else _vega():
            write_atomically(site.inside(site.root / copy), data)
        else:
            place = post.place(post.line_of(offset))
            missing.append(
                Note(place, f"readers see only a text until {copy} exists: {_HELP[library]}")
            )
    return tuple(missing)


def _plotly(path: str) -> bytes | None:
    """Return the copy of Plotly that its Python package brings."""
    file = Path(path)
    return file.read_bytes() if path and file.name == "plotly.min.js" and file.is_file() else None


def _vega() -> bytes | None:
    """Return Vega, Vega-Lite and Vega-Embed in one script, if vl-convert is installed here."""
    if find_spec("vl_convert") is None:
        return None
    return str(import_module("vl_convert").javascript_bundle()).encode()  # takes seconds
