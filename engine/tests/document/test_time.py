"""Posts of any size are read in a time in proportion to it."""

import time
import tracemalloc

import pytest

from post_builder.document.figure_tag import figure_tags
from post_builder.document.parsing.parser import inspect
from post_builder.yaml_reader import YamlError, read_mapping

HEADER = "---\njupyter: python3\n---\n```python\nx = 1\n```\n\n"
FACTOR, SLACK = 8, 2.5
"""How much longer the longer text is, and how much more time than that it may take."""

UNITS = [
    *("<!-- ", "<!-- a\n\n", "<span ", '<span data-value="', '<span a="b ', "{{ ", "{% include "),
    *("{% raw %}", "{% highlight ", "`a ``b ", "\\", "<div>\n", "<div>\n\n", "<div \n", "<p>a\n"),
    *("<div><!-- ", "</div>\n", '<div markdown="1">\n', "```text\n", "~~~ a\n\n", "> ```\n"),
    *(
        "- a\n",
        "- a\n  - b\n",
        "1. a\n\n",
        "# A\n",
        "{: .a}\n",
        "{::comment}\n",
        "[a]: b\n",
        "[a\n",
    ),
    *("$x$ ", "$x$\n", "$x$ ]("),
    *("a\n", "a\n\n", "    a\n", "|a|b|\n", "```python\nx\n```\n\n", "<pre>\n</pre>\n", "&", "*a_"),
    "> ````text\n>\n",
    *("```python\nx\n```\n- a\n", "$$\n", "<a href='\n", "<script>\n", "```{python}\nx\n```\n\n"),
]


OFTEN = {"<!-- ", "<span ", "{{ ", "- a\n", "<div>\n\n", "&"}
"""What the usual run of the tests tries."""


def _seconds(text: str) -> float:
    begin = time.process_time()
    inspect(text)
    return time.process_time() - begin


@pytest.mark.parametrize(
    "unit",
    [pytest.param(unit, marks=() if unit in OFTEN else pytest.mark.faults) for unit in UNITS],
    ids=repr,
)
def test_time_is_linear_in_the_length_of_a_post(unit: str) -> None:
    """Whatever is repeated, however often it is left open."""
    short = 8_000 // len(unit)
    times = []
    for attempt in range(3):  # a moment of another process's is no proof
        before = _seconds(f"{HEADER}{unit * short}\n{attempt}\n")
        after = _seconds(f"{HEADER}{unit * short * FACTOR}\n{attempt}\n")
        times.append((before, after))
        if after < max(FACTOR * SLACK * before, 0.1):
            return
    pytest.fail(f"{FACTOR} times as much takes {times}")


@pytest.mark.faults
def test_memory_is_bounded_in_lists() -> None:
    """A megabyte of list items takes a few times its size."""
    text = HEADER + "- an item of a list\n" * 50_000
    tracemalloc.start()
    try:
        inspect(text)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 60 * len(text)


def test_quotes_above_lines_that_may_be_theirs_are_refused_where_they_take_forever() -> None:
    """Each looks down to the next empty line; 300 are read, and 100,000 are not."""
    unit = "> # a\nb\n"
    post, problems = inspect(f"{HEADER}{unit * 300}")
    assert post is not None
    assert () == problems
    begin = time.process_time()
    post, [problem] = inspect(f"{HEADER}{unit * 100_000}")
    assert post is None
    assert problem.place is not None
    assert problem.place.line is not None
    assert "put an empty line below each quote" in str(problem.hint)
    assert time.process_time() - begin < 5  # the square of the lines takes hours


@pytest.mark.parametrize("marks", ["```", "`````", "~~~"])
def test_fences_that_only_code_would_close_take_linear_time(marks: str) -> None:
    """A line that is indented as code closes none; all fences above it are looked through once."""
    end = f"a\n\n      {marks}\n\nend\n"
    before = min(_seconds(HEADER + f"{marks}text\n" * 4_000 + end + str(n)) for n in range(2))
    after = min(_seconds(HEADER + f"{marks}text\n" * 32_000 + end + str(n)) for n in range(2))
    assert after < max(FACTOR * SLACK * before, 0.1)


def test_figure_tags_that_are_not_closed_take_no_time() -> None:
    """One of them ends where the next one starts."""
    begin = time.perf_counter()
    assert [] == list(figure_tags('{% include figure image_path="a" ' * 30_000))
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a:\n  b: " + "[" * 200_000, 2),
        ("a: " + "[" * 200_000 + "]" * 200_000, 1),
        ("a:\n" + "- " * 200_000, 2),
        ("{" * 200_000, 1),
        ("? " * 200_000, 1),
        (
            "a0: &a0 [x, x]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 13)),
            6,
        ),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(
                f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}\n" for n in range(1, 13)
            ),
            6,
        ),
        ("a: 1\nb: &b [*b]\n", 2),
    ],
    ids=["brackets", "closed brackets", "dashes", "braces", "keys", "aliases", "merges", "circle"],
)
def test_yaml_that_would_end_the_process_is_an_error(text: str, line: int) -> None:
    """With its line, at once."""
    begin = time.perf_counter()
    with pytest.raises(YamlError) as caught:
        read_mapping(text)
    assert line == caught.value.line
    assert time.perf_counter() - begin < 1


def test_aliases_that_are_used_as_they_should_be_are_read() -> None:
    """Sites share front matter in this way."""
    text = "a: &a {layout: post}\nb: [{<<: *a, x: 1}, *a]\n"
    assert [{"layout": "post", "x": 1}, {"layout": "post"}] == read_mapping(text)["b"]


def test_the_front_matter_of_a_post_names_the_line_of_such_yaml() -> None:
    """Its dashes are line 1."""
    _, [problem] = inspect("---\njupyter: python3\na: " + "[" * 1_000 + "\n---\n")
    assert str(problem).startswith("post:3: the front matter is not valid YAML")
