"""Plain text is gone over quickly in long posts, and what is around it is read as in short ones."""

from hypothesis import example, given
from hypothesis import strategies as st

from post_builder.document.parsing.blocks import find_blocks

PAD = "Plain text that makes a document a long one.\n\n" * 500

LINES = st.sampled_from(
    [
        *(
            "a",
            "text here",
            "- a",
            "- b c",
            "* a",
            "+ a",
            "1. a",
            "2. b",
            "10. c",
            "  - n",
            "   - n",
        ),
        *(
            "    - n",
            "      - n",
            "  text",
            "   text",
            "    text",
            "      text",
            "> q",
            "> - a",
            ">",
        ),
        *(
            ">   - b",
            "> > c",
            "> ```python",
            "> ```",
            "  > q",
            "```python",
            "x = 1",
            "```",
            "===",
            "-",
        ),
        *(
            "  ```python",
            "  ```",
            "    ```",
            "# H",
            "## H two ##",
            "#nope",
            "---",
            "- - -",
            "* * *",
        ),
        *(
            "<div>",
            "</div>",
            "<p>a</p>",
            "<b>a</b>",
            "a <span>b",
            "<!-- a -->",
            "{: .a}",
            "  {: .a}",
        ),
        *(
            "*a* b",
            "_a_",
            "**a",
            "| a | b |",
            "[a]: b",
            "$$",
            "\\* a",
            "`a`",
            "``` text",
            "~~~",
            "+",
        ),
        *("2020 was", "3) a", "-a", "\ta", "\t- a", "- \ta", "  # H", "> # H", "- # H", "-     a"),
        *("{{ a }}", "{% b %}", ":b", "   ", "é a", "<!-- output -->", "output -->", "- <!-- a"),
        *("- - a", "- 1. * a", "- > q", "- a {: .c}", "{: #x .b}", "=", "- <span>"),
        *("1. ```python", "   ```", "- ```python", "\u00a0a", "\x0ba", "", "", "", "", "  ", "> "),
    ]
)
PREFIXES = st.sampled_from(["", "", "", "", "  ", "   ", "    ", "> ", "> > ", "  > ", ">   "])
DOCUMENTS = st.lists(st.tuples(PREFIXES, LINES).map("".join), max_size=16).map("\n".join)


def _found(text: str) -> list[tuple[object, ...]]:
    tokens = find_blocks(text, lambda info: info.strip() == "python", parse_block_html=False)
    below = PAD.count("\n") if text.startswith(PAD) else 0
    return [
        (t.type, [line - below for line in t.map or ()], t.content, tuple(t.meta.items()))
        for t in tokens
    ]


@given(DOCUMENTS)
@example("- b c\n   \n\n  ```python\n  ```")
@example("- a\n* b\n\n* c\n- ```python\n  x\n  ```")
@example("> q\n- a\n\n- b\n\n  ```python\n  x\n  ```")
@example("- a\n\n      code")
@example("# A\n- a\n# B\n\n  text\n")
def test_a_long_document_is_read_like_a_short_one(text: str) -> None:
    """Code, HTML, headings and what may be a value are found where markdown-it finds them."""
    assert _found(text) == _found(PAD + text)
