"""Runs that go on after a failure, and outputs of cells that cannot run again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from runs import shown_text

from post_builder.cli import main
from post_builder.rendering.regions.marked import MARK

HEADER = "---\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
NAME = "_posts/2020-01-01-a.md"

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_kernels")]


def write(root: Path, body: str) -> Path:
    """Write the one post of a site."""
    path = root / NAME
    path.write_text(HEADER + body, encoding="utf-8")
    return path


def test_all_failing_cells_are_named_in_one_run(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And values; nothing is written. Without the flag only the first is named."""
    body = (
        "```python\n1 / 0\n```\n{: #first}\n\n```python\nx = 1\n```\n\n"
        '<span data-value="y"></span>\n\n```python\nint("a")\n```\n{: #second}\n'
        "```python\nx\n```\n{: #third .raises-exception}\n"
    )
    path = write(blog, body)
    assert main(["build", "--site", str(blog), "--keep-going"]) == 1
    err = capsys.readouterr().err
    for line, message in (
        (5, "cell first raised ZeroDivisionError: division by zero"),
        (13, "the value 'y' raised NameError: name 'y' is not defined"),
        (16, "cell second raised ValueError"),
        (19, "cell third did not raise, but is marked .raises-exception"),
    ):
        assert f"{NAME}:{line}: {message}" in err
    assert HEADER + body == path.read_text(encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 1
    assert "second raised" not in capsys.readouterr().err


DRAW = (
    "```python\nfrom PIL import Image\nprint(open('secret').read())\nImage.new('L', (2, 2))\n```\n"
)


def test_a_stored_output_stays_without_its_cell_running(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its text and figures are published, marked on the page, and survive builds and `clean`."""
    blog.joinpath("secret").write_text("42", encoding="utf-8")
    path = write(blog, DRAW + '{: #c data-alt="A square"}\n\n```python\nprint(7)\n```\n')
    assert main(["build", "--site", str(blog), "--json"]) == 0
    blog.joinpath("secret").unlink()
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{: #c data", "{: #c .stored-output data"), encoding="utf-8")
    figure = blog / "assets/images/a/c.png"
    before = figure.read_bytes()
    for _ in range(2):
        assert main(["build", "--site", str(blog), "--json", "--force"]) == 0
        text = path.read_text(encoding="utf-8")
        shown = shown_text("42")
        assert f'<!-- output -->\n{MARK}\n{shown}\n\n<figure class="figure"><img' in text
        assert 1 == text.count(MARK)
        assert before == figure.read_bytes()
    assert main(["check", "--site", str(blog), "--json"]) == 0
    assert main(["check", "--site", str(blog), "--json", "--execute"]) == 0
    assert "#     print(" not in blog.joinpath("assets/notebooks/a.py").read_text(encoding="utf-8")
    assert "# print(open('secret')" in blog.joinpath("assets/notebooks/a.py").read_text("utf-8")
    capsys.readouterr()
    assert main(["clean", "--site", str(blog)]) == 0
    text = path.read_text(encoding="utf-8")
    assert shown_text("42") in text
    assert shown_text("7") not in text
    assert before == figure.read_bytes()


def test_an_edited_stored_output_is_found(blog: Path) -> None:
    """It is what the last build wrote, or somebody changed it."""
    path = write(blog, "```python\nprint(7)\n```\n{: #c}\n")
    assert main(["build", "--site", str(blog), "--json"]) == 0
    text = path.read_text(encoding="utf-8").replace("{: #c}", "{: #c .stored-output}")
    path.write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(blog), "--json"]) == 0
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(">7<", ">8<"), encoding="utf-8")
    assert main(["check", "--site", str(blog), "--json"]) == 1


def test_a_stored_output_must_be_there(blog: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It cannot be made up."""
    write(blog, "```python\n1\n```\n{: #c .stored-output}\n")
    assert main(["build", "--site", str(blog)]) == 1
    assert "cell c is marked .stored-output and has no output" in capsys.readouterr().err


EVERYTHING = """```python
print("a <b>")
import sys; print("late", file=sys.stderr)
```
{: #text}

```python
1 / 0
```
{: #error .raises-exception}

```python
from IPython.display import HTML, Markdown
display(HTML("<table><tr><td>1</td></tr></table>"))
6 * 7
```
{: #html}

```python
from PIL import Image
Image.new("L", (2, 2))
```
{: #square data-alt="A & square"}

## A formula $$x^2$$

Words.
"""


@pytest.fixture(scope="module")
def built_everything(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a post with every kind of output, whose notebook carries them."""
    root = tmp_path_factory.mktemp("everything")
    root.joinpath("_config.yml").write_text("title: x\n", encoding="utf-8")
    root.joinpath("_posts").mkdir()
    write(root, EVERYTHING)
    path = root / NAME
    text = path.read_text(encoding="utf-8").replace(
        "---\n", "---\ntitle: E\nnotebook_outputs: true\n", 1
    )
    path.write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(root), "--json"]) == 0
    return root


@pytest.fixture
def everything(built_everything: Path, tmp_path: Path) -> Path:
    """Copy the built site."""
    return Path(shutil.copytree(built_everything, tmp_path / "everything"))


def outputs(root: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the outputs in a site's notebook by cell."""
    notebook = json.loads(root.joinpath("assets/notebooks/a.ipynb").read_text(encoding="utf-8"))
    return {c["id"]: c["outputs"] for c in notebook["cells"] if c["cell_type"] == "code"}


def test_notebooks_may_carry_the_outputs(everything: Path) -> None:
    """As the page has them; a change of mind needs no run, in the post or for the whole site."""
    found = outputs(everything)
    assert ["stdout", "stderr"] == [output["name"] for output in found["text"]]
    assert "".join(found["text"][0]["text"]) == "a <b>\n"
    assert ["ZeroDivisionError"] == [output["ename"] for output in found["error"]]
    assert ["display_data", "execute_result"] == [o["output_type"] for o in found["html"]]
    assert "<table>" in "".join(found["html"][0]["data"]["text/html"])
    [square] = found["square"]
    assert "A & square" == square["metadata"]["image/png"]["alt"]
    path = everything / NAME
    path.write_text(
        path.read_text(encoding="utf-8").replace("notebook_outputs: true\n", ""), "utf-8"
    )
    assert main(["build", "--site", str(everything), "--json"]) == 0
    assert not any(outputs(everything).values())
    config = everything / "_config.yml"
    config.write_text("post_builder: {notebook_outputs: true}\n", encoding="utf-8")
    assert main(["check", "--site", str(everything), "--json"]) == 1
    assert main(["build", "--site", str(everything), "--json"]) == 0
    assert found == outputs(everything)
    assert main(["check", "--site", str(everything), "--json"]) == 0


def test_html_is_one_file_that_needs_no_network(everything: Path) -> None:
    """With figures, their words, outputs, and formulas without a script."""
    target = everything / "out.html"
    command = ["export", "--site", str(everything), NAME, "--to", "html", "--output", str(target)]
    assert main(command) == 0
    text = target.read_text(encoding="utf-8")
    assert 'src="data:image/png;base64,' in text
    assert 'alt="A &amp; square"' in text
    assert "<math" in text
    assert "a &lt;b&gt;" in text
    assert "<script" not in text
    target.write_text("mine", encoding="utf-8")
    assert main(command) == 2
    assert "mine" == target.read_text(encoding="utf-8")


def test_slides_follow_headings_and_cells(everything: Path) -> None:
    """By nbconvert's own types, which a cell may set with a class."""
    path = everything / NAME
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("{: #text}", "{: #text .notes}"), encoding="utf-8")
    assert main(["build", "--site", str(everything), "--json"]) == 0
    target = everything / "out.slides.html"
    command = ["export", "--site", str(everything), NAME, "--to", "slides", "--output", str(target)]
    assert main(command) == 0
    text = target.read_text(encoding="utf-8")
    assert 'class="notes"' in text
    assert text.count("<section") >= 5


def test_an_export_is_not_published(
    everything: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes into a folder that Jekyll leaves out, wherever the command runs; it says where."""
    monkeypatch.chdir(everything)
    before = {path for path in everything.rglob("*") if path.is_file()}
    assert main(["export", "--site", str(everything), NAME, "--to", "notebook"]) == 0
    (written,) = {path for path in everything.rglob("*") if path.is_file()} - before
    assert "_exports" == written.relative_to(everything).parts[0]
    assert f"{written.relative_to(everything)}: written\n" == capsys.readouterr().out
    monkeypatch.chdir(everything.parent)
    assert main(["export", "--site", str(everything), NAME, "--to", "notebook"]) == 0
    assert f"{written.relative_to(everything.parent)}: written\n" == capsys.readouterr().out
    written.write_text("mine", encoding="utf-8")
    assert main(["export", "--site", str(everything), NAME, "--to", "notebook"]) == 2
    assert "mine" == written.read_text(encoding="utf-8")


def test_an_exported_notebook_has_the_outputs(everything: Path) -> None:
    """Whatever its download has."""
    target = everything / "out.ipynb"
    command = [
        "export",
        "--site",
        str(everything),
        NAME,
        "--to",
        "notebook",
        "--output",
        str(target),
    ]
    assert main([*command, "--json"]) == 0
    notebook = json.loads(target.read_text(encoding="utf-8"))
    assert any(cell.get("outputs") for cell in notebook["cells"])


def test_what_an_export_needs_is_said(
    everything: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pandoc for LaTeX and reStructuredText; a build for every format."""
    monkeypatch.setenv("PATH", "")
    for form in ("latex", "rst"):
        target = everything / f"out.{form}"
        command = ["export", "--site", str(everything), NAME, "--to", form, "--output", str(target)]
        assert main(command) == 1
        assert "needs pandoc, which is not installed" in capsys.readouterr().err
        assert not target.exists()
    path = everything / NAME
    path.write_text(path.read_text(encoding="utf-8").replace("6 * 7", "6 * 8"), encoding="utf-8")
    assert main(["export", "--site", str(everything), NAME, "--to", "html"]) == 1
    assert "run `post-builder build` first" in capsys.readouterr().err
