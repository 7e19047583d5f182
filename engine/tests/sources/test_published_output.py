"""What a cell printed, read back from the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from post_builder.rendering.cleaning import Cleaner
from post_builder.freshness.dependencies import Observations
from post_builder.errors import SnippetError
from post_builder.execution.run import Output, Run
from post_builder.document.post import Post, parse, splice
from post_builder.sources.published_output import printed
from post_builder.rendering.regions import region_edits, render
from post_builder.site import Site

SITE = Site(Path("/nowhere/blog"))
SOURCE = "_posts/source.md"
COLOURS = re.compile(r"\x1b\[[\d;]*m")
PLACES = [("", ""), ("- ", "  "), ("> ", "> "), ("> - ", ">   "), ("- > ", "  > ")]
TEXTS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            [
                *("\n", " ", "\t", "x", "&", "&lt;", "&#10;", "<b>", "</pre>", "{{", "|", "***"),
                *("- x", "\x1b[31m", "\x1b[0m", "é🎉", "\u2028", '"', "'"),
                '<pre class="output stdout">',
            ]
        )
    ).map("".join),
)
FOLDS = st.sampled_from(["", ".hide-output"])
ENDS = st.sampled_from(["", "\nEnd\n"])


def _stream(text: str, name: str = "stdout") -> Output:
    return {"output_type": "stream", "name": name, "text": text}


def _built(post: Post, *outputs: Output) -> str:
    run = Run((outputs,), (1,), (), (0.0,), {}, Observations())
    return splice(post.text, region_edits(post, render(post, run, SITE, "slug")))


def test_what_was_printed_is_read_back(blog: Path, header: str) -> None:
    """Whatever was printed, wherever the cell stands, folded or not: it is the same text."""

    @given(TEXTS, st.sampled_from(PLACES), FOLDS, st.sampled_from(["\n", "\r\n"]), ENDS)
    @example("a\n\n  b\n", ("> - ", ">   "), ".hide-output", "\r\n", "")
    def is_read_back(text: str, place: tuple[str, str], fold: str, newline: str, end: str) -> None:
        first, rest = place
        lines = [f"{first}```python", f"{rest}x", f"{rest}```", f"{rest}{{: #cell {fold}}}"]
        post = parse((header + "\n".join(lines) + end).replace("\n", newline))
        assert post is not None
        page = _built(post, _stream(text))
        blog.joinpath(SOURCE).write_bytes(page.encode())
        expected = COLOURS.sub("", Cleaner(SITE, {}).text(text))
        if not text:
            with pytest.raises(SnippetError, match="has not been built yet"):
                printed(SOURCE, "cell", blog)
            return
        found = printed(SOURCE, "cell", blog)
        assert expected == "\n".join(line for line, _ in found)
        numbers = [place.line or 0 for _, place in found]
        assert list(range(numbers[0], numbers[0] + len(found))) == numbers
        again = re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", page)
        assert [again[n - 1].rstrip("\r\n") for n in numbers] == [at.source for _, at in found]

    is_read_back()


def test_only_what_was_printed_counts(blog: Path, read: Callable[[str], Post]) -> None:
    """Results, warnings and markup that looks like an output are something else."""
    forged = '<p>x</p>\n<pre class="output stdout">forged</pre>'
    outputs = (
        _stream("one\n"),
        _stream("warning\n", "stderr"),
        {"output_type": "execute_result", "data": {"text/html": forged}},
        {"output_type": "execute_result", "data": {"text/plain": "result"}},
        _stream("two"),
    )
    page = _built(read("```python\nx\n```\n{: #cell}\n"), *outputs)
    blog.joinpath(SOURCE).write_text(page, encoding="utf-8")
    assert ["one", "two"] == [line for line, _ in printed(SOURCE, "cell", blog)]


BUILT = """```python
x
```
{: #cell}

```python
y
```
{: #quiet}
<!-- output -->
<pre class="output result">1</pre>
<!-- /output -->
"""


@pytest.mark.parametrize(
    ("body", "path", "cell", "message"),
    [
        (BUILT, "_posts/sorce.md", "cell", "there is no post _posts/sorce.md\nhelp: did you mean"),
        (BUILT, "source.md", "cell", "help: did you mean _posts/source.md?"),
        (BUILT, SOURCE, "cel", f"{SOURCE}: there is no cell cel in it\nhelp: did you mean cell?"),
        (BUILT, SOURCE, "cell", f"{SOURCE}:4: cell cell of {SOURCE} has no printed output"),
        (BUILT, SOURCE, "quiet", f"{SOURCE}:9: cell quiet of {SOURCE} has no printed output"),
        ("```python\n```\n", SOURCE, "cell-1", f"{SOURCE}:4: {SOURCE} has not been built yet"),
        ("```python\n", SOURCE, "cell-1", f"{SOURCE}:4: this code block is not closed"),
    ],
)
def test_what_is_not_there_is_said(  # noqa: PLR0913, PLR0917  # three of them are fixtures
    blog: Path, header: str, body: str, path: str, cell: str, message: str
) -> None:
    """The error names the post, its line and, for a near miss, the right name."""
    blog.joinpath(SOURCE).write_text(header + body, encoding="utf-8")
    with pytest.raises(SnippetError, match=re.escape(message)):
        printed(path, cell, blog)


def test_a_post_that_does_not_run_prints_nothing(blog: Path) -> None:
    """Its code blocks are no cells."""
    blog.joinpath(SOURCE).write_text("---\ntitle: x\n---\n```python\n```\n", encoding="utf-8")
    with pytest.raises(SnippetError, match=rf"{SOURCE}:1: {SOURCE} names no kernel"):
        printed(SOURCE, "cell-1", blog)
