"""Kernels: another language's, and what every kind of output becomes on the page."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from post_builder.cli import main
from post_builder.document.post import parse

SHELL = """---
title: A shell
jupyter: {kernelspec: {name: test-bash, language: bash}}
depends: [words.txt]
---

```bash
echo "hello $(cat words.txt)"
```
"""

KINDS = """---
title: Kinds
jupyter: {kernelspec: {name: python3, language: python}}
---

```python
from IPython.display import HTML, Image, Latex, Markdown, clear_output, display

display(Markdown("**bold** and a | bar"))
display(Latex(r"$\\frac{1}{2}$"))
display(HTML("<style>b {}</style><b onclick='x()'>1</b><script>alert(1)</script>"))
print("\\x1b[31mred\\x1b[0m plain")
print("  0 %\\r 50 %\\r100 %")
```
{: #texts}

```python
handle = display("before", display_id=True)
handle.update("after")
print("gone")
clear_output()
print("kept")
```
{: #updates}

```python
HTML("<p>kept</p><script>let a = {b: 1};</script>")
```
{: #trusted .trusted-html}

```python
print("x" * 150)
```
{: #long}

```python
import io
import PIL.Image

picture = PIL.Image.new("RGB", (40, 20))
jpeg = io.BytesIO()
picture.save(jpeg, "JPEG")
dense = io.BytesIO()
picture.save(dense, "PNG", dpi=(192, 192))
display(Image(jpeg.getvalue()), Image(dense.getvalue()))
```
{: #pictures data-alt="Two black boxes" data-caption="Boxes"}
"""


@pytest.fixture
def shell(blog: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a site with a post for a Bash kernel, which is installed for this test alone."""
    folder = tmp_path / "jupyter/kernels/test-bash"
    folder.mkdir(parents=True)
    argv = [sys.executable, "-m", "bash_kernel", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": "Bash", "language": "bash"}
    folder.joinpath("kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    blog.joinpath("_posts/2020-01-01-shell.md").write_text(SHELL, encoding="utf-8")
    blog.joinpath("words.txt").write_text("there\n", encoding="utf-8")
    return blog


def test_other_language_runs_and_says_what_it_cannot_observe(
    shell: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A Bash post builds; its dependencies are those it declares, and the build says so."""
    assert main(["build", "--site", str(shell)]) == 0
    note = "files that bash reads are not observed: name them in the post's depends:"
    assert note in capsys.readouterr().out
    text = shell.joinpath("_posts/2020-01-01-shell.md").read_text(encoding="utf-8")
    assert '<pre class="output stdout">hello there</pre>' in text
    assert main(["check", "--site", str(shell), "--json"]) == 0
    shell.joinpath("words.txt").write_text("again\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["check", "--site", str(shell)]) == 1
    assert "words.txt changed" in capsys.readouterr().out


def test_missing_kernel_is_said_with_the_way_to_see_others(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A kernel that is not installed fails its post, and names the command that lists them."""
    text = SHELL.replace("test-bash", "no-such-kernel").replace("depends: [words.txt]\n", "")
    blog.joinpath("_posts/2020-01-01-shell.md").write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(blog)]) == 1
    error = capsys.readouterr().err
    assert "no Jupyter kernel 'no-such-kernel' is installed" in error
    assert "jupyter kernelspec list" in error


def test_every_kind_of_output_has_its_form(blog: Path) -> None:
    """Markdown, formulas, HTML, colours, progress, updates, scripts, cuts, and two figures."""
    blog.joinpath("_config.yml").write_text("post_builder: {output_limit: 130}\n", encoding="utf-8")
    post = blog / "_posts/2020-01-01-kinds.md"
    post.write_text(KINDS, encoding="utf-8")
    assert main(["build", "--site", str(blog), "--json"]) == 0
    built = parse(post.read_text(encoding="utf-8"))
    assert built is not None
    spans = (cell.region for cell in built.cells)
    shown = "\n".join(built.text[span.start : span.end] for span in spans)
    boxes = 'image_path="/assets/images/kinds/pictures-{}" alt="Two black boxes ({} of 2)" {}'
    for expected in (
        '<div class="output markdown"><p><strong>bold</strong> and a &#124; bar</p></div>',
        '<div class="output latex"><math ',
        "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>",
        '<div class="output html"><b>1</b></div>',
        '<pre class="output stdout"><span class="ansi-red-fg">red</span> plain\n100 %</pre>',
        '<pre class="output stdout">kept</pre>',
        "{% raw %}<p>kept</p><script>let a = {b: 1};</script>{% endraw %}</div>",
        f'<pre class="output stdout">{"x" * 130}\n… 20 more characters not shown</pre>',
        boxes.format("1.jpg", 1, 'width="40" height="20"'),
        boxes.format("2.png", 2, 'caption="Boxes" width="20" height="10"'),
    ):
        assert expected in shown
    for unwanted in ("gone", "before", "alert(1)", "onclick", "<style>", " 50 %"):
        assert unwanted not in shown
    assert main(["check", "--execute", "--site", str(blog), "--json"]) == 0
