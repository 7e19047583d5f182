"""Cells that take their text from elsewhere."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post, splice
from post_builder.errors import SnippetError
from post_builder.files import digest
from post_builder.site import Site
from post_builder.sources.transclusion import posts_used, texts_used, transclude

SOURCE = "def f(x):\n\n    return x  \n"
OUTPUT = '<!-- output -->\n<pre class="output stdout">x = 1\ny = 2</pre>\n<!-- /output -->\n'


def _write(blog: Path, source: str = SOURCE) -> None:
    blog.joinpath("mod.py").write_text(source, encoding="utf-8")


def _filled(post: Post, blog: Path, built: Mapping[str, str] | None = None) -> str:
    return splice(post.text, transclude(post, Site(blog), built or {}).edits())


@pytest.mark.parametrize(
    ("first", "rest"), [("", ""), ("- ", "  "), ("> ", "> "), ("1. ", "   "), ("> - ", ">   ")]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_empty_cell_is_filled(
    blog: Path, header: str, first: str, rest: str, newline: str
) -> None:
    """The source is written in the cell's list or quote, with the post's line endings."""
    _write(blog)
    lines = [f"{first}```python", f"{rest}```", f'{rest}{{: data-source="mod:f"}}', "", "End"]
    post = parse((header + "\n".join(lines)).replace("\n", newline))
    assert post is not None
    text = _filled(post, blog)
    filled = parse(text)
    assert filled is not None
    assert SOURCE == filled.cells[0].code
    assert text == _filled(filled, blog)
    body = f"{rest}def f(x):\n{rest.rstrip()}\n{rest}    return x  \n".replace("\n", newline)
    position = post.cells[0].body.start
    assert post.text[:position] + body + post.text[position:] == text


def test_a_prepared_cell_has_the_code_of_its_source(
    blog: Path, read: Callable[[str], Post]
) -> None:
    """The post itself stays as it is on disk; each line knows where it can be edited."""
    _write(blog, f"import os\n\n{SOURCE}")
    post = read('```python\n```\n{: #a .hide-input data-source="mod:f"}\n\n```python\ny\n```\n')
    prepared = transclude(post, Site(blog), {})
    assert [SOURCE, "y\n"] == [cell.code for cell in prepared.cells]
    assert ["a", "cell-2"] == [cell.name for cell in prepared.cells]
    assert [cell.options for cell in post.cells] == [cell.options for cell in prepared.cells]
    assert ["mod.py:3", "mod.py:4", "mod.py:5"] == [str(p) for p in prepared.cells[0].origin]
    assert () == prepared.cells[1].origin
    assert prepared.post is post


def test_a_hand_edit_is_refused_with_its_difference_and_both_places(
    blog: Path, read: Callable[[str], Post]
) -> None:
    """The message says which line of which file to edit instead."""
    _write(blog)
    post = read('```python\ndef f(x):\n    return 2 * x\n```\n{: #twice data-source="mod:f"}\n')
    with pytest.raises(SnippetError) as caught:
        transclude(post, Site(blog), {})
    expected = (
        "post:4: cell twice was edited by hand, but its text comes from mod:f\n"
        "    ```python\n"
        "--- mod.py\n"
        "+++ post\n"
        "@@ -1,4 +1,3 @@\n"
        " def f(x):\n"
        "+    return 2 * x\n"
        " \n"
        "-    return x  \n"
        "-\n"
        "help: make the change at mod.py:1; or empty the cell to restore the source"
    )
    assert expected == str(caught.value)


def test_output_of_another_post_is_protected_as_well(
    blog: Path, header: str, read: Callable[[str], Post]
) -> None:
    """Its places are lines of the page; a change belongs into the code that prints it."""
    other = f"{header}```python\n```\n{{: #xy}}\n{OUTPUT}"
    blog.joinpath("_posts/other.md").write_text(other, encoding="utf-8")
    source = '{: data-source="_posts/other.md#xy"}\n'
    prepared = transclude(read(f"```python\n```\n{source}"), Site(blog), {})
    assert "x = 1\ny = 2\n" == prepared.cells[0].code
    origin = prepared.cells[0].origin
    assert ["_posts/other.md:8", "_posts/other.md:9"] == [str(place) for place in origin]
    assert '<pre class="output stdout">x = 1' == origin[0].source
    with pytest.raises(SnippetError) as caught:
        transclude(read(f"```python\nx = 7\n```\n{source}"), Site(blog), {})
    message = "cell cell-1 was edited by hand, but its text comes from _posts/other.md#xy"
    assert message == caught.value.message
    expected = (
        "make the change in the code that prints _posts/other.md:8;"
        " or empty the cell to restore the source"
    )
    assert expected == caught.value.hint


def test_what_the_last_build_wrote_is_replaced(blog: Path, read: Callable[[str], Post]) -> None:
    """Text that nobody edited follows its source; so does a cell of white space."""
    _write(blog)
    old = "def f(x):\n    return 0\n"
    post = read(f'```python\n{old}```\n{{: #a data-source="mod:f"}}\n')
    assert SOURCE in _filled(post, blog, {"a": digest(old)})
    with pytest.raises(SnippetError, match="was edited by hand"):
        transclude(post, Site(blog), {"b": digest(old)})
    blank = read('```python\n\n  \n```\n{: #a data-source="mod:f"}\n')
    assert f"```python\n{SOURCE}```\n" in _filled(blank, blog)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "def f():\n    return '{{ x }}'\n",
            (
                "Liquid would interpret this line of cell cell-1\n"
                "    ```python\n"
                "mod.py:2: from here\n"
                "    return '{{ x }}'\n"
                "help: put {% raw %} on a line above the cell and {% endraw %} below it and its"
                " options"
            ),
        ),
        (
            'def f():\n    """\n    ```\n    """\n',
            (
                "cell cell-1: a line of its source would close the code block\n"
                "    ```python\n"
                "mod.py:3: from here\n"
                "    ```\n"
                "help: open and close the cell with a longer fence than ```"
            ),
        ),
        (
            "g = 1\n",
            (
                "cell cell-1, data-source='mod:f': there is no f in it\n"
                "    ```python\n"
                "mod.py: from here"
            ),
        ),
        (
            "# region f\n\n# endregion\n",
            "cell cell-1, data-source='mod:f': there is no f in it\n    ```python\nmod.py: from",
        ),
    ],
)
def test_a_source_that_cannot_be_in_a_post_is_refused(
    blog: Path, read: Callable[[str], Post], source: str, message: str
) -> None:
    """The error names the line of the post and that of the source."""
    _write(blog, source)
    with pytest.raises(SnippetError, match=f"^post:4: {re.escape(message)}"):
        transclude(read('```python\n```\n{: data-source="mod:f"}\n'), Site(blog), {})


