"""Posts with sessions: built, checked, cleaned."""

from pathlib import Path

import pytest
from runs import shown_text

from post_builder.cli import main

pytestmark = pytest.mark.usefixtures("forked_kernels")

POST = "_posts/2020-01-01-session.md"
TEXT = """\
---
jupyter: python3
---

```pycon
>>> x = 6
>>> x * 7
43
>>> print("two\\n\\nlines")

>>> 1 / 0
Traceback (most recent call last):
```
{: #session}

- An item.

  ```pycon
  >>> x + 1
  ```

```python
print(x)
```
"""
RESULTS = [
    ("43\n", "42\n"),
    ('lines")\n', 'lines")\ntwo\n\nlines\n'),
    ("last):\n", "last):\n    ...\nZeroDivisionError: division by zero\n"),
    ("  >>> x + 1\n", "  >>> x + 1\n  7\n"),
]


def _built() -> str:
    text = TEXT
    for before, after in RESULTS:
        text = text.replace(before, after)
    return f"{text}<!-- output -->\n{shown_text('6')}\n\n<!-- /output -->\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a post with two sessions and a cell, which share their variables."""
    root = tmp_path_factory.mktemp("sessions")
    root.joinpath("_config.yml").write_text("title: A\n", encoding="utf-8")
    root.joinpath("_posts").mkdir()
    root.joinpath(POST).write_text(TEXT, encoding="utf-8")
    assert main(["build", "--site", str(root)]) == 0
    return root


def test_inputs_run_and_results_are_written(site: Path) -> None:
    """What the author pasted is replaced by what the inputs give."""
    assert _built() == site.joinpath(POST).read_text(encoding="utf-8")


def test_a_built_session_is_fresh(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its results are not among what can make it stale."""
    assert main(["check", "--site", str(site)]) == 0
    assert main(["check", "--site", str(site), "--execute"]) == 0
    assert main(["build", "--site", str(site)]) == 0
    assert "all up to date" in capsys.readouterr().out


def test_a_result_changed_by_hand_is_found(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without running it, and by running it."""
    path = site / POST
    path.write_text(_built().replace("42\n", "43\n"), encoding="utf-8")
    try:
        assert main(["check", "--site", str(site)]) == 1
        assert "output of cell session is not what the build wrote" in capsys.readouterr().out
        assert main(["check", "--site", str(site), "--execute"]) == 1
        assert f"{POST}:7: drift: a result in session session differs" in capsys.readouterr().out
    finally:
        path.write_text(_built(), encoding="utf-8")


def test_the_script_has_the_inputs_as_code(site: Path) -> None:
    """Without prompts and results."""
    text = site.joinpath("assets/notebooks/session.py").read_text(encoding="utf-8")
    assert 'x = 6\nx * 7\nprint("two\\n\\nlines")\n1 / 0\n' in text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("```pycon\n>>> x = 1\n>>> y\n```\n", ":6: cell cell-1 raised NameError"),
        (
            "```pycon\n>>> 1\nTraceback (most recent call last):\n```\n",
            ":4: cell cell-1 did not raise",
        ),
        ("```pycon\n>>> print('>>> x')\n```\n", ":5: a result starts with a prompt"),
        ("```pycon\n>>> print('{' '{')\n```\n", ":5: Liquid would interpret the result"),
        ("```pycon\n>>> print('`' * 3)\n```\n", ":5: the result of this input would close"),
        ("```pycon\n1\n```\n", ":5: a session starts with a line of input"),
        ("```pycon\n>>> 1\n```\n{: data-source='a:b'}\n", ":4: a session cannot take its text"),
        ("```pycon\n>>> 1\n```\n{: .raises-exception}\n", ":4: in a session the result says"),
    ],
)
def test_a_session_that_cannot_be_published_has_its_line(
    blog: Path, capsys: pytest.CaptureFixture[str], body: str, message: str
) -> None:
    """That of the input at fault; nothing is written then."""
    path = blog / POST
    text = f"---\njupyter: python3\n---\n{body}"
    path.write_text(text, encoding="utf-8")
    assert main(["build", "--site", str(blog), "--json"]) == 1
    assert f"{POST}{message}" in capsys.readouterr().out
    assert text == path.read_text(encoding="utf-8")


def test_clean_leaves_the_inputs(site: Path) -> None:
    """And what says that an input raises."""
    assert main(["clean", "--site", str(site)]) == 0
    text = site.joinpath(POST).read_text(encoding="utf-8")
    assert ">>> x * 7\n>>> print" in text
    assert "ZeroDivisionError" in text
    assert "output" not in text
