"""Posts that were written by hand become executable, and lose nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from post_builder.cli import main
from post_builder.commands.adopt.pasted import Pasted, raises_what_was_pasted
from post_builder.document.figure_tag import PLACEHOLDER_ALT
from post_builder.document.parsing.parser import parse
from post_builder.document.post import Span

pytestmark = pytest.mark.usefixtures("forked_kernels")

NAME = "_posts/2015-01-01-old.md"
KEY = 'jupyter: {kernelspec: {name: "python3", display_name: "Python 3", language: "python"}}'


def adopted(
    root: Path, body: str, *flags: str, capsys: pytest.CaptureFixture[str]
) -> tuple[str, list[str]]:
    """Adopt a post, and return its new body and the notes, without file and line."""
    path = root / NAME
    path.write_bytes(f"---\ntitle: Old\n---\n\n{body}".encode())
    capsys.readouterr()
    assert main(["adopt", "--site", str(root), NAME, "--yes", "--json", *flags]) == 0
    [result] = json.loads(capsys.readouterr().out)
    text = path.read_bytes().decode()
    assert f"---\ntitle: Old\n{KEY}\n---\n\n" == text[: text.index("---\n\n") + 5]
    notes = [note.partition(": ")[2] for note in result["notes"]]
    return text[text.index("---\n\n") + 5 :], notes


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # blocks
        ("{% highlight python %}\nx = 1\n{% endhighlight %}\n", "```python\nx = 1\n```\n{: #x}\n"),
        ("{% highlight py %}\nx = 1\n{% endhighlight %}\nText.\n",
         "```python\nx = 1\n```\n{: #x}\n\nText.\n"),
        ("{% highlight python %}{% raw %}\nx = '{{ y }}'\n{% endraw %}{% endhighlight %}\n",
         "{% raw %}\n```python\nx = '{{ y }}'\n```\n{: #x}\n{% endraw %}\n"),
        ("{% highlight bash %}\nls\n{% endhighlight %}\n", None),
        ("```py\nx = 1\n```\n", "```py\nx = 1\n```\n{: #x}\n"),
        ("```{python}\nx = 1\n```\n", "```python\nx = 1\n```\n{: #x}\n"),
        ("```{.python .numberLines}\nx = 1\n```\n", "```python\nx = 1\n```\n{: #x}\n"),
        ("~~~ python\nx = 1\n~~~\n", "~~~ python\nx = 1\n~~~\n{: #x}\n"),
        ("```bash\nls\n```\n", None),
        ("1. A\n\n    ```python\n    x = 1\n    ```\n",
         "1. A\n\n   ```python\n   x = 1\n   ```\n   {: #x}\n"),
        ("```python\nx = '{{ y }}'\n```\n",
         "{% raw %}\n```python\nx = '{{ y }}'\n```\n{: #x}\n{% endraw %}\n"),
        ("Text with {{ site.title }}.\n\n    indented\n", None),
        # sessions
        ("```python\n>>> 1 + 1\n2\n```\n", "```pycon\n>>> 1 + 1\n2\n```\n{: #code-1}\n"),
        ("```\n>>> 1 + 1\n2\n```\n", "```pycon\n>>> 1 + 1\n2\n```\n{: #code-1}\n"),
        ("```\nIn [1]: x = 2\n   ...: x\nOut[1]: 2\n```\n",
         "```python\nx = 2\nx\n```\n{: #x}\n\n```\nOut[1]: 2\n```\n"),
        # names
        ("```python\nimport os\nimport re\n```\n",
         "```python\nimport os\nimport re\n```\n{: #imports}\n"),
        ("## Area\n\n```python\ndef area():\n    pass\n```\n",
         "## Area\n\n```python\ndef area():\n    pass\n```\n{: #area-2}\n"),
        ("```python\nclass BigModel:\n    pass\n```\n{: .mine}\n",
         "```python\nclass BigModel:\n    pass\n```\n{: .mine #big-model}\n"),
        ("```python\nx = 1\n```\n{: #kept}\n", None),
        # figures, and what cannot run
        ("```python\nimport math as plt\nplt.plot([1])\n```\n",
         ("```python\nimport math as plt\nplt.plot([1])\n```\n"
          f'{{: #plot data-alt="{PLACEHOLDER_ALT}"}}\n')),
        ("```python\nprint 'old'\n```\n",
         "```python\nprint 'old'\n```\n{: #code-1 .skip-execution}\n"),
        ("```python\nimport no_such_package\nx = 1\n```\n\n```python\ny = x\n```\n",
         ("```python\nimport no_such_package\nx = 1\n```\n{: #x .skip-execution}\n\n"
          "```python\ny = x\n```\n{: #y .skip-execution}\n")),
        ("```python\n%matplotlib inline\nfiles = !ls\nfiles\n```\n",
         "```python\n%matplotlib inline\nfiles = !ls\nfiles\n```\n{: #files}\n"),
        ("```python\nx = 1", "```python\nx = 1"),
    ],
)  # fmt: skip
def test_what_people_write_for_jekyll_becomes_cells(
    blog: Path, capsys: pytest.CaptureFixture[str], before: str, after: str | None
) -> None:
    """Everything else keeps every byte; without a run, pasted outputs stay."""
    body, _ = adopted(blog, before, "--no-run", capsys=capsys)
    assert (before if after is None else after) == body


def test_what_was_dropped_is_said_with_its_line(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Options of other highlighters, Liquid in code, and why a cell will not run."""
    body = (
        "{% highlight python linenos %}\nx = 1\n{% endhighlight %}\n\n"
        "```python {hl_lines=[1]}\nimport no_such_package\n```\n\n"
        "{% highlight python %}\nx = {{ y }}\n{% endhighlight %}\n"
    )
    _, notes = adopted(blog, body, "--no-run", capsys=capsys)
    assert [
        "dropped: linenos",
        "dropped: {hl_lines=[1]}",
        "cell imports will not run: no_such_package is not installed",
        "this block stays as it is: Liquid fills it in",
    ] == notes


