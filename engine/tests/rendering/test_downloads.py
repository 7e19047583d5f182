"""The notebook and the script that readers download."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from toysite import POST, replace

from post_builder.cli import main
from post_builder.rendering.downloads import make_downloads
from post_builder.document.post import parse
from post_builder.site import open_site


def test_notebook_is_valid_and_holds_prose_without_outputs(toy: Path) -> None:
    """Stable ids, kernel metadata, plain Markdown, and not one output."""
    notebook = nbformat.read(toy / "assets/notebooks/toy.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = {cell.id: cell for cell in notebook.cells if cell.cell_type == "code"}
    prose = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    assert ["imports", "fit", "slope", "points", "trap"] == list(code)
    assert [[]] * 5 == [cell.outputs for cell in code.values()]
    assert code["fit"].source.startswith("def fit(")
    assert ["raises-exception"] == code["trap"].metadata.tags
    assert "python3" == notebook.metadata.kernelspec.name
    assert "# A toy" in prose
    assert "The slope is 2.0" in prose
    assert "See ![a figure](/assets/x.png)" in prose
    assert not {"{:", "<span", "{%", "<!-- output"} & set(prose.split())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{% include figure image_path="/a.png" alt="a &amp; b" caption="c" %}',
            "![a & b](https://x.org/blog/a.png)\n\n*c*",
        ),
        ("{% raw %}x{% endraw %}", "x"),
        ("[l]({{ '/about/' | relative_url }})", "[l](https://x.org/blog/about/)"),
        ("a paragraph\n{: .notice}", "a paragraph"),
        ('[l](u){:target="_blank"} on', "[l](u) on"),
    ],
)
def test_markup_of_jekyll_becomes_plain_markdown(blog: Path, before: str, after: str) -> None:
    """What only Jekyll understands is turned into what notebooks show."""
    blog.joinpath("_config.yml").write_text(
        "url: https://x.org\nbaseurl: /blog\n", encoding="utf-8"
    )
    header = "---\ntitle: T\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
    post = parse(f"{header}{before}\n")
    assert post is not None
    made = make_downloads(post, open_site(blog), "p")
    notebook = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4)
    assert ["# T", after] == [cell.source for cell in notebook.cells]


def test_prose_edit_renews_downloads_without_running(
    toy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The downloads follow the prose; figures stay, and no kernel starts."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("post_builder.execution.run.execute", None)
    figure = toy / "assets/images/toy/points.svg"
    before = figure.read_bytes()
    replace(toy / POST, "A line is fitted", "A straight line is fitted")
    assert main(["build", "--site", str(toy), "--json"]) == 0
    assert "A straight line" in toy.joinpath("assets/notebooks/toy.ipynb").read_text()
    assert before == figure.read_bytes()


@pytest.mark.slow
def test_notebook_executes_with_plain_jupyter(toy: Path) -> None:
    """Readers run it with `jupyter execute`, and nothing of ours."""
    notebook = toy / "assets/notebooks/toy.ipynb"
    notebook.rename(toy / "toy.ipynb")
    command = [sys.executable, "-m", "jupyter", "execute", "toy.ipynb"]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.slow
def test_script_runs_with_plain_python(toy: Path) -> None:
    """What raises stands in it as a comment, so it runs to its end and prints the same."""
    toy.joinpath("assets/notebooks/toy.py").rename(toy / "toy_script.py")
    command = [sys.executable, "toy_script.py"]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert f'<pre class="output stdout">{done.stdout.strip()}</pre>' in (toy / POST).read_text()
