"""Posts made of notebooks, whatever authors of notebooks do."""

from __future__ import annotations

import base64
import io
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
    writes,
)
from PIL import Image

from post_builder.cli import main
from post_builder.commands.importing.images import Images
from post_builder.commands.importing.prose import ProseConverter
from post_builder.commands.kramdown.compare import missing_formulas
from post_builder.document.figure_tag import PLACEHOLDER_ALT
from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.site import Site, open_site

RUBY = pytest.mark.skipif(shutil.which("ruby") is None, reason="needs kramdown")
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def code(source: str = "x = 1", **metadata: Any) -> Any:
    """Return a code cell."""
    return new_code_cell(source, metadata=metadata)


def prose(source: str) -> Any:
    """Return a Markdown cell."""
    return new_markdown_cell(source)


def picture(colour: str = "red") -> bytes:
    """Return a small picture."""
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), colour).save(stream, "PNG")
    return stream.getvalue()


def imported(root: Path, *cells: Any, name: str = "Old notebook.ipynb", **metadata: Any) -> Post:
    """Write a notebook, turn it into a post of the site, and parse that."""
    notebook = new_notebook(cells=list(cells), metadata={"kernelspec": PYTHON} | metadata)
    root.joinpath(name).write_text(writes(notebook), encoding="utf-8")
    before = {*root.joinpath("_posts").iterdir()}
    assert main(["new", "--site", str(root), "--from", str(root / name)]) == 0
    [path] = {*root.joinpath("_posts").iterdir()} - before
    post = parse(path.read_text(encoding="utf-8"), f"_posts/{path.name}")
    assert post is not None
    return post


def body(root: Path, *cells: Any, **options: Any) -> str:
    """Return the text of an imported post below its front matter, without its last code cell."""
    post = imported(root, *cells, code(), **options)
    text = post.text[post.content :].strip("\n")
    return text.removesuffix(f"```python\nx = 1\n```\n{{: #{post.cells[-1].name}}}").strip("\n")


FENCE = "```python\nf(x)\n```\n{: .skip-execution}"


PROSE = [
    # fences: closed, of one word, where their list item starts, and never run
    ("So:\n\n```python\nf(x)```", f"So:\n\n{FENCE}"),
    ("```python\nf(x)", FENCE),
    ("~~~py\nf(x)\n~~~", "~~~py\nf(x)\n~~~\n{: .skip-execution}"),
    ("```{code-cell} python\nf(x)\n```", FENCE),
    ('```python title="a b"\nf(x)\n```', FENCE),
    ("1. So:\n\n    ```python\n    f(x)\n    ```\n\n2. B",
     "1. So:\n\n   ```python\n   f(x)\n   ```\n   {: .skip-execution}\n\n2. B"),
    ("```bash\nls", "```bash\nls\n```"),
    # HTML: closed with its cell
    ("<p>Left open.", "<p>Left open.</p>"),
    ("<p>One\n<p>Two\n\n*Three*", "<p>One\n</p><p>Two</p>\n\n*Three*"),
    ("<details>\n<summary>S</summary>",
     '<details markdown="1">\n<summary>S</summary>\n\n</details>'),
    ("</details>\n\nAfter.", "After."),
    ('<div align="center">\n\n**a**\n\n</div>',
     '<div align="center" markdown="1">\n\n**a**\n\n</div>'),
    ("A <font color='red'>red word.\n\nNext.", "A <font color='red'>red word.</font>\n\nNext."),
    ("<ul><li>a<li>b</ul>", "<ul><li>a</li><li>b</li></ul>"),
    ("<!-- left open", "<!-- left open -->"),
    ("Break<br>here", "Break<br>here"),
    ("`<p>` in code", "`<p>` in code"),
    ("<pre>\n<p>open", "<pre>\n<p>open</p></pre>"),
    ("</details> ```\nnot a fence", "<span></span> &#96;&#96;&#96;\nnot a fence"),
    (
        "<div>\n*not* `code`\n\n*is*",
        '<div markdown="1">\n&#42;not&#42; &#96;code&#96;\n\n*is*\n\n</div>',
    ),
    ("<br>\n```\nnot a fence", "<br>\n&#96;&#96;&#96;\nnot a fence"),
    ("- a\n```bash\nls\n```\nb", "- a\n\n```bash\nls\n```\n\nb"),
    ("> ```bash\n> ls\n> ```\n> b", "> ```bash\n> ls\n> ```\n>\n> b"),
    # formulas
    ("Write $P(A|B)$ and $w_{i}$, $x_{j}$.", r"Write $$P(A\vert B)$$ and $$w_{i}$$, $$x_{j}$$."),
    (r"The norm $\|x\|$.", r"The norm $$\Vert x\Vert $$."),
    (r"It is $$\frac{{u}^2}{v}$$ here.", r"It is $$\frac{ {u}^2}{v}$$ here."),
    ("A:\n$$\na|b\n- c\n$$\nB", "A:\n\n$$\na|b\n- c\n$$\n\nB"),
    ("\\begin{align}\na &= b \\\\\nc\n\\end{align}",
     "$$\n\\begin{align}\na &= b \\\\\nc\n\\end{align}\n$$"),
    (r"So \\(a\\) and \\[b\\].", "So $$a$$ and $$b$$."),
    ("- item\n  $$x$$\n- next", "- item\n  \n  $$\n  x\n  $$\n\n- next"),
    ("It costs $5 and $6.", "It costs $5 and $6."),
    ("In `code $x$` and\n\n    $ echo\n", "In `code $x$` and\n\n    $ echo"),
    (r"Not \$a\$.", r"Not \$a\$."),
    # prose
    ("One | two\nthree | four", "One \\| two\nthree \\| four"),
    ("Text\n| a | b |\n|---|---|\n| 1 | $x$ |", "Text\n\n| a | b |\n|---|---|\n| 1 | $$x$$ |"),
    ("Write {% raw %}{{ a }}{% endraw %}.", "Write &#123;% raw %}&#123;{ a }}&#123;% endraw %}."),
    ("Write `{{ a }}`.", "Write {% raw %}`{{ a }}`{% endraw %}."),
    ("```html\n{{ a }}\n```", "{% raw %}\n```html\n{{ a }}\n```\n{% endraw %}"),
    ("`{% endraw %}`", '`{{ "{%" }} endraw %}`'),
    ("A {: .b} c", "A &#123;: .b} c"),
    ("3. Three\n4. Four", '{: start="3"}\n3. Three\n4. Four'),
    ("Term\n: text", "Term\n\\: text"),
]  # fmt: skip
"""Prose of a notebook, and of its post."""


