"""Errors as the terminal shows them."""

from post_builder.errors import PostBuilderError
from post_builder.place import Place


def test_an_error_says_where_what_and_what_to_do() -> None:
    """Lines of source are shown without their indentation, details without trailing newlines."""
    error = PostBuilderError(
        "it failed",
        Place("_posts/a.md", 3, "    x = 1  "),
        hint="do this",
        trail=(Place("b.py", 7, "  y = 2"), Place("c.py", 1)),
        detail="printed:\n\n  text\n\n",
    )
    expected = (
        "_posts/a.md:3: it failed\n"
        "    x = 1\n"
        "b.py:7: from here\n"
        "    y = 2\n"
        "c.py:1: from here\n"
        "printed:\n\n  text\n"
        "help: do this"
    )
    assert expected == str(error)


def test_an_error_may_be_a_message_alone() -> None:
    """A place without a line is a file as a whole."""
    assert "it failed" == str(PostBuilderError("it failed"))
    assert "a.md: it failed" == str(PostBuilderError("it failed", Place("a.md")))
