"""Sessions at a prompt: read, and written again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.document.code.sessions import (
    SessionError,
    parse_session,
    session_text,
    short_traceback,
    with_result,
)

SESSION = """\
>>> def f():
...     return 1
...
>>> f()
1

2

>>> x = 1

>>>
>>> 1 / 0
Traceback (most recent call last):
    ...
ZeroDivisionError: division by zero
"""


def test_a_session_has_inputs_and_results() -> None:
    """A result extends to the next prompt, empty lines included; those at its end are space."""
    found = [(e.source, e.index, e.result, e.space) for e in parse_session(SESSION)]
    error = short_traceback("ZeroDivisionError", "division by zero")
    assert [
        ("def f():\n    return 1\n\n", 0, "", 0),
        ("f()\n", 3, "1\n\n2", 1),
        ("x = 1\n", 8, "", 1),
        ("\n", 10, "", 0),
        ("1 / 0\n", 11, error, 0),
    ] == found
    assert [False, False, False, False, True] == [e.raises for e in parse_session(SESSION)]


LINES = [">>> x", ">>> f(", ">>>", "... y", "...", "1", "  two", "....", "... z", "", "Traceback"]


@given(st.lists(st.sampled_from(LINES), max_size=12))
def test_a_session_is_written_as_it_was_read(lines: list[str]) -> None:
    """Nothing of it is lost."""
    text = "".join(f"{line}\n" for line in [">>> a", *lines])
    assert text == session_text(parse_session(text))


@given(st.lists(st.sampled_from(["1", "  two", "....", "", "...", "x >>> y"]), max_size=6))
def test_a_result_is_read_as_it_was_written(lines: list[str]) -> None:
    """Or it is refused, as a prompt would be."""
    example, after = parse_session(">>> a\nold\n>>> b\n")
    try:
        new = with_result(example, "\n".join(lines))
    except SessionError:
        assert lines[0] == "..."
        return
    again = parse_session(session_text([new, after]))
    assert [(new.source, new.result), ("b\n", "")] == [(e.source, e.result) for e in again]


@pytest.mark.parametrize(
    ("text", "index"),
    [("x\n>>> y\n", 0), ("\n1\n>>> y\n", 1), ("", 0), ("\n\n", 0), ("... x\n", 0)],
)
def test_a_session_starts_with_an_input(text: str, index: int) -> None:
    """What is above the first prompt belongs to no input."""
    with pytest.raises(SessionError) as caught:
        parse_session(text)
    assert index == caught.value.index


@pytest.mark.parametrize("result", [">>> x", "1\n>>> x", "... x", "..."])
def test_a_result_with_a_prompt_is_refused(result: str) -> None:
    """The next build would run it."""
    with pytest.raises(SessionError, match="starts with a prompt"):
        with_result(parse_session(">>> a\n")[0], result)
