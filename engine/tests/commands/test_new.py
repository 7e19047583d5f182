"""Posts to start from."""

from __future__ import annotations

import base64
import datetime as dt
import io
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes
from PIL import Image

from post_builder.cli import main
from post_builder.commands.new import new_post
from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.site import open_site

pytestmark = pytest.mark.usefixtures("forked_kernels")


def only_post(root: Path) -> Post:
    """Parse the one post of a site."""
    [path] = root.joinpath("_posts").glob("*.md")
    post = parse(path.read_text(encoding="utf-8"), path.name)
    assert post is not None
    return post


def convert(root: Path, *cells: Any, name: str = "Old notebook.ipynb") -> Post:
    """Write a notebook, turn it into a post of the site, and parse that."""
    spec = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    notebook = new_notebook(
        cells=list(cells), metadata={**spec, "language_info": {"name": "python"}}
    )
    root.joinpath(name).write_text(writes(notebook), encoding="utf-8")
    assert main(["new", "--site", str(root), "--from", str(root / name), "--json"]) == 0
    return only_post(root)


def png() -> str:
    """Make a small picture, as notebooks keep them."""
    stream = io.BytesIO()
    Image.new("RGB", (2, 2), "red").save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.slow
def test_new_post_builds_as_it_is(blog: Path) -> None:
    """The post has a title, a date, a cell and a value, and passes its check once built."""
    assert main(["new", "--site", str(blog), "What: a {title}?", "--json"]) == 0
    assert "What: a {title}?" == only_post(blog).front_matter["title"]
    assert main(["build", "--site", str(blog), "--json"]) == 0
    assert main(["check", "--site", str(blog), "--json"]) == 0
    assert '"len(greeting)">13</span> letters' in only_post(blog).text


