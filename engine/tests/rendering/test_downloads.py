"""The notebook and the script that readers download."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import nbformat
import pytest
from runs import shown_text
from toysite import POST, replace

from post_builder.commands.build import build
from post_builder.commands.building.running import Here
from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post
from post_builder.execution.kernels import Kernels
from post_builder.rendering.downloads import make_downloads
from post_builder.site import Site, open_site
from post_builder.sources.transclusion import PreparedPost
from post_builder.ui.progress import Silent


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
    assert "`{: code }`" in prose
    assert not [mark for mark in ("{: .", "<span", "{%", "<!--", "slope 2.0") if mark in prose]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            '{% include figure image_path="/a.png" alt="a &amp; b" caption="c" %}',
            "![a & b](https://x.org/blog/a.png)\n\n*c*",
        ),
        (
            '{% include figure image_path="https://y.org/a.png" alt="a" %}',
            "![a](https://y.org/a.png)",
        ),
        ("{% raw %}x{% endraw %}", "x"),
        ("a {{ site.title }}b\n{% if x %}\nc\n{% endif %}\nd", "a b\nc\nd"),
        ('[l]({{ "/a" | absolute_url }})', "[l](https://x.org/blog/a)"),
        ("[l]({{ '/about/' | relative_url }})", "[l](https://x.org/blog/about/)"),
        ("a paragraph\n{: .notice}", "a paragraph"),
        ('[l](u){:target="_blank"} on', "[l](u) on"),
        ("> quote\n> {: .notice}", "> quote"),
    ],
)
def test_markup_of_jekyll_becomes_plain_markdown(
    blog: Path, header: str, before: str, after: str
) -> None:
    """What only Jekyll understands is turned into what notebooks show."""
    blog.joinpath("_config.yml").write_text(
        "url: https://x.org\nbaseurl: /blog\n", encoding="utf-8"
    )
    titled = header.replace("---", "---\ntitle: T", 1)
    post = parse(f"{titled}{before}\n")
    assert post is not None
    made = make_downloads(post, open_site(blog), "p")
    notebook = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4)
    assert ["# T", after] == [cell.source for cell in notebook.cells]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("", "", ("cell-1", {})),
        ("#a:b", "", ("a-b-afa48261", {})),
        ("#a", " .hide-input .x", ("a", {"tags": ["hide-input"]})),
    ],
)
def test_cells_keep_their_names_and_tags(
    read: Callable[[str], Post], name: str, options: str, expected: tuple[str, dict[str, list[str]]]
) -> None:
    """As ids of the notebook's cells, which allow no colon: its digest tells #a:b from #a-b."""
    attributes = f"{{: {name}{options}}}\n" if name else ""
    made = make_downloads(read(f"```python\nx\n```\n{attributes}"), Site(Path("/blog")), "p")
    (cell,) = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4).cells
    assert expected == (cell.id, cell.metadata)


def test_values_in_prose_are_text(read: Callable[[str], Post]) -> None:
    """A notebook shows what the page shows."""
    body = "```python\nx\n```\n\nIs <span class='n' data-value='x'>1 &lt; 2</span>.\n"
    made = make_downloads(read(body), Site(Path("/blog")), "p")
    notebook = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4)
    assert "Is 1 &#60; 2." == notebook.cells[1].source


SCRIPT = """# %%
print(1)

# %% tags=["raises-exception", "active-ipynb"]
# 1 / 0

# %% tags=["skip-execution", "active-ipynb"]
# never()

# %% [markdown]
# Prose.
"""


def test_what_cannot_run_is_a_comment_in_a_script(read: Callable[[str], Post]) -> None:
    """So the script runs to its end."""
    body = (
        "```python\nprint(1)\n```\n\n```python\n1 / 0\n```\n{: .raises-exception}\n\n"
        "```python\nnever()\n```\n{: .skip-execution}\n\nProse.\n"
    )
    made = make_downloads(read(body), Site(Path("/blog")), "p")
    assert SCRIPT == made["assets/notebooks/p.py"].decode()


def test_only_python_posts_have_a_script() -> None:
    """Of another language there is the notebook, with its kernel."""
    spec = "{kernelspec: {name: bash, display_name: Bash, language: bash}}"
    post = parse(f"---\njupyter: {spec}\n---\n\n```bash\nls\n```\n")
    assert post is not None
    made = make_downloads(post, Site(Path("/blog")), "p")
    assert ["assets/notebooks/p.ipynb"] == list(made)
    notebook = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4)
    assert {
        "name": "bash",
        "display_name": "Bash",
        "language": "bash",
    } == notebook.metadata.kernelspec
    assert "bash" == notebook.metadata.language_info.name


def test_prose_edit_renews_downloads_without_running(toy: Path) -> None:
    """The downloads follow the prose; figures stay, and no kernel starts."""
    figure = toy / "assets/images/toy/points.svg"
    before = figure.read_bytes()
    replace(toy / POST, "A line is fitted", "A straight line is fitted")
    site = open_site(toy)
    paths = [toy / POST]
    run = build(site, paths, Silent(), force=False, jobs=1, runner=Here(NoKernel()))
    (outcome,) = asyncio.run(run)
    assert "fresh" == outcome.status
    for name in ("toy.ipynb", "toy.py"):
        assert "A straight line" in toy.joinpath("assets/notebooks", name).read_text("utf-8")
    assert before == figure.read_bytes()


class NoKernel:
    """Refuses to run a post."""

    def expect(self, posts: Iterable[Post], site: Site) -> None:
        """Prepare nothing."""

    def for_run(self, prepared: PreparedPost, declared: Mapping[str, str]) -> Kernels:
        """Say which post runs."""
        raise AssertionError(f"{prepared.post.path} runs with {declared}")


@pytest.mark.slow
def test_notebook_executes_with_plain_jupyter(toy: Path) -> None:
    """Readers run it with `jupyter execute`; the engine is not needed."""
    notebook = toy / "assets/notebooks/toy.ipynb"
    notebook.rename(toy / "toy.ipynb")
    command = [sys.executable, "-m", "jupyter", "execute", "toy.ipynb"]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=False)
    assert (0, "") == (done.returncode, done.stdout), done.stderr


@pytest.mark.slow
def test_script_runs_with_plain_python(toy: Path) -> None:
    """What raises is a comment in it, so it runs to its end and prints what the page shows."""
    toy.joinpath("assets/notebooks/toy.py").rename(toy / "toy_script.py")
    command = [sys.executable, "toy_script.py"]
    done = subprocess.run(command, cwd=toy, capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stderr
    assert shown_text(done.stdout.strip()) in (toy / POST).read_text()
