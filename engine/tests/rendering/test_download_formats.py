"""The files to download are byte for byte those that nbformat and Jupytext write.

The engine writes both formats itself, because these libraries are slow to import.
"""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from post_builder.document.parsing.parser import inspect
from post_builder.rendering.downloads import make_downloads
from post_builder.rendering.downloads.cells import Notebook, NotebookCell, Output
from post_builder.rendering.downloads.percent import INACTIVE, percent_script
from post_builder.settings import Settings
from post_builder.site import Site

POSTS = [
    path
    for path in sorted(Path(__file__).parents[1].joinpath("fixtures").rglob("*.md"))
    if path.parent.name != "refused"
]

OPTIONS = {
    "notebook_metadata_filter": "-all",
    "cell_metadata_filter": "tags",
    "comment_magics": False,
}

STATEMENTS = (
    "x = 1",
    "import sys",
    "print(x)  # said",
    "def f(a, b=')'):\n    return a",
    "def g():\n    pass\n\n# after",
    "@cache\ndef h(\n    a,\n):\n    return '''\ntext\n'''",
    "class A:\n    # inside\n    b = 1\n\n    def c(self): ...",
    "async def k():\n    await f()",
    "for i in x:\n    def f(): ...",
    "# only words",
    "y = [\n    1,\n]",
    "'''def in a string\n\ndef f():\n    pass\n'''",
    "if x:\n    y\nelse:\n    z",
    "",
)

tags = st.lists(st.sampled_from(["hide-input", "ünï", "a b"]), unique=True, max_size=2)
prose = st.lists(st.sampled_from(["# Title", "words", "", "def f():", '"""', "    x", "ß ∑"]))
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@st.composite
def script_cells(draw: st.DrawFn) -> list[NotebookCell]:
    """Return cells of prose, of code, and of code that is comments in a script."""
    cells = []
    for number in range(draw(st.integers(0, 6))):
        lines = "\n".join(draw(prose))
        code = "\n".join(draw(st.lists(st.sampled_from(STATEMENTS), max_size=3)))
        cell = NotebookCell(f"c{number}", code, tags=tuple(draw(tags)))
        kinds = (cell, replace(cell, tags=(*cell.tags, INACTIVE)))
        cells.append(draw(st.sampled_from([*kinds, NotebookCell(cell.name, lines, is_code=False)])))
    return cells


@given(script_cells())
def test_a_script_is_what_jupytext_writes(cells: list[NotebookCell]) -> None:
    """Markers, tags, comments, and two empty lines around definitions as in PEP 8."""
    assert by_jupytext(cells).rstrip() == percent_script(cells).rstrip()


def by_jupytext(cells: list[NotebookCell]) -> str:
    """Let Jupytext write cells as a script."""
    nodes = [
        new_code_cell(cell.source, id=cell.name, metadata={"tags": list(cell.tags)})
        if cell.is_code and cell.tags
        else new_code_cell(cell.source, id=cell.name)
        if cell.is_code
        else new_markdown_cell(cell.source, id=cell.name)
        for cell in cells
    ]
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    metadata = {"kernelspec": spec, "jupytext": OPTIONS}
    text: str = jupytext.writes(new_notebook(cells=nodes, metadata=metadata), fmt="py:percent")
    return text


@pytest.mark.parametrize("text", ["a\x0cb", "a\x1cb", "a\u2028b"])
def test_a_script_keeps_odd_characters_in_strings(text: str) -> None:
    """Jupytext breaks the line there; Python does not."""
    code = f"x = '{text}'"
    assert f"# %%\n{code}\n\n" == percent_script([NotebookCell("c", code)])


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0c", "\x85", "\u2028"])
@pytest.mark.parametrize("cell", [{"is_code": False}, {"tags": (INACTIVE,)}])
def test_prose_never_becomes_code(end: str, cell: dict[str, Any]) -> None:
    """Whatever ends its lines, for Python or for an editor."""
    script = percent_script([NotebookCell("c", f"a{end}b", **cell)])
    assert ["# a", "# b", ""] == script.splitlines()[1:]


def test_code_of_another_language_is_read_as_it_was() -> None:
    """Jupytext writes the magic as an option; as a comment it comes back as well."""
    cell = NotebookCell("c", "%%bash\nls", tags=("skip-execution", INACTIVE))
    read = jupytext.reads(percent_script([cell]), fmt="py:percent")
    assert [cell.source] == [node.source for node in read.cells]


texts = st.dictionaries(st.sampled_from(["text/plain", "text/html", "image/svg+xml"]), words)
pixels = st.fixed_dictionaries({"image/png": st.text(string.ascii_letters + "\n")})
details = st.dictionaries(st.sampled_from(["image/png"]), st.fixed_dictionaries({"alt": words}))
outputs = st.one_of(
    st.fixed_dictionaries(
        {"output_type": st.just("stream"), "name": st.just("stdout"), "text": words}
    ),
    st.fixed_dictionaries(
        {
            "output_type": st.just("error"),
            "ename": words,
            "evalue": words,
            "traceback": st.lists(words),
        }
    ),
    st.fixed_dictionaries(
        {"output_type": st.just("display_data"), "data": texts | pixels, "metadata": details}
    ),
    st.fixed_dictionaries(
        {
            "output_type": st.just("execute_result"),
            "data": texts,
            "metadata": st.just({}),
            "execution_count": st.integers(1, 9),
        }
    ),
)


@given(words, words, tags, st.lists(outputs, max_size=3))
def test_a_notebook_is_what_nbformat_writes(
    markdown: str, code: str, given_tags: list[str], given_outputs: list[Output]
) -> None:
    """Line by line where nbformat has lines, in its order, whatever the characters."""
    cell = NotebookCell("c", code, tags=tuple(given_tags), outputs=tuple(given_outputs), number=1)
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = (NotebookCell("p", markdown, is_code=False), cell)
    text = Notebook(cells, spec, "python").to_json()
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    assert nbformat.writes(notebook) == text
    assert [markdown, code] == [cell.source for cell in notebook.cells]
    assert given_outputs == notebook.cells[1].outputs


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.name)
def test_jupyter_reads_and_writes_the_downloads_of_posts(path: Path, *, carried: bool) -> None:
    """Reading one with its own library and writing it again changes nothing."""
    post, problems = inspect(path.read_text(encoding="utf-8"), path.name)
    assert post is not None
    assert not problems
    site = Site(Path("/nowhere"), Settings(notebook_outputs=carried))
    made = make_downloads(post, site, "p")
    notebook = made["assets/notebooks/p.ipynb"].decode()
    assert f"{nbformat.writes(nbformat.reads(notebook, as_version=4))}\n" == notebook
    script = made["assets/notebooks/p.py"].decode()
    read = jupytext.reads(script, fmt="py:percent")
    for cell in read.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # so that Jupytext finds their number itself
    read.metadata["jupytext"] = OPTIONS
    written = jupytext.writes(read, fmt="py:percent").rstrip()
    assert written.splitlines() == script.splitlines()  # it ends lines at odd characters as well