def test_new_post_overwrites_none(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second post of the same title and day is a wrong call."""
    assert main(["new", "--site", str(blog), "Twice"]) == 0
    before = only_post(blog).text
    assert main(["new", "--site", str(blog), "Twice"]) == 2
    assert "this post exists already\n" in capsys.readouterr().err
    assert before == only_post(blog).text


@pytest.mark.slow
def test_notebook_of_analysis_becomes_a_post_that_builds(blog: Path) -> None:
    """Magics, a table, a figure, an attachment and braces go through, and the post builds."""
    figure = new_output("display_data", data={"image/png": png(), "text/plain": "<Figure>"})
    attachment = new_markdown_cell("Look: ![a red dot](attachment:dot.png)")
    attachment["attachments"] = {"dot.png": {"image/png": png()}}
    post = convert(
        blog,
        new_markdown_cell("# An analysis\nOf {{ nothing }} much."),
        new_code_cell("%matplotlib inline\nimport matplotlib.pyplot as plt"),
        attachment,
        new_code_cell("plt.plot([1, 2]);", outputs=[figure]),
        new_code_cell("%time total = sum(range(10))\nprint(f'{{{total}}}')"),
        new_code_cell(
            "from IPython.display import HTML\nHTML('<table><tr><td>1</td></tr></table>')"
        ),
        new_code_cell("   "),
        new_code_cell('text = """\n```\nfence\n```\n"""', metadata={"tags": ["hide-input", "x"]}),
    )
    assert "An analysis" == post.front_matter["title"]
    assert "matplotlib inline" not in post.text
    assert "\nOf &#123;{ nothing }} much.\n" in post.text
    assert ["code-1", "code-2", "code-3", "code-4", "code-5"] == [c.name for c in post.cells]
    assert [False, False, True, False, False] == [cell.in_raw for cell in post.cells]
    assert blog.joinpath("assets/images/an-analysis/attached-1.png").is_file()
    assert frozenset({"hide-input"}) == post.cells[-1].options.tags
    assert main(["build", "--site", str(blog), "--json"]) == 0
    built = only_post(blog).text
    assert '<div class="output html"><table>' in built
    address = "{{ '/assets/images/an-analysis/code-2.svg' | relative_url }}"
    assert f'<figure class="figure"><img src="{address}" alt="' in built
    assert "\n&#123;45&#125;</pre>" in built


def test_code_in_a_notebooks_prose_is_shown_and_does_not_run(blog: Path) -> None:
    """A code block of a Markdown cell stays one: in a list too, and as the last words."""
    prose = "Like this:\n\n- so\n\n  ```python\n  1 / 0\n  ```\n\n```python\nno_such_name\n```"
    post = convert(blog, new_code_cell("x = 1"), new_markdown_cell(prose))
    ran, *shown = post.cells
    assert frozenset() == ran.options.tags
    assert [frozenset({"skip-execution"})] * 2 == [cell.options.tags for cell in shown]
    assert ["1 / 0\n", "no_such_name\n"] == [cell.code for cell in shown]


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("What: a {title}?", "what-a-title"),
        ("Über Größe", "uber-grosse"),
        ("机器学习", "ji-qi-xue-xi"),
        ("?!", "post"),
        ("long " * 40, "-".join(["long"] * 16)),
    ],
)
def test_a_title_in_any_script_is_a_file_name(blog: Path, title: str, slug: str) -> None:
    """Of a length that is still readable."""
    path = new_post(open_site(blog), title, dt.date(2020, 2, 1))
    assert f"2020-02-01-{slug}.md" == path.name
    post = only_post(blog)
    assert (title, "2020-02-01") == (post.front_matter["title"], str(post.front_matter["date"]))


def test_a_notebook_has_the_title_of_its_first_heading(blog: Path) -> None:
    """Which the page shows above everything: it is not repeated below."""
    post = convert(blog, new_markdown_cell("Text.\n\n# A heading"), name="my-old_notebook.ipynb")
    assert "A heading" == post.front_matter["title"]
    assert post.text.endswith("---\n\nText.\n")


def test_images_in_prose_become_files(blog: Path) -> None:
    """Attached or written into the text; an image without words asks for them."""
    attached = new_markdown_cell("![a < b](attachment:dot.png) ![](attachment:dot.png)")
    attached["attachments"] = {"dot.png": {"image/png": png()}}
    data = new_markdown_cell(f"![c](data:image/gif;base64,{png()})")
    post = convert(blog, new_markdown_cell("# Images"), attached, data)
    address = '({{ "/assets/images/images/attached-1.png" | relative_url }})'
    source = "{{ '/assets/images/images/attached-1.gif' | relative_url }}"
    image = f'<img src="{source}" alt="c" loading="lazy" decoding="async">'
    figure = f'<figure class="figure">{image}</figure>'
    line = f"![a < b]{address} ![Describe what the figure shows]{address}"
    assert f"\n{line}\n\n{figure}\n" in post.text
    for name in ("attached-1.png", "attached-1.gif"):
        made = blog / "assets/images/images" / name
        assert base64.b64decode(png()) == made.read_bytes()


def test_a_notebook_keeps_its_kernel(blog: Path) -> None:
    """And its language, as the word on the fences of its cells."""
    spec = {"name": "ir", "display_name": "R", "language": "R"}
    metadata = {"kernelspec": spec, "language_info": {"name": "R"}}
    notebook = new_notebook(cells=[new_code_cell("x <- 1")], metadata=metadata)
    blog.joinpath("r.ipynb").write_text(writes(notebook), encoding="utf-8")
    assert main(["new", "--site", str(blog), "--from", str(blog / "r.ipynb"), "--json"]) == 0
    post = only_post(blog)
    assert spec == post.front_matter["jupyter"]["kernelspec"]
    assert ["x <- 1\n"] == [cell.code for cell in post.cells]


@pytest.mark.slow
def test_notebook_with_an_error_keeps_it(blog: Path) -> None:
    """A cell that ended in an error is one that must."""
    error = new_output("error", ename="ZeroDivisionError", evalue="", traceback=[])
    post = convert(blog, new_code_cell("1 / 0", outputs=[error]), name="errors.ipynb")
    assert "errors" == post.front_matter["title"]
    assert main(["build", "--site", str(blog), "--json"]) == 0
    assert "ZeroDivisionError: division by zero" in only_post(blog).text


@pytest.mark.slow
def test_notebook_with_widgets_fails_with_a_clear_line(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the kernel lacks is said with the post's line."""
    widget = new_output("display_data", data={"application/vnd.jupyter.widget-view+json": {}})
    code = "import no_such_widgets\nno_such_widgets.IntSlider()"
    post = convert(blog, new_markdown_cell("Move it."), new_code_cell(code, outputs=[widget]))
    capsys.readouterr()
    assert main(["build", "--site", str(blog)]) == 1
    expected = (
        f"_posts/{post.path}:{post.cells[0].line + 1}: cell code-1 raised ModuleNotFoundError:"
        " No module named 'no_such_widgets'\n"
    )
    assert expected in capsys.readouterr().err


@pytest.mark.slow
def test_placeholder_alt_text_is_found(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A figure whose words are still to be written builds, and the check asks for them."""
    figure = new_output("display_data", data={"image/png": png()})
    convert(
        blog, new_code_cell("from PIL import Image\nImage.new('RGB', (2, 2))", outputs=[figure])
    )
    assert main(["build", "--site", str(blog), "--json"]) == 0
    assert main(["check", "--site", str(blog)]) == 1
    assert "the alt text is still to be written" in capsys.readouterr().out


def test_what_is_not_a_notebook_is_refused(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is not a notebook, or is not there, is a wrong call; nothing is written."""
    blog.joinpath("x.ipynb").write_text("{}", encoding="utf-8")
    for name in ("x.ipynb", "missing.ipynb"):
        assert main(["new", "--site", str(blog), "--from", str(blog / name)]) == 2
        assert f"{blog / name}: not a notebook: " in capsys.readouterr().err
    assert [] == list(blog.joinpath("_posts").iterdir())


def test_a_post_needs_a_title(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty one would be a post called `post`."""
    assert main(["new", "--site", str(blog), " "]) == 2
    assert "a post needs a title" in capsys.readouterr().err
