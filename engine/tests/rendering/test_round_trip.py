"""What must hold for every post and every output, whatever is in them."""

from itertools import pairwise
from pathlib import Path

from hypothesis import assume, event, given
from hypothesis import strategies as st
from runs import made_up_run
from toysite import HEADER

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Cell, Post, splice
from post_builder.errors import PostError
from post_builder.execution.run import Output, Run
from post_builder.rendering.regions.rendered import region_edits, render
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

HEADERS = st.sampled_from(
    [mark + lines for mark in ("", "\ufeff") for lines in (HEADER, HEADER.replace("\n", "\r\n"))]
)
"""With and without a byte order mark, with either line ending."""

SITE = Site(Path("/nowhere/blog"))
PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
)

FRAGMENTS = [
    *(
        "```python",
        "```",
        "~~~python",
        "~~~",
        "````python",
        "````",
        "```",
        "``` python x",
        "`",
        "``",
    ),
    *("- ", "1. ", "> ", ">", "  ", "   ", "    ", "\t", "# ", "***", "---", "===", "|", "^", ": "),
    *("<!-- output -->", "<!-- /output -->", "<!--", "-->", "<pre>", "</pre>", "<div>", "</div>"),
    *("{: #a}", "{: .hide-output}", '{: data-alt="x"}', "{:", "}", "{{ x }}", "{%", "%}", "[a]: b"),
    *(
        "{% raw %}",
        "{% endraw %}",
        "{% comment %}",
        "{% endcomment %}",
        "&amp;",
        "&#10;",
        "\\",
        '"',
    ),
    *(
        '<span data-value="x">1</span>',
        "<span data-value='y:.1%'>",
        "</span>",
        "<span ",
        "data-value",
    ),
    *("x = 1", "text", "é🎉", "\u2028", "\x0c", "\x0b", "\x85", "\xa0", "\ufeff", "\x00", "\x1c"),
]
"""What has broken tools of this kind before."""

LINE_ENDS = st.sampled_from(["\n"] * 6 + ["\r\n", "\r", ""])
LINES = st.builds(
    lambda fragments, end: "".join(fragments) + end,
    st.lists(st.sampled_from(FRAGMENTS), max_size=4),
    LINE_ENDS,
)
PREFIXES = st.sampled_from(
    [("", ""), ("- ", "  "), ("> ", "> "), ("1. ", "   "), ("> - ", ">   "), ("- > ", "  > ")]
)


@st.composite
def cells(draw: st.DrawFn) -> str:
    """Write a code block with options in a list, in a quote, or in neither."""
    first, rest = draw(PREFIXES)
    fence = draw(st.sampled_from(["```", "~~~", "`````"]))
    code = draw(
        st.lists(st.sampled_from(["x = 1", "", "\ty", "# <!-- output -->", "s = '\x0c\u2028'"]))
    )
    options = [
        "",
        '{: data-alt="a \\"b\\" | \\}" data-caption="*c* %}"}'.replace("%}", "%\\}"),
        "{: .hide-output}",
    ]
    attributes = draw(st.sampled_from(options))
    lines = [f"{fence}python", *code, fence, *([attributes] if attributes else [])]
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    prefixed = [(first if number == 0 else rest) + line for number, line in enumerate(lines)]
    return newline + newline.join(prefixed) + newline


PARAGRAPHS = st.sampled_from(
    [
        '\nText with <span data-value=\'x\'>1</span> and <span class="n" data-value="y"></span>.\n',
        "\n| a | <span data-value='x'>1</span> |\n\n",
        "\n\n",
        "\n<!-- a comment\n```python\n-->\n",
        "\n{% raw %}\n",
        "\n{% endraw %}\n",
        "\n- item\n\n",
        "\n> quote\n\n",
    ]
)
BODIES = st.lists(st.one_of(LINES, cells(), cells(), PARAGRAPHS), max_size=14).map("".join)

TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from([*FRAGMENTS, "\n", "\r", "\b", "\x1b[31m"])).map("".join)
)
MARKUP = [
    *(*FRAGMENTS, "\n", "\n\n", "<table>", "<td>1</td>", "<script>", "</script>"),
    *("<style>a{}</style>", "<br/>", "<p onclick='x'>", "<textarea>", "<!DOCTYPE html>"),
    *("<![CDATA[x]]>", "<?php ?>", "<b", "</pre>", "<a href='\n\n'>"),
]
HTML = st.lists(st.sampled_from(MARKUP)).map("".join)


@st.composite
def outputs(draw: st.DrawFn, cell: Cell) -> Output:
    """Make what a kernel may send; a figure only where it may be published."""
    kinds = ["stdout", "stderr", "result", "html", "error"]
    kinds += ["image", "image"] if cell.options.alt and not cell.region_in_raw else []
    kind = draw(st.sampled_from(kinds))
    if kind in {"stdout", "stderr"}:
        return {"output_type": "stream", "name": kind, "text": draw(TEXTS)}
    if kind == "error":
        return {"output_type": "error", "ename": "E", "evalue": "", "traceback": [draw(TEXTS)]}
    data = {"text/plain": draw(TEXTS)}
    if kind == "html":
        data["text/html"] = draw(HTML)
    if kind == "image":
        data["image/png"] = PIXEL
    return {"output_type": "display_data", "data": data, "metadata": {}}


def _post(text: str) -> Post | None:
    try:
        return parse(text)
    except PostError:
        return None


def _outside(post: Post) -> list[str]:
    """Return the text between the regions and values of a post."""
    spans = sorted([*(cell.region for cell in post.cells), *(value.span for value in post.values)])
    starts, ends = (
        [0, *(span.end for span in spans)],
        [*(span.start for span in spans), len(post.text)],
    )
    return [post.text[start:end] for start, end in zip(starts, ends, strict=True)]


def _run(post: Post, data: st.DataObject) -> Run:
    line = TEXTS.map(lambda text: text.replace("\n", ""))
    return made_up_run(
        transclude(post, SITE, {}),
        [data.draw(st.lists(outputs(cell), max_size=3)) for cell in post.cells],
        [data.draw(line) for _ in post.values],
    )


@given(
    st.one_of(
        BODIES, BODIES.map(lambda body: HEADER + body), st.text(), st.text().map(HEADER.__add__)
    )
)
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    """No text makes the parser fail except with an error that the author can fix."""
    refusal = None
    post = None
    try:
        post = parse(text)
    except PostError as error:
        refusal = error
    if refusal:
        lines = len(text.splitlines()) + text.count("\r")
        assert refusal.place is not None
        assert 1 <= (refusal.place.line or 0) <= max(1, lines)
    if post:
        spans = sorted(s for cell in post.cells for s in (cell.body, cell.region))
        assert all(before.end <= after.start for before, after in pairwise(spans))


@given(HEADERS, BODIES, st.data())
def test_a_build_touches_nothing_but_outputs_and_values(
    header: str, body: str, data: st.DataObject
) -> None:
    """For any post and any outputs: build after build is identity, and the rest never changes."""
    post = _post(header + body)
    event("a post that runs" if post and post.cells else "no cell, or refused")
    assume(post is not None and post.cells)
    assert post is not None
    run = _run(post, data)
    rendered = render(post, run, SITE, "slug")
    event("with figures" if any(cell.figures for cell in rendered) else "without figures")
    text = splice(post.text, region_edits(post, rendered))
    again = parse(text)
    assert again is not None
    assert [cell.code for cell in post.cells] == [cell.code for cell in again.cells]
    assert [cell.options for cell in post.cells] == [cell.options for cell in again.cells]
    assert [v.expression for v in post.values] == [v.expression for v in again.values]
    assert _outside(post) == _outside(again)
    assert [] == region_edits(again, render(again, run, SITE, "slug"))
    bare = parse(splice(text, [(cell.region, "") for cell in again.cells]))
    assert bare is not None
    clean = splice(post.text, [(cell.region, "") for cell in post.cells])
    assert _outside(_sure(clean)) == _outside(bare)


def _sure(text: str) -> Post:
    post = parse(text)
    assert post is not None
    return post
