"""What looks as if it ran, or as if it had an effect, and does not."""

from collections.abc import Callable

import pytest

from post_builder.document.parsing.parser import inspect
from post_builder.document.post import Post

Read = Callable[[str], Post]

CELL = "```python\nx = 1\n```\n"


@pytest.mark.parametrize(
    ("body", "line", "message", "hint"),
    [
        ("{% highlight python %}\nx\n{% endhighlight %}\n", 4, "highlight tag", "```python"),
        ("a {%- highlight py linenos -%}x{% endhighlight %}\n", 4, "highlight tag", "```python"),
        ("```{python}\nx\n```\n", 4, "its fence says {python}", "```python"),
        ("```{.python}\nx\n```\n", 4, "its fence says {.python}", "```python"),
        ("```{jupyter-execute}\nx\n```\n", 4, "its fence says {jupyter-execute}", "```python"),
        ("```{code-cell}\nx\n```\n", 4, "its fence says {code-cell}", "```python"),
        ("```{code-cell} ipython3\nx\n```\n", 4, "one word on a fence", "```python"),
        ("```{python, echo=FALSE}\nx\n```\n", 4, "one word on a fence", "```python"),
        ("```python {1,2}\nx\n```\n", 4, "one word on a fence", "options on the line below"),
        ('```py tags=["hide-input"]\nx\n```\n', 4, "one word on a fence", "{: .hide-input }"),
        ("```ruby title\nx\n```\n", 4, "one word on a fence", "on the line below"),
        ("```pyhton\nx\n```\n", 4, "pyhton is not a name of python", "```python"),
        ("```python2\nx\n```\n", 4, "python2 is not a name of python", "```python"),
        ("```bash\nx\n```\n{: data-source='a'}\n", 7, "data-source has no effect", "word python"),
        ("```\nx\n```\n{: .a .hide-input}\n", 7, ".hide-input has no effect", "word python"),
        ("```\nx\n```\n{: .language-py}\n", 7, "only its options name its language", "```python"),
        ("    x\n{: .language-python}\n", 5, "only its options name its language", "```python"),
        (
            "<div>\n\n```python\nx\n```\n\n</div>\n",
            6,
            "inside HTML that starts on line 4",
            "markdown",
        ),
        ("<pre><code class='language-python'>x</code></pre>\n", 4, "written in HTML", "```python"),
        (
            f"{CELL}\n{{: .hide-input}}\n",
            8,
            "an empty line is between them",
            "delete the empty line",
        ),
        (
            f"{CELL}<!-- output -->\na\n<!-- /output -->\n\n{{: .hide-input}}\n",
            11,
            "its output is between them",
            "to the line below the block",
        ),
        (f"{CELL}{{.hide-input}}\n", 7, "readers see them as text", "write {: .hide-input}"),
        (f'{CELL}{{#p data-alt="a"}}\n', 7, "see them as text", 'write {: #p data-alt="a"}'),
        (f"{{: .hide-input}}\n{CELL}", 4, "are above cell", "below the block"),
        (
            "```python\n#| echo: false\nx\n```\n",
            5,
            "have no effect",
            "write .hide-input on the line",
        ),
        ("```python\n#| fig-alt: a\nx\n```\n", 5, "have no effect", "write data-alt on the line"),
        ("```python\n#| cache: true\nx\n```\n", 5, "have no effect", "delete the line"),
    ],
)
def test_what_does_not_run_is_said(
    read: Read, body: str, line: int, message: str, hint: str
) -> None:
    """With its line, and with what to write instead."""
    [notice] = read(body).notices
    assert line == notice.line
    assert message in notice.message
    assert hint in notice.hint


@pytest.mark.parametrize(
    "body",
    [
        CELL,
        "```text\nx\n```\n{: .wide}\n",
        "```r\nx\n```\n",
        "```ruby\nx\n```\n",
        "```\nx\n```\n",
        "<!-- later\n```python\nx\n```\n-->\n",
        "{::comment}\n```python\nx\n```\n{:/comment}\n",
        "{% raw %}{% highlight python %}{% endraw %}\n",
        "{% highlight ruby %}x{% endhighlight %}\n",
        "{% comment %}\n```{python}\nx\n```\n{% endcomment %}\n",
        f"{CELL}\n{{: .notice}}\nA paragraph.\n",
        f"{CELL}{{: .hide-input}}\n",
        "```python\n# | a comment\n```\n",
        f"{CELL}<!-- output -->\n<code class='language-python'>x</code>\n<!-- /output -->\n",
    ],
)
def test_what_is_meant_as_it_is_is_not_mentioned(read: Read, body: str) -> None:
    """Other languages, other options, comments, raw blocks and outputs."""
    assert () == read(body).notices


@pytest.mark.parametrize("word", ["python", "py", "python3", "Python", "ipython3", "python?x=1"])
def test_a_language_has_several_names(read: Read, word: str) -> None:
    """The kernel's, those that people use, and Rouge's, with its options."""
    assert ["x\n"] == [cell.code for cell in read(f"```{word}\nx\n```\n").cells]


