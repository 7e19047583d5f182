"""Plain text is gone over quickly in long posts, and what is around it is read as in short ones."""

from hypothesis import example, given
from random_markdown import DOCUMENTS

from post_builder.document.parsing.blocks import find_blocks

PAD = "Plain text that makes a document a long one.\n\n" * 500


def _found(text: str) -> list[tuple[object, ...]]:
    tokens = find_blocks(text, lambda info: info.strip() == "python", parse_block_html=False)
    below = PAD.count("\n") if text.startswith(PAD) else 0
    blocks = [
        (t.type, [line - below for line in t.map or ()], t.content, tuple(t.meta.items()))
        for t in tokens
    ]
    return [*blocks, *((line - below, title) for line, title in tokens.headings)]


@given(DOCUMENTS)
@example("- b c\n   \n\n  ```python\n  ```")
@example("- a\n* b\n\n* c\n- ```python\n  x\n  ```")
@example("> q\n- a\n\n- b\n\n  ```python\n  x\n  ```")
@example("- a\n\n      code")
@example("> a\n- b\n\n  ```python\n  x\n  ```")
@example("a\n2. b\n-\n\nc")
@example("# A\n- a\n# B\n\n  text\n")
def test_a_long_document_is_read_like_a_short_one(text: str) -> None:
    """Code, HTML, headings and what may be a value are found where markdown-it finds them."""
    assert _found(text) == _found(PAD + text)