@pytest.mark.parametrize(("source", "expected"), PROSE)
def test_prose_is_written_for_kramdown_and_liquid(
    tmp_path: Path, source: str, expected: str
) -> None:
    """Code stays code, a formula a formula, and text text."""
    images = Images(Site(tmp_path), "assets/images/p", tmp_path)
    assert expected == ProseConverter("python", images, {}).convert(source, {}).strip("\n")


@RUBY
def test_kramdown_reads_prose_as_jupyter_shows_it(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After an import it is asked, and agrees."""
    post = imported(blog, *(cell for source, _ in PROSE for cell in (prose(source), code())))
    assert "note:" not in capsys.readouterr().out
    assert len(PROSE) == sum(cell.name.startswith("code-") for cell in post.cells)


PIECES = (
    *("Some *text*", "$x_1$", "$$\na|b\n$$", "a | b", "<div>", "</div>", "<p>", "</details>"),
    *("<details>\n<summary>s</summary>", "- item", "  - nested", "1. one", "3. three", "> quote"),
    *("    indented", "```", "```python\nf(x)", "```\nfoo\n```", "~~~", "`code`", "`un", "# Head"),
    *("| a | b |\n|---|---|\n| 1 | 2 |", "{{ x }}", "{% raw %}", "{: .x}", "<!--", "-->", "---"),
    *("<img src='a.png'>", "<b>bold", "</b>", "<table><tr><td>c", "</table>", "\\begin{align}"),
    *(
        "\\begin{align}\nx\n\\end{align}",
        "$5",
        "\\$",
        "<br>",
        "* star",
        "***",
        "===",
        "^",
        "\t tab",
    ),
    *("<script>a</script>", "<pre>\n\nx", "Term\n: def", "[^1]", "<center>", "<ul><li>a<li>b</ul>"),
)
"""What a Markdown cell may hold."""


def test_no_prose_hides_a_cell(tmp_path: Path) -> None:
    """Whatever is left open in a cell, those of code stay blocks that run, with their code."""
    choose = random.Random(12)  # noqa: S311  # a test, the same each time
    images = Images(Site(tmp_path), "assets/images/p", tmp_path)
    converter = ProseConverter("python", images, {})
    for _ in range(400):
        source = "".join(
            choose.choice(PIECES) + choose.choice(["\n", "\n\n", " "])
            for _ in range(choose.randint(1, 7))
        )
        text = converter.convert(source, {}).strip("\n")
        block = "```python\ncell\n    if:\n```\n{: #code-1}\n"
        post = parse(f"---\njupyter: python3\n---\n{text}\n\n{block}")
        assert post is not None
        assert "cell\n    if:\n" == post.cells[-1].code, source
        assert all(c.options.tags for c in post.cells[:-1]), source


@RUBY
def test_what_kramdown_reads_otherwise_is_said(blog: Path) -> None:
    """A formula of one post that is not in another is missing there."""
    post = imported(blog, prose("$a$ and $b$"), code())
    assert ["c"] == missing_formulas(open_site(blog), post, ["a", "c", "b"])


@RUBY
def test_html_left_open_hides_no_code(blog: Path) -> None:
    """Each cell of code is one, whatever prose left open above it."""
    post = imported(
        blog,
        prose("<div>\n\nopen"), code("a = 1"),
        prose("```\nopen"), code("b = 2"),
        prose("<table><tr><td>open"), code("c = 3"),
        prose("<pre>open"), code("d = 4"),
        prose("1. a\n2. b"), code("def e():\n    if 1:\n        return 2"),
    )  # fmt: skip
    assert ["a", "b", "c", "d", "def"] == [cell.code.split()[0] for cell in post.cells]


@pytest.mark.parametrize(
    ("cells", "title", "rest"),
    [
        ([prose("# The *title* of `it`\nText.")], "The title of it", "Text."),
        ([code("import math"), prose("Text.\n\n# Title\nMore.")], "Title", "More."),
        ([prose("Title\n=====\n\nText.")], "Title", "Text."),
        ([prose("<h1 align='center'>Title</h1>\n\nText.")], "Title", "Text."),
        ([prose("## Only this\n\nText.")], "Only this", "Text."),
        ([prose("```\n# no title\n```")], "Old notebook", "# no title"),
        ([prose("# 선형 회귀")], "선형 회귀", ""),
    ],
)
def test_the_title_is_the_first_heading(
    blog: Path, cells: list[Any], title: str, rest: str
) -> None:
    """Of the first level if there is one, in whichever cell it is; it leaves the text."""
    post = imported(blog, *cells, code())
    assert title == post.front_matter["title"]
    assert rest in post.text
    assert f"# {title}" not in post.text


def test_two_notebooks_of_one_title_are_two_posts(blog: Path) -> None:
    """The second gets a number, and overwrites nothing."""
    posts = [imported(blog, prose("# Same"), code(f"x = {n}")) for n in (1, 2)]
    assert ["same.md", "same-2.md"] == [post.path.partition("-")[2][6:] for post in posts]


@pytest.mark.parametrize(
    "cell",
    [
        new_raw_cell("---\ntitle: T\ntags: [a, b]\nformat: html\ndraft: true\n---"),
        prose("---\ntitle: T\ntags: [a, b]\ndraft: true\n---"),
        prose('# "T"\n> A summary.\n\n- tags: [a, b]\n- published: false\n'),
    ],
)
def test_front_matter_in_a_cell_becomes_the_posts(blog: Path, cell: Any) -> None:
    """Quarto's, MyST's and fastpages' forms; what only means something to them is dropped."""
    post = imported(blog, cell, code())
    assert ("T", ["a", "b"], False) == tuple(
        post.front_matter[key] for key in ("title", "tags", "published")
    )
    assert "format" not in post.front_matter
    assert "---" not in post.text[post.content :]


@pytest.mark.parametrize(
    ("source", "metadata", "options"),
    [
        ("x", {"jupyter": {"source_hidden": True}}, ".hide-input"),
        ("x", {"jupyter": {"outputs_hidden": True}}, ".hide-output"),
        ("x", {"collapsed": True}, ".hide-output"),
        ("#@title Setup\nx", {"cellView": "form"}, ".hide-input"),
        ("x", {"_kg_hide-input": True, "_kg_hide-output": True}, ".hide-input .hide-output"),
        ("x", {"tags": ["hide_input", "hide-output"]}, ".hide-input .hide-output"),
        ("x", {"tags": ["hide-cell"]}, ".hide-input .hide-output"),
        ("x", {"tags": ["remove-output", "mine"]}, ".remove-output"),
        ("x", {"tags": ["nbval-skip"]}, ".skip-execution"),
        ("#hide_input\nx", {}, ".hide-input"),
        ('#| echo: false\n#| fig-cap: "A \\"c\\""\n#| label: fig-1\nx', {},
         '.hide-input data-caption="A &quot;c&quot;"'),
        ("%matplotlib inline\nx", {}, ""),
        ("plt.plot([1])", {}, f'data-alt="{PLACEHOLDER_ALT}"'),
        ("df.hist()", {}, f'data-alt="{PLACEHOLDER_ALT}"'),
    ],
)  # fmt: skip
def test_what_is_hidden_stays_hidden(
    blog: Path, source: str, metadata: dict[str, Any], options: str
) -> None:
    """The ways of JupyterLab, Colab, Kaggle, Jupyter Book, fastpages and Quarto."""
    [cell] = imported(blog, code(source, **metadata)).cells
    assert options == cell.options_text.partition(" ")[2]
    assert "#|" not in cell.code


def test_code_that_was_removed_is_folded_and_that_is_said(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No code runs that the page does not show."""
    [cell] = imported(blog, code("x", tags=["remove-cell"])).cells
    assert "#code-1 .hide-input .remove-output" == cell.options_text
    assert "note: cell 1: tag remove-cell: code that runs is shown" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"kernelspec": {**PYTHON, "name": "conda-env-ml-py"}}, "python3"),
        ({"kernelspec": {**PYTHON, "name": "my-env"}}, "python3"),
        ({"kernelspec": {"name": "ir", "display_name": "R", "language": "R"}}, "ir"),
    ],
)
def test_a_kernel_that_nobody_else_has_becomes_python3(
    blog: Path, metadata: dict[str, Any], name: str
) -> None:
    """A kernel of another language keeps its name."""
    assert name == imported(blog, code(), **metadata).kernel


def test_images_become_files_of_the_site(blog: Path) -> None:
    """Attachments by any spelling of their name, images in HTML, and files beside the notebook."""
    blog.joinpath("pictures").mkdir()
    blog.joinpath("pictures/a b.png").write_bytes(picture("blue"))
    cell = prose(
        '# P\n\n![a | dot](attachment:two%20words.png "the dot")\n\n'
        "Two: ![x](attachment:two words.png) and <img src='attachment:two words.png' width=9>.\n\n"
        "![local](pictures/a%20b.png)\n\n![far](https://x.org/y.png)"
    )
    data = base64.b64encode(picture()).decode()
    cell["attachments"] = {"two words.png": {"image/png": data}}
    text = imported(blog, cell, code()).text
    first = "/assets/images/p/attached-1.png"
    address = f"{{{{ '{first}' | relative_url }}}}"
    assert f'<img src="{address}" alt="a &#124; dot" loading="lazy" decoding="async">' in text
    assert "<figcaption>the dot</figcaption></figure>" in text
    assert f'![x]({{{{ "{first}" | relative_url }}}})' in text
    assert f'<img src="{{{{ "{first}" | relative_url }}}}" width=9>' in text
    assert '\'/assets/images/p/a-b.png\' | relative_url }}" alt="local"' in text
    assert "![far](https://x.org/y.png)" in text
    assert picture() == (blog / first[1:]).read_bytes()
    assert picture("blue") == (blog / "assets/images/p/a-b.png").read_bytes()


def test_images_overwrite_no_file_of_the_author(blog: Path) -> None:
    """An image gets a name that is free."""
    folder = blog / "assets/images/p"
    folder.mkdir(parents=True)
    folder.joinpath("attached-1.png").write_bytes(b"mine")
    cell = prose("# P\n\n![a](attachment:x.png)")
    cell["attachments"] = {"x.png": {"image/png": base64.b64encode(picture()).decode()}}
    assert "attached-2.png" in imported(blog, cell, code()).text
    assert b"mine" == folder.joinpath("attached-1.png").read_bytes()


@pytest.mark.parametrize(
    ("source", "note"),
    [
        ("![a](attachment:gone.png)", "cell 1: the attachment gone.png is not in the notebook"),
        ("![a](gone.png)", "cell 1: the image gone.png is missing"),
        ("![a](../../../secret.png)", "cell 1: the image ../../../secret.png is outside"),
        ("![a](data:text/html;base64,AAAA)", "cell 1: an image of kind text/html cannot be read"),
    ],
)
def test_images_that_are_missing_are_named(
    blog: Path, capsys: pytest.CaptureFixture[str], source: str, note: str
) -> None:
    """An attachment in a code span is no image."""
    imported(blog, prose(f"{source} and `![b](attachment:b.png)`"), code())
    out = capsys.readouterr().out
    assert note in out
    assert "b.png" not in out


def test_links_between_headings_lead_to_the_pages_ids(blog: Path) -> None:
    """Jupyter's anchors keep capitals and have a hyphen for each space; kramdown's do not."""
    text = body(
        blog,
        prose("# T\n\nSee [two](#Part-two:-more) and [top](#T), <a href='#Part-two:-more'>x</a>."),
        prose("## Part two: more\n\n<a id='Mine'></a>[own](#Mine)"),
    )
    assert "[two](#part-two-more) and [top](#), <a href='#part-two-more'>" in text
    assert "[own](#Mine)" in text


def test_old_notebooks_and_cells_without_source_are_read(blog: Path) -> None:
    """Version 3 has worksheets; hand-made ones lack what they do not need."""
    old = {
        "metadata": {"name": "x"}, "nbformat": 3, "nbformat_minor": 0,
        "worksheets": [{"cells": [
            {"cell_type": "heading", "level": 1, "source": ["Old"]},
            {"cell_type": "code", "input": ["x = 1"], "language": "python", "outputs": []},
        ]}],
    }  # fmt: skip
    bare = {
        "nbformat": 4,
        "cells": [{"cell_type": "markdown"}, {"cell_type": "code", "source": ["y = 2"]}],
    }
    for notebook, code_of in ((old, "x = 1\n"), (bare, "y = 2\n")):
        blog.joinpath("n.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
        before = {*blog.joinpath("_posts").iterdir()}
        assert main(["new", "--site", str(blog), "--from", str(blog / "n.ipynb")]) == 0
        [path] = {*blog.joinpath("_posts").iterdir()} - before
        post = parse(path.read_text(encoding="utf-8"))
        assert post is not None
        assert [code_of] == [cell.code for cell in post.cells]


def test_raw_cells_are_shown_as_they_are(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Except those for a format that a page does not have."""
    tex = new_raw_cell(r"\newpage", metadata={"raw_mimetype": "text/latex"})
    html = new_raw_cell("<b>x</b>", metadata={"raw_mimetype": "text/html"})
    assert "```text\nA {% raw %} note\n```" in body(
        blog, new_raw_cell("A note"), html, tex
    ).replace("A note", "A {% raw %} note")
    assert "note: cell 3: raw text/latex is left out" in capsys.readouterr().out


def test_an_error_or_a_figure_in_the_outputs_becomes_an_option(blog: Path) -> None:
    """A cell that ended in an error is one that must; a figure needs words."""
    error = new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])
    figure = new_output("display_data", data={"image/png": base64.b64encode(picture()).decode()})
    post = imported(
        blog, new_code_cell("1 / 0", outputs=[error]), new_code_cell("f()", outputs=[figure])
    )
    assert "#code-1 .raises-exception" == post.cells[0].options_text
    assert PLACEHOLDER_ALT == post.cells[1].options.alt


