"""The output region of a cell, and the text of a value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from runs import made_up_run, printed, shown_text
from toysite import HEADER

from post_builder.document.parsing.parser import parse
from post_builder.document.post import Post, splice
from post_builder.execution.run import Output
from post_builder.rendering.regions.older import modern
from post_builder.rendering.regions.rendered import (
    RenderedCell,
    region_edits,
    render,
)
from post_builder.rendering.values import escape_value
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

Render = Callable[..., RenderedCell]

SITE = Site(Path("/nowhere/blog"))

HTML: Output = {"output_type": "display_data", "data": {"text/html": "<b>1</b>"}, "metadata": {}}


def test_outputs_are_between_markers_in_their_order(rendered: Render) -> None:
    """A blank line ends each `<div>`: CommonMark takes what follows directly for HTML as well."""
    expected = (
        f"<!-- output -->\n{shown_text('a')}\n\n"
        '<div class="output html"><b>1</b></div>\n\n'
        f"{shown_text('b')}\n\n<!-- /output -->"
    )
    assert expected == rendered(printed("a"), HTML, printed("b")).region


def test_a_cell_without_output_has_no_region(rendered: Render) -> None:
    """Nor has one whose output is removed; a removed figure needs no alt text."""
    assert RenderedCell("") == rendered()
    figure = {"output_type": "display_data", "data": {"image/png": "no image"}, "metadata": {}}
    body = "```python\nx\n```\n{: .remove-output}\n"
    assert RenderedCell("") == rendered(printed("a"), figure, body=body)


def test_a_hidden_output_is_folded(rendered: Render) -> None:
    """It is there for those who unfold it."""
    region = rendered(printed("a"), body="```python\nx\n```\n{: .hide-output}\n").region
    expected = (
        '<!-- output -->\n<details class="output-fold"><summary>Output</summary>\n\n'
        f"{shown_text('a')}\n\n</details>\n\n<!-- /output -->"
    )
    assert expected == region


@pytest.mark.parametrize(
    ("first", "rest", "empty"), [("- ", "  ", ""), ("> ", "> ", ">"), ("> 1. ", ">    ", ">")]
)
def test_a_region_has_the_prefix_of_its_cell(
    rendered: Render, first: str, rest: str, empty: str
) -> None:
    """In a list or a quote each line belongs to it; an empty line has no spaces at its end."""
    body = f"{first}```python\n{rest}x\n{rest}```\n"
    expected = (
        f"{rest}<!-- output -->\n{rest}{shown_text(f'a{chr(10)}{rest}&#10;b')}\n{empty}\n"
        f"{rest}<!-- /output -->"
    )
    assert expected == rendered(printed("a\n\nb"), body=body).region


LINES = [
    "***",
    "- - -",
    "__ _",
    "* a",
    "+ a",
    "1. a",
    "12. a",
    "  - a",
    "-a",
    "1.a",
    "*a*",
    "a - b",
]


def test_what_looks_like_a_list_in_a_list_is_text(rendered: Render) -> None:
    """Kramdown would take it for a rule or an item even inside an element; not elsewhere."""
    text = "\n".join(["first", *LINES])
    in_list = rendered(printed(text), body="- ```python\n  x\n  ```\n").region.split("\n  ")[2:-1]
    expected = [
        *("&#42;**", "&#45; - -", "&#95;_ _", "&#42; a", "&#43; a", "1&#46; a", "12&#46; a"),
        *("  &#45; a", "-a", "1.a", "*a*", "a - b</pre></div></div>\n"),
    ]
    assert expected == in_list
    for body in ("> ```python\n> x\n> ```\n", "```python\nx\n```\n"):
        assert "- - -\n" in rendered(printed(text), body=body).region.replace("> ", "")


def build(text: str, outputs: list[list[Output]], values: list[str]) -> str:
    """Return the text of a post with given outputs and values in it."""
    post = parse(text)
    assert post is not None
    run = made_up_run(transclude(post, SITE, {}), outputs, values)
    return splice(post.text, region_edits(post, render(post, run, SITE, "slug")))


BODY = (
    "```python\nx\n```\n<!-- output -->\nold\n<!-- /output -->\n\n"
    '<span data-value="a">0</span> <span data-value="b">0</span>\n\n'
    '```python\ny\n```\n\n<span data-value="c">0</span>\n'
)


def test_regions_and_values_are_put_where_they_belong(header: str) -> None:
    """An old region is replaced, a new one is below its cell; each value is its own."""
    region = f"<!-- output -->\n{shown_text('{}')}\n\n<!-- /output -->\n"
    expected = (
        f"```python\nx\n```\n{region.format('one')}\n"
        '<span data-value="a">1</span> <span data-value="b">a&#95;b</span>\n\n'
        f'```python\ny\n```\n{region.format("two")}\n<span data-value="c">3</span>\n'
    )
    text = build(header + BODY, [[printed("one")], [printed("two")]], ["1", "a_b", "3"])
    assert header + expected == text
    assert header + expected.replace(region.format("one"), "") == build(
        text, [[], [printed("two")]], ["1", "a_b", "3"]
    )


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_text_without_a_final_newline_stays_without(header: str, newline: str) -> None:
    """Its last region ends as it did, and is found again."""
    text = f"{header}\n```python\nx\n```".replace("\n", newline)
    built = build(text, [[printed("a")]], [])
    region = f"\n<!-- output -->\n{shown_text('a')}\n\n<!-- /output -->"
    assert text + region.replace("\n", newline) == built
    assert built == build(built, [[printed("a")]], [])
    assert text == build(built, [[]], [])


def test_what_is_there_already_is_not_edited(header: str) -> None:
    """Only what differs is an edit."""
    post = parse(build(header + BODY, [[printed("one")], []], ["1", "2", "3"]))
    assert post is not None
    run = made_up_run(transclude(post, SITE, {}), [[printed("one")], []], ["1", "9", "3"])
    edits = region_edits(post, render(post, run, SITE, "slug"))
    assert [(post.values[1].span, "9")] == edits


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("97.43%", "97.43%"),
        ("1,234.5", "1,234.5"),
        ("-0.5 + 1e-3 = (a/b); c: d", "-0.5 + 1e-3 = (a/b); c: d"),
        ("a_b*c", "a&#95;b&#42;c"),
        ("1--2...", "1&#45;&#45;2&#46;&#46;&#46;"),
        ("<b>|{{x}}", "&#60;b&#62;&#124;&#123;&#123;x&#125;&#125;"),
        ("  x  y ", "&#32; x&#32; y&#32;"),
        ("\x07\x85", "&#65533;&#65533;"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("é 🎉", "é &#127881;"),
    ],
)
def test_values_are_escaped_where_they_must(value: str, expected: str) -> None:
    """Plain numbers stay as they are, for the author to read."""
    assert expected == escape_value(value)


def test_values_of_a_run_are_escaped(read: Callable[[str], Post]) -> None:
    """In the cell after which they were computed."""
    prepared = transclude(read('```python\nx\n```\n\n<span data-value="a">0</span>\n'), SITE, {})
    run = made_up_run(prepared, [[]], ["a*b"])
    assert (RenderedCell("", (), ("a&#42;b",)),) == render(prepared.post, run, SITE, "slug")


def test_a_stored_output_of_an_older_version_is_written_in_the_markup_of_this_one() -> None:
    """With the words that it has: its cell may have lost its own."""
    older = (
        "<!-- output -->\n"
        '<pre class="output stdout">a\n\nb</pre>\n'
        '{% include figure image_path="/a.png" alt="A & b" caption="*c*" width="9" height="9" %}\n'
        "<!-- /output -->"
    )
    post = parse(f"{HEADER}```python\nx\n```\n")
    assert post is not None
    written = modern(older, post, SITE)
    assert written == modern(written, post, SITE)
    assert written.startswith(f"<!-- output -->\n{shown_text(f'a{chr(10)}&#10;b')}\n\n<figure")
    assert 'alt="A &amp; b" width="9" height="9" loading="lazy"' in written
    assert written.endswith("<figcaption><em>c</em></figcaption></figure>\n\n<!-- /output -->")
