"""What is skipped as plain text changes nothing that is found in a post."""

from __future__ import annotations

from unittest import mock

from hypothesis import given
from hypothesis import strategies as st
from toysite import HEADER

from post_builder.document.parsing import blocks, parser

PIECES = (
    *("- a\n", "* b\n", "+ c\n", "- - a\n", "- 1. * a\n", "- > q\n", "1. x\n", "2. y\n", "- # h\n"),
    *("text\n", "text\n=\n", "text\n---\n", "a\nb\n===\n", "# H\n", "***\n", "- ---\n", "-\n"),
    *("\n", "\n\n", "  more\n", "    code\n", "     five\n", "  - n\n", "    - m\n"),
    *("> q\n", "> > r\n", "> - a\n", ">   - b\n", "{: .b}\n", "{: #x .hide-input}\n"),
    *("```python\nx = 1\n```\n", "  ```python\n  y\n  ```\n", "    ```python\n    z\n    ```\n"),
    *("```text\nq\n```\n", "<div>\n", "</div>\n", "<p>x</p>\n", "**b**\n", "*e* f\n", "a | b\n"),
    *('A <span data-value="x">1</span>\n', '- <span data-value="x">1</span>\n', "<!-- c -->\n"),
    "<!-- output -->\n<!-- /output -->\n",
)
"""Lines of posts, in any order; what a line belongs to depends on those above it."""


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=14).map("".join))
def test_skipping_plain_text_changes_nothing(body: str) -> None:
    """Cells, values, headings, notices and errors are those of a parser that reads each line."""
    found = []
    for length in (0, 10**9):
        with mock.patch.object(blocks, "_LONG", length):
            parser._read.cache_clear()
            found.append(parser.inspect(HEADER + body))
    assert found[0] == found[1]