def test_half_a_character_in_the_name_of_a_language_is_replaced(blog: Path) -> None:
    """JSON may hold one, and no file can."""
    spec = {"name": "x", "display_name": "X"}
    info = {"kernelspec": spec, "language_info": {"name": "\ud800"}}
    text = json.dumps({"cells": [], "nbformat": 4, "nbformat_minor": 5, "metadata": info})
    blog.joinpath("x.ipynb").write_text(text, encoding="utf-8")
    assert main(["new", "--site", str(blog), "--from", str(blog / "x.ipynb")]) == 0
    (post,) = blog.joinpath("_posts").iterdir()
    assert "language: " in post.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "content",
    [
        *("{}", "[1]", "x", '{"cells": 3}', '{"cells": [{}], "nbformat": 4}'),
        '{"cells": [{"cell_type": "raw"}], "nbformat": 1}',
        '{"cells": [{"cell_type": "x"}], "nbformat": 1, "worksheets": [{"cells": []}]}',
        '{"cells": [], "nbformat": 4, "nbformat_minor": null}',
        '{"cells": [{"cell_type": "markdown"}], "nbformat": true, "nbformat_minor": 5}',
    ],
)
def test_what_is_not_a_notebook_is_refused(
    blog: Path, capsys: pytest.CaptureFixture[str], content: str
) -> None:
    """It is a wrong call, and nothing is written."""
    blog.joinpath("x.ipynb").write_text(content, encoding="utf-8")
    assert main(["new", "--site", str(blog), "--from", str(blog / "x.ipynb")]) == 2
    assert "not a notebook" in capsys.readouterr().err
    assert [] == list(blog.joinpath("_posts").iterdir())
