"""Which code runs, by the word of kramdown itself: random documents of fences, HTML and lists."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files

import pytest
from hypothesis import example, given, note
from hypothesis import strategies as st

from post_builder.document.code.languages import word_of
from post_builder.document.parsing.parser import inspect

pytestmark = pytest.mark.skipif(not shutil.which("ruby"), reason="kramdown needs Ruby")

HEADER = "---\njupyter: python3\n---\n"

SERVER = """
STDOUT.sync = true
STDIN.each_line do |line|
  root = Kramdown::Document.new(JSON.parse(line).first, input: 'GFM').root
  puts JSON.generate([code_blocks(root)], ascii_only: true)
end
"""

CODE = st.lists(
    st.sampled_from(
        ["x = 1", "if x:", "    y()", "# a", "<div>", "</div>", "", "- 1", "> 2", "'<p>'"]
    ),
    max_size=4,
)
WORDS = st.sampled_from(["python", "py", "text", "", "Python", "python?a=b", "{python}", "pythn"])


@st.composite
def fences(draw: st.DrawFn) -> list[str]:
    """Draw a block of code, which may lack its end."""
    marks = draw(st.sampled_from(["```", "~~~", "````"]))
    end = draw(st.sampled_from([marks] * 8 + ["```", "`````"]))
    indent = draw(st.sampled_from(["", "", "", "  ", "   "]))
    lines = [f"{marks}{draw(WORDS)}", *draw(CODE), end]
    return [indent + line for line in lines]


TEXT = st.sampled_from(
    [
        *(["text"], ["text", "more"], ["# Heading"], ["a <b>bold", "word"], ["</div>"]),
        *(["<br>"], ["<img src='a'>"], ["<!-- note -->"], ["<!-- open"], ["</b> end"], ["{: .a}"]),
        *(["<hr>"], ["<p>open"], ["<div"], ["<my-tag/>"], ["a | b"], ["<?php"], ["&amp; <"], ["<"]),
        *(["<li>"], ["<script>", "a < b", "</script>"], ["<style>"], ["</p>"], ["{::comment}"]),
    ]
)
SEPARATORS = st.sampled_from([[], [""], [""], [""]])


def joined(parts: list[tuple[list[str], list[str]]]) -> list[str]:
    """Put blocks below one another, with or without an empty line between them."""
    return [line for block, after in parts for line in (*block, *after)]


def sequences(blocks: st.SearchStrategy[list[str]]) -> st.SearchStrategy[list[str]]:
    """Draw blocks below one another."""
    return st.lists(st.tuples(blocks, SEPARATORS), max_size=5).map(joined)


OPENING = ["<div>", '<div class="a">', "<details><summary>s</summary>", "<section>", "<pre>"]
OPENING += ['<div markdown="1">', "<div><p>", "<table><tr><td>", '<p markdown="1">', "<my-tag>"]
ENDS = {"<div><p>": "</p></div>", "<table><tr><td>": "</td></tr></table>"}


@st.composite
def html(draw: st.DrawFn, blocks: st.SearchStrategy[list[str]]) -> list[str]:
    """Draw blocks within an element, which may lack its end."""
    opening = draw(st.sampled_from(OPENING))
    name = opening[1:].split(" ")[0].split(">")[0]
    end = draw(st.sampled_from([[ENDS.get(opening, f"</{name}>")]] * 4 + [[], ["</div> text"]]))
    return [opening, *draw(SEPARATORS), *draw(sequences(blocks)), *end]


@st.composite
def nested(draw: st.DrawFn, blocks: st.SearchStrategy[list[str]]) -> list[str]:
    """Draw blocks within a list item or a quote."""
    first, rest = draw(
        st.sampled_from([("- ", "  "), ("1. ", "   "), ("> ", "> "), ("* ", "    ")])
    )
    lines = ["item", *draw(SEPARATORS), *draw(sequences(blocks))]
    return [f"{rest if number else first}{line}".rstrip() for number, line in enumerate(lines)]


DOCUMENTS = sequences(
    st.recursive(fences() | TEXT, lambda inner: html(inner) | nested(inner), max_leaves=8)
)

Ask = Callable[[str], list[tuple[str, str]]]


@pytest.fixture(scope="module")
def kramdown() -> Iterator[Ask]:
    """Ask one Ruby process for the blocks of code in texts."""
    script = files("post_builder.commands.kramdown").joinpath("code_blocks.rb").read_text()
    functions = script[: script.index("request =")]
    with subprocess.Popen(
        ["ruby", "-e", functions + SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as ruby:
        assert ruby.stdin is not None
        assert ruby.stdout is not None
        stdin, stdout = ruby.stdin, ruby.stdout

        def ask(text: str) -> list[tuple[str, str]]:
            stdin.write(json.dumps([text]) + "\n")
            stdin.flush()
            [found] = json.loads(stdout.readline())
            return [(language or "", code) for language, code, _ in found]

        yield ask
        stdin.close()


@given(DOCUMENTS)
@example(["<pre>", '<div markdown="1">', "* item", "</div>", "", "~~~python", "~~~"])
@example(["1. item", "   ```text", "   - 1", "   ```", "   ```python", "   ```"])
@example(["````text", "```python", "x = 1", "```", "", "```python", "y = 1", "```"])
@example(["- `````text", "  ````", "  ```python", "  ```", "  ````"])
@example(["* item", "  ```", "  - 1", "  ```", "  </p>", "  ```python", "  ```"])
def test_the_cells_are_the_blocks_that_kramdown_shows(kramdown: Ask, lines: list[str]) -> None:
    """A document is refused, or its cells are the Python that readers see."""
    text = "\n".join(lines)
    post, problems = inspect(HEADER + text + "\n")
    if problems:
        return
    assert post is not None
    shown = [code for word, code in kramdown(text + "\n") if word_of(word) in {"python", "py"}]
    note(text)
    assert [_trimmed(code) for code in shown] == [_trimmed(cell.code) for cell in post.cells]


def _trimmed(code: str) -> list[str]:
    """Return lines; within lists kramdown keeps the spaces of empty ones."""
    return [line if line.strip() else "" for line in code.split("\n")]
