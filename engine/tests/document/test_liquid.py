"""Finding what Liquid would interpret in code."""

import pytest

from post_builder.document.liquid import first_liquid_line


@pytest.mark.parametrize(
    ("code", "in_raw", "line"),
    [
        ("x = {{1: 2}}\n", False, 1),
        ("x = 1\ny = '{% if %}'\n", False, 2),
        ("a = '\u2028\x0c\x85'\n\nb = '{{'\n", False, 3),
        ("{ {", False, None),
        ("", False, None),
        ("b = '{{'\n", True, None),
        ("{% raw %}\n", True, None),
        ("\n{%- endraw -%}\n", True, 2),
        ("{%endraw%}", True, 1),
    ],
)
def test_the_first_line_that_liquid_interprets_is_found(
    code: str, *, in_raw: bool, line: int | None
) -> None:
    """Inside a raw block only its end counts; form feeds and separators do not end lines."""
    assert line == first_liquid_line(code, in_raw=in_raw)