@pytest.mark.parametrize(
    ("kernel", "words"),
    [
        ("{name: bash, language: bash}", ["bash", "sh", "shell", "zsh"]),
        ("{name: ir, language: R}", ["R", "r"]),
        ("{name: julia-1.10, language: julia}", ["julia", "jl"]),
        ("{name: sage, language: sage}", ["sage", "Sage"]),
    ],
)
def test_other_languages_have_several_names_too(kernel: str, words: list[str]) -> None:
    """Each kernel runs the blocks that readers see in its language, and no others."""
    body = "".join(f"```{word}\nx\n```\n\n" for word in [*words, "python", "text"])
    post, _ = inspect(f"---\njupyter: {{kernelspec: {kernel}}}\n---\n{body}")
    assert post is not None
    assert len(words) == len(post.cells)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("```python\n>>> 6 * 7\n43\n```\n", "post:5: this block is a session"),
        (
            "```python\nIn [1]: x = 1\n\nIn [2]: x\nOut[2]: 1\n```\n",
            "post:5: this block is a session",
        ),
        ("```python\nimport a\n>>> b\n1\n```\n", "post:6: this block is a session"),
        ("```python\n:tags: [hide-input]\nx\n```\n", "post:5: options in the code are not read"),
        ("```python\n---\ntags: [a]\n---\nx\n```\n", "post:5: options in the code are not read"),
        ("1. a\n```python\nx\n```\n", "post:5: kramdown takes this block into the list item"),
        ("> a\n```python\nx\n```\n", "post:5: kramdown takes this block into the quote"),
        ("- a\n  ```python\n  - 1\n  ```\n", "post:5: kramdown takes a line of this code"),
        (f"{CELL}{{: .remove-input}}\n", "post:7: .remove-input is not an option here"),
        (f"{CELL}{{: .remove_cell}}\n", "post:7: .remove_cell is not an option here"),
        (f"{CELL}{{: echo='false'}}\n", 'post:7: echo="false" is not an option here'),
        (f"{CELL}{{: fig-alt='a'}}\n", 'post:7: fig-alt="a" is not an option here: write data-alt'),
        (f"{CELL}{{: data-src='a'}}\n", 'post:7: data-src="a" is not an option here'),
        (f"{CELL}{{: data-souce='a'}}\n", "post:7: unknown option data-souce"),
        (f"{CELL}{{: #café}}\n", "post:7: kramdown cannot read '#café'"),
        (f"{CELL}{{: #a/b}}\n", "post:7: kramdown cannot read '#a/b'"),
        (f"{CELL}{{: #{'n' * 101}}}\n", "post:7: the name of a cell has at most 100 characters"),
        (
            f'{CELL}{{: data-alt="A "quoted" line"}}\n',
            "post:7: a quotation mark within a value is written \\\", before 'quoted\"'",
        ),
    ],
)
def test_what_would_mislead_readers_is_refused(body: str, message: str) -> None:
    """Before anything runs."""
    _, [problem] = inspect(f"---\na: 1\njupyter: python3\n---\n{body}".replace("a: 1\n", ""))
    assert str(problem).startswith(message)


def test_a_docstring_may_have_prompts(read: Read) -> None:
    """A doctest within a function is not a session."""
    code = 'def f():\n    """Return 1.\n\n    >>> f()\n    1\n    """\n'
    assert [code] == [cell.code for cell in read(f"```python\n{code}```\n").cells]


@pytest.mark.parametrize("name", ["title", "prose-1", "fig:one", "n" * 85, "A", "a.b"[:1]])
def test_names_that_are_right(read: Read, name: str) -> None:
    """What else has the name, or a colon, is no reason to refuse it."""
    assert [name] == [cell.name for cell in read(f"{CELL}{{: #{name}}}\n").cells]


def test_all_problems_of_a_post_are_reported_together() -> None:
    """Each with its line, in the order of the text."""
    body = f"{CELL}{{: .hide-ouput}}\n\n```python\n>>> x\n```\n\n{CELL}{{: #a/b}}\n"
    _, problems = inspect(f"---\njupyter: python3\n---\n{body}")
    assert [7, 10, 16] == [problem.place.line for problem in problems if problem.place]


@pytest.mark.parametrize(
    ("heading", "name"),
    [
        ("2 layers", "2-layers"),
        ("The learning_rate", "the-learning_rate"),
        ("Über uns", "über-uns"),
        ("What's `new`, *really*?", "whats-new-really"),
        ("A [link](http://a.b) & more", "a-link--more"),
        ("A -- B", "a--b"),
        ("Own {#mine}", "mine"),
    ],
)
def test_headings_have_the_ids_of_github(read: Read, heading: str, name: str) -> None:
    """As kramdown's GFM parser makes them, which Jekyll uses."""
    assert [name] == [found.name for found in read(f"# {heading}\n").headings]


def test_equal_headings_are_numbered(read: Read) -> None:
    """From the second on."""
    names = [heading.name for heading in read("# A\n\n## A\n\n## A\n").headings]
    assert ["a", "a-1", "a-2"] == names