def test_an_empty_source_is_refused(blog: Path, read: Callable[[str], Post]) -> None:
    """A cell without code would show nothing."""
    _write(blog, "# region f\n\n# endregion\n")
    with pytest.raises(SnippetError, match=r"^post:4: cell cell-1: mod#f is empty\n"):
        transclude(read('```python\n```\n{: data-source="mod#f"}\n'), Site(blog), {})


def test_a_longer_fence_and_a_raw_block_allow_any_source(
    blog: Path, read: Callable[[str], Post]
) -> None:
    """Braces in a raw block and fences in longer ones are text; the end of a raw block is not."""
    _write(blog, 'def f():\n    """\n    ```\n    {{ x }}\n    """\n')
    body = '{% raw %}\n````python\n````\n{: data-source="mod:f"}\n{% endraw %}\n'
    assert "    {{ x }}\n" in _filled(read(body), blog)
    _write(blog, "def f():\n    return '{% endraw %}'\n")
    with pytest.raises(SnippetError, match=r"^post:5: Liquid would interpret this line of cell"):
        transclude(read(body), Site(blog), {})


def test_the_posts_that_a_post_takes_output_from_are_found(
    blog: Path, header: str, read: Callable[[str], Post]
) -> None:
    """Each has the line of its first cell; other sources, and unreadable ones, are not posts."""
    blog.joinpath("_posts/a.md").write_text(
        f"{header}```python\n```\n{{: #xy}}\n{OUTPUT}", encoding="utf-8"
    )
    sources = ["mod:f", "_posts/a.md#xy", "_posts/b.md#z", "_posts/a.md#xy", "nothing at all"]
    cells = (f'```python\n```\n{{: data-source="{source}"}}\n' for source in sources)
    post = read("\n".join(cells))
    assert {"_posts/a.md": 8, "_posts/b.md": 12} == posts_used(post)
    assert ("x = 1\ny = 2\n",) * 2 == texts_used(post, Site(blog))
