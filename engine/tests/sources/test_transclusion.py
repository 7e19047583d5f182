import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from post_builder.errors import SnippetError
from post_builder.files import digest
from post_builder.document.post import Post, parse, splice
from post_builder.sources.transclusion import transclude, transclusion_edits

SOURCE = "def f(x):\n\n    return x  \n"


def _write(blog: Path, source: str = SOURCE) -> None:
    blog.joinpath("mod.py").write_text(source, encoding="utf-8")


def _filled(post: Post, blog: Path, known: dict[str, str] | None = None) -> str:
    ready = transclude(post, blog, known or {})
    return splice(post.text, transclusion_edits(post, ready))


@pytest.mark.parametrize(
    ("first", "rest"), [("", ""), ("- ", "  "), ("> ", "> "), ("1. ", "   "), ("> - ", ">   ")]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_empty_cell_is_filled(
    blog: Path, header: str, first: str, rest: str, newline: str
) -> None:
    """The source stands in the cell's list or quote, in the post's line ends, blanks and all."""
    _write(blog)
    lines = [f"{first}```python", f"{rest}```", f'{rest}{{: data-source="mod:f"}}', "", "End"]
    post = parse((header + "\n".join(lines)).replace("\n", newline))
    assert post is not None
    text = _filled(post, blog)
    filled = parse(text)
    assert filled is not None
    assert SOURCE == filled.cells[0].code
    assert text == _filled(filled, blog)
    body = "".join(
        f"{rest}{line}".rstrip() + "|" if not line else f"{rest}{line}|"
        for line in SOURCE.split("\n")[:-1]
    ).replace("|", newline)
    position = post.cells[0].body.start
    assert post.text[:position] + body + post.text[position:] == text


def test_lines_of_a_filled_cell_are_the_packages(blog: Path, read: Callable[[str], Post]) -> None:
    """Each line of the cell knows where it can be edited."""
    _write(blog, f"import os\n\n{SOURCE}")
    post = transclude(read('```python\n```\n{: data-source="mod:f"}\n'), blog, {})
    assert ["mod.py:3", "mod.py:4", "mod.py:5"] == [str(p) for p in post.cells[0].origin]


def test_a_hand_edit_is_refused_with_the_difference_and_both_places(
    blog: Path, read: Callable[[str], Post]
) -> None:
    """The message says which line of which file to edit instead."""
    _write(blog)
    post = read('```python\ndef f(x):\n    return 2 * x\n```\n{: #twice data-source="mod:f"}\n')
    with pytest.raises(SnippetError) as caught:
        transclude(post, blog, {})
    message = str(caught.value)
    assert message.startswith("post:4: cell twice was edited by hand")
    assert "\n--- mod.py\n+++ post\n" in message
    assert "\n+    return 2 * x" in message
    assert "help: make the change at mod.py:1" in message


def test_output_of_another_post_is_guarded_as_well(
    blog: Path, header: str, read: Callable[[str], Post]
) -> None:
    """Its lines are those of the page; the cure for a hand edit is a change of what prints it."""
    region = '<!-- output -->\n<pre class="output stdout">x = 1\ny = 2</pre>\n<!-- /output -->\n'
    other = f"{header}```python\n```\n{{: #xy}}\n{region}"
    blog.joinpath("_posts/other.md").write_text(other, encoding="utf-8")
    source = '{: data-source="_posts/other.md#xy"}\n'
    post = transclude(read(f"```python\n```\n{source}"), blog, {})
    assert "x = 1\ny = 2\n" == post.cells[0].code
    assert ["_posts/other.md:8", "_posts/other.md:9"] == [str(p) for p in post.cells[0].origin]
    assert '<pre class="output stdout">x = 1' == post.cells[0].origin[0].source
    with pytest.raises(SnippetError) as caught:
        transclude(read(f"```python\nx = 7\n```\n{source}"), blog, {})
    message = str(caught.value)
    assert "was edited by hand, but its text comes from _posts/other.md#xy" in message
    assert "help: make the change in the code that prints _posts/other.md:8; or empty" in message


def test_what_the_last_build_wrote_may_be_replaced(blog: Path, read: Callable[[str], Post]) -> None:
    """Text that no hand has touched follows its source."""
    _write(blog)
    old = "def f(x):\n    return 0\n"
    post = read(f'```python\n{old}```\n{{: #a data-source="mod:f"}}\n')
    assert SOURCE in _filled(post, blog, {"a": digest(old)})
    assert transclusion_edits(post, replace(post)) == []


@pytest.mark.parametrize(
    ("source", "cell", "message"),
    [
        ("def f():\n    return '{{ x }}'\n", "```python\n```\n", "mod.py:2: from here"),
        ("def f():\n    return '{%'\n", "```python\n```\n", "Liquid would mangle this line"),
        (
            'def f():\n    """\n    ```\n    """\n',
            "```python\n```\n",
            "open and close the cell with a longer fence than ```",
        ),
        ("f = 1\n", "```python\n```\n{: .x}\n", ""),
        ("g = 1\n", "```python\n```\n", "there is no f in it"),
    ],
)
def test_a_source_that_cannot_stand_in_a_post_is_refused(
    blog: Path, read: Callable[[str], Post], source: str, cell: str, message: str
) -> None:
    """The error names the post's line and the package's."""
    _write(blog, source)
    post = read(cell.replace("{: .x}\n", "") + '{: data-source="mod:f"}\n')
    if not message:
        assert source in _filled(post, blog)
        return
    with pytest.raises(SnippetError, match=re.escape(message)) as caught:
        transclude(post, blog, {})
    assert str(caught.value).startswith("post:4: ")
    assert "mod.py" in str(caught.value)


def test_a_longer_fence_and_a_raw_block_let_any_source_in(
    blog: Path, read: Callable[[str], Post]
) -> None:
    """Braces within raw and fences within longer ones are the reader's; the end of raw is not."""
    _write(blog, 'def f():\n    """\n    ```\n    {{ x }}\n    """\n')
    body = '{% raw %}\n````python\n````\n{: data-source="mod:f"}\n{% endraw %}\n'
    assert "    {{ x }}\n" in _filled(read(body), blog)
    _write(blog, "def f():\n    return '{% endraw %}'\n")
    with pytest.raises(SnippetError, match="Liquid"):
        transclude(read(body), blog, {})
