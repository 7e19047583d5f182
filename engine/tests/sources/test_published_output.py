"""What a cell printed, read back from the page."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from runs import made_up_run, printed

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post, splice
from post_builder.errors import SnippetError
from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.rendering.text.cleaner import TextCleaner
from post_builder.site import Site
from post_builder.sources.published_output import published_output
from post_builder.sources.transclusion import transclude

SITE = Site(Path("/nowhere/blog"))
SOURCE = "_posts/source.md"
COLOURS = re.compile(r"\x1b\[[\d;]*m")
PREFIXES = [("", ""), ("- ", "  "), ("> ", "> "), ("> - ", ">   "), ("- > ", "  > ")]
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


def _built(post: Post, *outputs: Output) -> str:
    run = made_up_run(transclude(post, SITE, {}), [outputs])
    return splice(post.text, region_edits(post, render(post, run, SITE, "slug")))


def test_what_was_printed_is_read_back(blog: Path, header: str) -> None:
    """It is the same text, whatever was printed, wherever the cell is, folded or not."""

    @given(TEXTS, st.sampled_from(PREFIXES), FOLDS, st.sampled_from(["\n", "\r\n"]), ENDS)
    @example("a\n\n  b\n", ("> - ", ">   "), ".hide-output", "\r\n", "")
    def is_read_back(text: str, prefix: tuple[str, str], fold: str, newline: str, end: str) -> None:
        first, rest = prefix
        lines = [f"{first}```python", f"{rest}x", f"{rest}```", f"{rest}{{: #cell {fold}}}"]
        post = parse((header + "\n".join(lines) + end).replace("\n", newline))
        assert post is not None
        page = _built(post, printed(text))
        blog.joinpath(SOURCE).write_bytes(page.encode())
        expected = COLOURS.sub("", TextCleaner(SITE, {}).text(text))
        if not TextCleaner(SITE, {}).text(text).strip():
            with pytest.raises(SnippetError, match="has not been built yet"):
                published_output(Site(blog), SOURCE, "cell")
            return
        found = published_output(Site(blog), SOURCE, "cell")
        assert f"{expected}\n" == found.code
        numbers = [place.line or 0 for place in found.places]
        assert found.code.count("\n") == len(numbers)
        assert {0, 1} >= {after - before for before, after in pairwise(numbers)}
        on_page = re.findall(r"[^\r\n]*(?:\r\n|\r|\n|\Z)", page)
        assert [on_page[n - 1].rstrip("\r\n") for n in numbers] == [p.source for p in found.places]
        assert {SOURCE} == {place.path for place in found.places}

    is_read_back()


def test_only_what_was_printed_counts(blog: Path, read: Callable[[str], Post]) -> None:
    """Results, warnings and markup that looks like an output are left out."""
    forged = '<p>x</p>\n<pre class="output stdout">forged</pre>'
    outputs = (
        printed("one\n"),
        printed("warning\n", "stderr"),
        {"output_type": "execute_result", "data": {"text/html": forged}},
        {"output_type": "execute_result", "data": {"text/plain": "result"}},
        printed("two"),
    )
    page = _built(read("```python\nx\n```\n{: #cell}\n"), *outputs)
    blog.joinpath(SOURCE).write_text(page, encoding="utf-8")
    assert "one\ntwo\n" == published_output(Site(blog), SOURCE, "cell").code


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
NOT_PRINTED = (
    "    ```python\n"
    "help: the cell must print to stdout, and its post must have been built since it does"
)


@pytest.mark.parametrize(
    ("body", "path", "cell", "message"),
    [
        (
            BUILT,
            "_posts/sorce.md",
            "cell",
            f"there is no post _posts/sorce.md\nhelp: did you mean {SOURCE}?",
        ),
        (BUILT, "source.md", "cell", f"there is no post source.md\nhelp: did you mean {SOURCE}?"),
        (BUILT, "x", "cell", "there is no post x\nhelp: paths are relative to the site's root"),
        (BUILT, SOURCE, "cel", f"{SOURCE}: there is no cell cel in it\nhelp: did you mean cell?"),
        (BUILT, SOURCE, "other", f"{SOURCE}: there is no cell other in it"),
        (
            BUILT,
            SOURCE,
            "cell",
            f"{SOURCE}:4: cell cell of {SOURCE} has no printed output\n{NOT_PRINTED}",
        ),
        (
            BUILT,
            SOURCE,
            "quiet",
            f"{SOURCE}:9: cell quiet of {SOURCE} has no printed output\n{NOT_PRINTED}",
        ),
        (
            "```python\n```\n",
            SOURCE,
            "cell-1",
            (
                f"{SOURCE}:4: {SOURCE} has not been built yet\n"
                "    ```python\nhelp: build that post first"
            ),
        ),
        (
            "```python\n",
            SOURCE,
            "cell-1",
            (
                f"{SOURCE}:4: this code block is not closed\n"
                "    ```python\nhelp: end it with a line of ```"
            ),
        ),
    ],
)
def test_an_output_that_is_not_found_is_an_error(  # noqa: PLR0913, PLR0917  # two are fixtures
    blog: Path, header: str, body: str, path: str, cell: str, message: str
) -> None:
    """The error names the post, its line and, for a near miss, the right name."""
    blog.joinpath(SOURCE).write_text(header + body, encoding="utf-8")
    with pytest.raises(SnippetError, match=f"^{re.escape(message)}$"):
        published_output(Site(blog), path, cell)


def test_a_post_that_does_not_run_prints_nothing(blog: Path) -> None:
    """Its code blocks are not cells."""
    blog.joinpath(SOURCE).write_text("---\ntitle: x\n---\n```python\n```\n", encoding="utf-8")
    message = f"^{SOURCE}:1: {SOURCE} does not name a kernel, so it never runs$"
    with pytest.raises(SnippetError, match=message):
        published_output(Site(blog), SOURCE, "cell-1")