def test_line_endings_and_the_end_of_the_file_stay(blog: Path) -> None:
    """A file of Windows stays one."""
    path = blog / NAME
    path.write_bytes(b"---\r\ntitle: A\r\n---\r\n```python\r\nx = 1\r\n```")
    assert main(["adopt", "--site", str(blog), NAME, "--yes", "--no-run"]) == 0
    expected = f"---\r\ntitle: A\r\n{KEY}\r\n---\r\n```python\r\nx = 1\r\n```\r\n{{: #x}}\r\n"
    assert expected.encode() == path.read_bytes()


def test_the_change_is_shown_before_it_is_written(
    blog: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dry run writes nothing, nor does one whose author does not agree."""
    path = blog / NAME
    before = "---\ntitle: A\n---\n```python\nx = 1\n```\n"
    path.write_text(before, encoding="utf-8")
    command = ["adopt", "--site", str(blog), str(path), "--no-run"]
    for flags, answer in ((["--dry-run"], None), ([], None), ([], "n"), ([], "y")):
        monkeypatch.setattr(
            "sys.stdin.isatty", lambda answer=answer: answer is not None, raising=False
        )
        monkeypatch.setattr("builtins.input", lambda _, answer=answer: answer)
        assert main([*command, *flags]) == 0
        out = capsys.readouterr().out
        assert f"+{KEY}\n" in out
        assert "+{: #x}\n" in out
        assert (before == path.read_text(encoding="utf-8")) == (answer != "y")
    assert main(command) == 0
    assert f"{NAME}: unchanged\n" == capsys.readouterr().out


@pytest.mark.parametrize("content", ["no front matter\n", "---\na: [\n---\n", "---\na: 1\r\n---\n"])
def test_what_is_not_a_post_is_refused(blog: Path, content: str) -> None:
    """Nothing is written then."""
    path = blog / NAME
    path.write_bytes(content.encode())
    assert main(["adopt", "--site", str(blog), NAME, "--yes"]) == 1
    assert content.encode() == path.read_bytes()
    assert main(["adopt", "--site", str(blog), "_config.yml", "--yes"]) == 2


BODY = """```python
print("hello")
```

    hello

```python
1 + 1
```

```
2
```

After.

```python
limit = 3
limit / 0
```

```
Traceback (most recent call last):
  File "<stdin>", line 1, in <module>
ZeroDivisionError: division by zero
```

```python
limit
```

```text
Out[4]: 4
```

```python
int("a")
```

```python
import random
```

{% highlight text %}
not an output
{% endhighlight %}
"""

BUILT = """```python
print("hello")
```
{: #code-1}

```python
1 + 1
```
{: #code-2}

After.

```python
limit = 3
limit / 0
```
{: #limit .raises-exception}

```python
limit
```
{: #code-4}

```text
Out[4]: 4
```

```python
int("a")
```
{: #int .skip-execution}

```python
import random
```
{: #imports}

{% highlight text %}
not an output
{% endhighlight %}
"""


@pytest.mark.slow
def test_a_run_deletes_what_it_reproduces_and_marks_what_fails(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An output that differs stays, and is named; a pasted traceback says that an error is meant.

    The post builds then, in every cell that can run.
    """
    body, notes = adopted(blog, BODY, capsys=capsys)
    assert BUILT == body
    assert [
        "the run reproduces the output below this cell, which is deleted",
        "the run reproduces the output below this cell, which is deleted",
        "marked .raises-exception: cell limit raised ZeroDivisionError: division by zero",
        "the run gives something else than the block below this cell; it stays",
        (
            "marked .skip-execution: cell int raised ValueError: "
            "invalid literal for int() with base 10: 'a'"
        ),
    ] == notes
    assert main(["build", "--site", str(blog), "--json"]) == 0
    capsys.readouterr()
    assert main(["adopt", "--site", str(blog), NAME, "--yes", "--json"]) == 0
    assert not json.loads(capsys.readouterr().out)[0]["written"]


@pytest.mark.slow
def test_a_post_that_is_wrong_otherwise_is_changed_and_not_run(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is left for the author is named."""
    body = '```python\nx = 1\n```\n\nA <span data-value="x"><b>1</b></span>.\n'
    _, notes = adopted(blog, body, capsys=capsys)
    assert "this value cannot be read" in notes
    assert "nothing was run, because of what is wrong with this post" in notes
    post = parse((blog / NAME).read_text(encoding="utf-8").replace("<b>1</b>", "1"))
    assert post is not None
    assert ["x"] == [cell.name for cell in post.cells]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Traceback (most recent call last):\n  …\nValueError: other words", True),
        ("ValueError: other words", True),
        ("package.ValueError: other words", True),
        ("TypeError: words", False),
        ("words\n", False),
        ("", False),
    ],
)
def test_an_error_that_was_pasted_is_meant(text: str, meant: bool) -> None:
    """Its last line is enough, as authors shorten tracebacks."""
    pasted = Pasted(0, Span(0, 0), text)
    assert meant == raises_what_was_pasted(pasted, "cell x raised ValueError: words")


@pytest.mark.slow
def test_attributes_of_a_pasted_output_go_with_it(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They would be those of the next block."""
    body, _ = adopted(
        blog, "```python\nprint(6)\n```\n\n```\n6\n```\n{: .output}\n\nText.\n", capsys=capsys
    )
    assert "{: .output}" not in body
    assert body.endswith("\n\nText.\n")


@pytest.mark.slow
def test_lessons_and_functions_that_call_themselves_run(
    blog: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A class names the language of a block, and a session may stand in a highlight tag."""
    recursive = "def half(n):\n    return 0 if n < 2 else 1 + halves(n // 2)\n"
    body, notes = adopted(
        blog,
        f"~~~\n{recursive}def halves(n):\n    return half(n)\nprint(halves(8))\n~~~\n"
        "{: .language-python}\n\n~~~\n3\n~~~\n{: .output}\n\n"
        "{% highlight python %}\n>>> half(4)\n9\n{% endhighlight %}\n",
        capsys=capsys,
    )
    assert body.startswith("~~~python\n")
    assert "language-python" not in body
    assert "```pycon\n>>> half(4)\n" in body
    assert ["the run reproduces the output below this cell, which is deleted"] == notes
