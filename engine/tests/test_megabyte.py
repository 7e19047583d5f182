"""A megabyte of anything in a post, or printed by a cell, takes less than a second to read.

Bounds are in time of the processor, and longer on one that takes longer for a loop of additions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from runs import made_up_run, printed
from toysite import HEADER

from post_builder.document.parsing.parser import inspect, parse
from post_builder.errors import RenderError
from post_builder.execution.run import Output
from post_builder.rendering.regions.rendered import render
from post_builder.settings import Settings
from post_builder.site import Site
from post_builder.sources.transclusion import transclude

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SIZE = 1_000_000
CELL = "```python\nx = 1\n```\n\n"
WORDS = "Some prose with plain words and a little more of them, as people write. "

PROSE = {
    "flat list": "- an item of a list\n",
    "tiny items": "- a\n",
    "bullets in turn": "- a\n* b\n",
    "items in items": "- - a\n",
    "numbers in items": "- 1. * a\n",
    "quotes in items": "- > a\n",
    "attributes below items": "- a\n{: .b}\n",
    "headings in items": "- # a\n",
    "underlined headings in items": "- a\n  -\n",
    "empty items": "-\n",
    "numbers in brackets": "1) a\n",
    "numbers and bullets in turn": "1. a\n- b\n",
    "two kinds of numbers in turn": "1. a\n2) b\n",
    "code in items": "-     a\n",
    "HTML in tiny items": "- <p>\n",
    "open HTML in loose items": "- a\n\n  <p>\n",
    "fences in tiny items": "- ```\n",
    "cells in items": "- ```python\n  x\n  ```\n",
    "loose list": "- an item\n\n",
    "numbers": "1. an item of a list\n",
    "nested list": "- one\n  - two\n    - three\n",
    "lists in lists": "1. one\n   - two\n\n     three\n",
    "lazy lines": "- an item\nthat goes on\n",
    "twenty levels": "".join(f"{'  ' * depth}- a\n" for depth in range(20)),
    "long paragraphs": WORDS * 20 + "\n\n",
    "tiny paragraphs": "a\n\n",
    "tiny lines": "a\n",
    "one line": WORDS,
    "table": "| a | b |\n",
    "quote": "> a line of a quote\n",
    "nested quotes": "> a\n> > b\n> > > c\n\n",
    "lists in quotes": "> - a\n>   - b\n\n",
    "list in a quote": "> - a\n",
    "quotes and empty items in turn": "> a\n-\n",
    "quotes and items in turn": "> a\n- b\n",
    "empty quotes and HTML in items in turn": ">\n- <p>\n",
    "quotes and fences in turn": "> a\n~~~\n",
    "headings in items and text in turn": "- # a\n&\n",
    "HTML in items apart": "- <p>\n\n",
    "headings in quotes above text": "> # a\nb\n",
    "HTML in quotes above quotes": "> > <p>\n> a\n",
    "empty quotes apart": ">\n\n",
    "fences in quotes apart": "> ```\n\n",
    "items and fences in quotes in turn": "- a\n> ```\n",
    "fences in items and quotes in turn": "- ```\n> - b\n",
    "HTML in items above items": "- <p>\n  - n\n",
    "HTML blocks": '<div class="a">\n<p>b</p>\n</div>\n\n',
    "HTML in lists": "- an item\n\n  <p>a paragraph</p>\n\n",
    "open divs": "<div>\n",
    "divs with Markdown": '<div markdown="1">\n\ntext\n\n</div>\n\n',
    "code spans": "Some `code` and ``more ` code`` here.\n",
    "backticks": "`a ``b ```c ",
    "links": "A [link](/a/b) and [another][c] and <https://a.b>.\n",
    "brackets": "[a ",
    "formulas": "A formula $$x^2$$ in a line.\n\n",
    "formulas apart": "$$\nx\n$$\n\n",
    "comments": "<!-- a comment -->\n\n",
    "open comments": "<!-- ",
    "open outputs": "{{ ",
    "open extensions": "{::comment}\n",
    "extensions with other ends": "{::comment}\n{:/nomarkdown}\n",
    "tags": "{% if a %}b{% endif %} ",
    "figures": '{% include figure image_path="/a.png" alt="b" %}\n\n',
    "open spans": "<span ",
    "open values": '<span data-value="',
    "headings": "# A heading\n\n",
    "underlined headings": "A heading\n=========\n\n",
    "tiny headings": "# a\n",
    "tiny underlined headings": "a\n-\n",
    "attributes": "{: .a}\n",
    "attributes below": "Some text.\n{: .a #b}\n\n",
    "tiny cells": "```python\nx\n```\n",
    "tiny sessions": "```pycon\n>>> 1\n1\n```\n",
    "fences": "```text\nsome text\n```\n\n",
    "open fences": "```text\nsome text\n\n",
    "fences in lists": "- an item\n\n  ```text\n  some text\n  ```\n\n",
    "misspelt fences": "```pythn\nx = 1\n```\n\n",
    "tiny rules": "---\n",
    "HTML rules": "<hr>\n\n",
    "tiny fences": "~~~\n~~~\n",
    "fences in quotes": "> ```\n> a\n> ```\n\n",
    "indented code": "    some code\n\ntext\n\n",
    "values": 'A <span data-value="x">1</span>.\n\n',
    "values in a line": '<span data-value="x">1</span> ',
    "empty lines": "\n",
    "line ends of Windows": "a line\r\n\r\n",
}
"""Pieces of posts, repeated."""

WHOLE = {
    "an HTML block": "<div>\n" + "<p>a line of it</p>\n" * (SIZE // 20) + "</div>\n",
    "HTML in one item": "- a\n" + "  <p>a paragraph</p>\n" * (SIZE // 21),
    "paragraphs in one item": "- a\n\n" + "  a paragraph\n\n" * (SIZE // 15),
    "a fence": "```text\n" + "a line of it\n" * (SIZE // 13) + "```\n",
    "a cell": "```python\n" + "x = 1  # a line\n" * (SIZE // 16) + "```\n",
    "twenty thousand cells": "```python\nx = 1\nprint('a number', x)\n```\n\n" * 20_000,
    "a list above a value": "- an item\n" * (SIZE // 10) + '- <span data-value="x">1</span>\n',
    **{f"a heading of {mark}": f"# {mark * (SIZE // len(mark))}\n" for mark in ("[", "*a ", "<")},
}
"""Posts of one piece."""

ROW = "<tr><th>1</th><td>0.123456</td><td>abc</td><td>2020-01-01</td></tr>\n"
IMAGE = '<img src="data:image/png;base64,iVBORw0KGgo=">'


def _displayed(kind: str, unit: str, before: str = "", after: str = "") -> Output:
    text = f"{before}{unit * ((SIZE - 1_000) // len(unit))}{after}"
    return {"output_type": "display_data", "data": {kind: text, "text/plain": "a"}, "metadata": {}}


def _printed(unit: str, name: str = "stdout") -> Output:
    return printed(unit * (SIZE // len(unit)), name)


def _ended(output: Output, end: str) -> Output:
    """Return an output with an end of its own, since `watch` keeps what it cleaned and searched."""
    if output["output_type"] == "error":
        return {**output, "traceback": [*output["traceback"], end]}
    if output["output_type"] == "stream":
        return {**output, "text": output["text"] + end}
    return {**output, "data": {kind: text + end for kind, text in output["data"].items()}}


FRAME = "\x1b[0;36mCell In[1], line 3\x1b[0m\n\x1b[0;32m----> 1\x1b[0m x\n"
OUTPUTS: dict[str, Output] = {
    "lines": _printed("Epoch 1: loss 0.123, accuracy 0.987\n"),
    "tiny lines": _printed("a\n"),
    "one line": _printed("x"),
    "paths": _printed("/home/x/y.py and a/b\n"),
    "colours": _printed("\x1b[31mred\x1b[0m and \x1b[1;32mgreen\x1b[0m\n"),
    "a colour each": _printed("\x1b[31mx"),
    "progress bars": _printed("\r 10%|█ | 1/10 [00:00<00:09, 1.2it/s]", "stderr"),
    "backspaces": _printed("a\b"),
    "a log": _printed("2020-01-01 00:00:00 INFO x took 3 ms\n", "stderr"),
    "text with escapes": _printed("'Epoch 1: loss 0.123\\n', "),
    "JSON": _printed('{"x": "a\\/b\\u00e9", "y": 0.123456},\n'),
    "a traceback": {
        "output_type": "error",
        "ename": "E",
        "evalue": "v",
        "traceback": [FRAME] * (SIZE // len(FRAME)),
    },
    "a data frame": _displayed("text/html", ROW, '<table class="dataframe">', "</table>"),
    "paragraphs of HTML": _displayed("text/html", "<p>Some text in a paragraph.</p>\n"),
    "nested HTML": _displayed("text/html", "<div>"),
    "styles": _displayed("text/html", '<p style="color: red; margin: 0" title="b">c</p>'),
    "links": _displayed("text/html", '<a href="https://a.b/c">a link</a> '),
    "images": _displayed("text/html", IMAGE),
    "an image": _displayed("text/html", "A", '<img src="data:image/png;base64,', '">'),
    "beginnings of a token": _displayed("text/html", "EAAC", "<p>", "_</p>"),
    "beginnings of another": _displayed("text/html", "eyJ", "<p>", "</p>"),
    "escapes": _displayed("text/html", "\\n", "<p>", "</p>"),
    "escaped addresses": _displayed("text/html", '<a href="https://a.b/c%20d">a</a> '),
    "escaped quotes": _displayed("text/html", "&quot;a\\n&quot; "),
    "ampersands": _displayed("text/html", "&amp;"),
    "open links": _displayed("text/html", "<a "),
    "formulas in HTML": _displayed("text/html", "<p>$x^2$</p>"),
    "Markdown": _displayed("text/markdown", "Some *prose* with `code`.\n\n"),
    "a list in Markdown": _displayed("text/markdown", "- a\n"),
    "formulas": _displayed("text/latex", "$x$ "),
    "a formula": _displayed("text/latex", "x+", "$", "x$"),
    "drawings in HTML": _displayed("text/html", '<p>a</p><svg><path d="M 0 0"/></svg>'),
    "open drawings": _displayed("text/html", "<p>a</p><svg><g>"),
    "open parts of a drawing": _displayed("text/html", "<title>", "a<svg><path/>", "</svg>"),
    "ids in a drawing": _displayed("text/html", '<g id="a"/>', "a<svg><path/>", "</svg>"),
    "a drawing": _displayed("image/svg+xml", '<path d="M 0 0 L 1 1"/>', "<svg>", "</svg>"),
}
"""What a cell may give."""

SITE = Site(Path("/nowhere/blog"), Settings(html_limit=SIZE))
"""A site whose author allows long HTML; that of the other outputs is cut, or refused."""

MOST = 1.25
"""Seconds that the processor may take on which a million additions take `PACE`: a second, and a
quarter for what other processes cost it."""

PACE = 0.035


def _seconds(work: Callable[[int], object]) -> float:
    """Return the seconds of the quickest of three runs, by the pace of the processor just then."""
    taken = []
    for attempt in range(3):
        begin = time.process_time()
        work(attempt)
        middle = time.process_time()
        sum(number + 1 for number in range(1_000_000))
        pace = (time.process_time() - middle) / PACE
        taken.append((middle - begin) / max(1.0, pace))
        if taken[-1] < MOST / 2:
            break
    return min(taken)


POSTS = {name: unit * (SIZE // len(unit)) for name, unit in PROSE.items()} | WHOLE


@pytest.mark.parametrize("name", POSTS)
def test_a_megabyte_of_a_post_is_read_in_a_second(name: str) -> None:
    """Whatever it consists of."""
    seconds = _seconds(lambda attempt: inspect(f"{HEADER}{CELL}{POSTS[name]}\n{attempt}\n"))
    assert seconds < MOST


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_megabyte_of_output_is_rendered_in_a_second(name: str) -> None:
    """Shown, cut or refused."""
    post = parse(HEADER + '```python\nx = 1\n```\n{: #a data-alt="a"}\n')
    assert post is not None
    snippets = transclude(post, SITE, {})

    def work(attempt: int) -> None:
        run = made_up_run(snippets, [[_ended(OUTPUTS[name], f" {attempt}")]])
        with suppress(RenderError):
            render(post, run, SITE, "slug")

    assert _seconds(work) < MOST
