"""Outputs as blocks of Markdown: each in the richest form that a page can show."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from runs import printed, shown_text

from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import RenderedCell
from post_builder.rendering.text.streams import merge_streams

Render = Callable[..., RenderedCell]

REL = ' rel="noopener noreferrer"'

TRUSTED = "```python\nx\n```\n{: .trusted-html}\n"


def result(**data: str) -> Output:
    """Return what a cell showed, in the forms `html`, `markdown`, `latex` and `plain`."""
    bundle = {f"text/{form}": text for form, text in data.items()}
    return {"output_type": "execute_result", "data": bundle, "metadata": {}}


def shown(cell: RenderedCell) -> str:
    """Return what is between the markers of a region."""
    found = re.fullmatch(r"<!-- output -->\n(.*?)\n*<!-- /output -->", cell.region, re.DOTALL)
    assert found is not None
    return found[1]


def test_streams_are_joined_stdout_first() -> None:
    """The order in which two streams arrive is random, so it is not published."""
    parts = [("stderr", "e1\n"), ("stdout", "a"), ("stderr", "e2\n"), ("stdout", "b\n")]
    merged = list(merge_streams([printed(text, name) for name, text in parts]))
    assert [printed("ab\n"), printed("e1\ne2\n", "stderr")] == merged


def test_another_output_parts_streams() -> None:
    """What was printed before a result stays before it; an empty stream goes."""
    outputs = [printed("a"), result(plain="1"), printed("", "stderr"), printed("b"), printed("c")]
    merged = list(merge_streams(outputs))
    assert [printed("a"), result(plain="1"), printed("bc")] == merged


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (printed("out"), shown_text("out")),
        (printed("err 3 s", "stderr"), shown_text("err … s", "stderr")),
        (result(plain="1 s"), shown_text("1 s", "result")),
        (
            {"output_type": "error", "traceback": ["Cell In[1], line 1", "E"]},
            shown_text("Cell plot, line 1\nE", "error"),
        ),
    ],
)
def test_text_is_preformatted_with_its_kind_as_class(
    rendered: Render, output: Output, expected: str
) -> None:
    """What is printed to stdout and results stay exact; stderr is a log."""
    assert expected == shown(rendered(output))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\tb  \nc ", "a&#9;b&#32;&#32;\nc&#32;"),
        ("  a  b", "  a  b"),
        ("\n\nx\n\n", "\n&#10;&#10;x\n"),
        ("{{ x }} {% y %} a|b", "&#123;&#123; x &#125;&#125; &#123;% y %&#125; a&#124;b"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("\x1b[31m{ \x1b[0m", '<span class="ansi-red-fg">&#123; </span>'),
    ],
)
def test_nothing_printed_is_markup(rendered: Render, text: str, expected: str) -> None:
    """Neither HTML, Liquid nor Markdown; browsers drop a first newline, editors final spaces."""
    assert shown_text(expected) == shown(rendered(printed(text)))


def test_a_result_has_the_richest_form_that_a_page_can_show(rendered: Render) -> None:
    """HTML before Markdown, Markdown before a formula, a formula before text."""
    forms = {"html": "<b>h</b>", "markdown": "*m*", "latex": "$l$", "plain": "p"}
    classes = []
    for form in ("html", "markdown", "latex", "plain"):
        classes += re.findall(r'class="output (\w+)', rendered(result(**forms)).region)
        del forms[form]
    assert ["html", "markdown", "latex", "result"] == classes
    assert "" == rendered(result()).region


def test_markdown_becomes_html(rendered: Render) -> None:
    """With tables; markup in it is cleaned like any other."""
    text = "**b** a | b\n\n| c |\n|---|\n| d |\n\n<script>evil()</script>"
    block = shown(rendered(result(markdown=text)))
    assert block.startswith('<div class="output markdown"><p><strong>b</strong> a &#124; b</p>')
    assert "<td>d</td>" in block
    assert "evil" not in block


@pytest.mark.parametrize("latex", [r"$\frac{1}{2}$", r"$$\frac{1}{2}$$", r" \frac{1}{2} "])
def test_a_formula_becomes_mathml(rendered: Render, latex: str) -> None:
    """As a block of its own, with or without dollars around it."""
    block = shown(rendered(result(latex=latex)))
    assert block.startswith('<div class="output latex"><math ')
    assert 'display="block"' in block
    assert "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>2</mn></mrow></mfrac>" in block
    assert "$" not in block


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        (
            "<b onclick='x()' class=\"c\" id='i' title='JavaScript: x'>1</b>",
            '<b title="JavaScript: x">1</b>',
        ),
        ("<a href=' java\nscript:x()'>1</a>", f"<a{REL}>1</a>"),
        ("<a href='x-javascript:'>1</a>", f"<a{REL}>1</a>"),
        ("<p class='dataframe x'>1</p>", '<p class="dataframe">1</p>'),
        ("<script>x()</script><style>i {color: red}</style><b>1</b>", "<b>1</b>"),
        ("<!-- a --><!DOCTYPE html><?php 1 ?><b>1</b>", "<b>1</b>"),
        ("a\r\nb \rc\t\n<b>d</b>", "a\nb\nc\n<b>d</b>"),
        ("<p>a\n\n\nb</p>", "<p>a\n&#10;&#10;b</p>"),
        (
            "<i>{{ a }} | {% b %}\tc</i>",
            "<i>&#123;&#123; a &#125;&#125; &#124; &#123;% b %&#125;&#9;c</i>",
        ),
        ("<i>/nowhere/blog/x.csv \x07</i>", "<i>x.csv \ufffd</i>"),
        ("<i>\x1b[31mred\x1b[0m</i>", "<i>red</i>"),
    ],
)
def test_html_is_cleaned(rendered: Render, markup: str, expected: str) -> None:
    """Scripts, handlers, styles and comments go; nothing ends the block or is interpreted."""
    block = shown(rendered(result(html=markup)))
    assert f'<div class="output html">{expected}</div>' == block


def test_trusted_html_is_a_page_in_a_frame(rendered: Render) -> None:
    """Byte for byte; its scripts run there, and do not reach the page around the frame."""
    markup = (
        "<style>b {}</style><pre>a\n\n\nb</pre>\n\n<script>let a = {b: 1};</script>{% endraw %}"
    )
    cell = rendered(result(html=markup), body=TRUSTED)
    (page,) = cell.figures
    assert "assets/images/slug/cell-1.html" == page.path
    assert markup.encode() in page.data
    assert "allow-same-origin" not in cell.region
    frame = (
        "<iframe src=\"{{ '/assets/images/slug/cell-1.html' | relative_url }}\""
        ' sandbox="allow-scripts '
    )
    assert frame in cell.region


def test_only_html_of_a_trusted_cell_is_trusted(rendered: Render) -> None:
    """Markdown with a script in it is cleaned in any cell."""
    markdown = result(markdown="a <script>evil()</script>")
    assert "evil" not in rendered(markdown, body=TRUSTED).region
