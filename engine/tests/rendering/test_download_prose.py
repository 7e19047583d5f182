"""The prose of downloads: what the page says, in Markdown that every reader knows."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from post_builder.document.parsing.parser import parse
from post_builder.rendering.downloads import make_downloads
from post_builder.site import Site

HEADER = "---\ntitle: T\njupyter: {kernelspec: {name: python3, language: python}}\n---\n"
SITE = Site(Path("/nowhere"), url="https://x.org/blog")


def prose(body: str) -> list[str]:
    """Return the prose of a post's notebook, without its title."""
    post = parse(HEADER + body)
    assert post is not None
    made = make_downloads(post, SITE, "p")
    notebook = nbformat.reads(made["assets/notebooks/p.ipynb"].decode(), as_version=4)
    return [c.source for c in notebook.cells if c.cell_type == "markdown"][1:]


@pytest.mark.parametrize(
    "text",
    [
        "The format `'{:.2f}'.format(x)` and `{:>10}`.",
        "```text\n{:.3f} is a format\n    {: indented}\n```",
        "    {: indented code}",
        "The sum {:.2f} is text to kramdown.",
        r"A formula, \{: not options}.",
        "$$\nx_{: a}\n$$",
        "<pre>\n{: .x}\n</pre>",
        "Costs $5 and $6.",
        '`<span data-value="1">2</span>`',
    ],
)
def test_what_only_looks_like_markup_of_jekyll_stays(text: str) -> None:
    """Braces in code spans, other languages' fences, formulas and text are what readers see."""
    assert [text] == prose(f"{text}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Inline raw: {% raw %}`{{ user.name }}`{% endraw %} stays.\nMore.",
         "Inline raw: `{{ user.name }}` stays.\nMore."),
        ("{% raw %}\n```html\n<p>{{ page.title }}</p>\n{% if a %}b{% endif %}\n```\n{% endraw %}",
         "```html\n<p>{{ page.title }}</p>\n{% if a %}b{% endif %}\n```"),
        ("{% raw %}$$\\frac{{a}}{{b}}$${% endraw %}", "$$\\frac{{a}}{{b}}$$"),
        ("It is $$a|b$$ here.", "It is $a|b$ here."),
        ("{% comment %}\n{% endraw %} {{ x }}\n{% endcomment %}\nA.", "A."),
        ('{% highlight python %}\nx = "{:.2f}".format(1)\n{% endhighlight %}',
         '```python\nx = "{:.2f}".format(1)\n```'),
        ("![a](/img/a.png) and ![b]({{ site.baseurl }}/img/b.png)",
         "![a](https://x.org/img/a.png) and ![b](https://x.org/blog/img/b.png)"),
        ('<img src="/img/a.png">', '<img src="https://x.org/img/a.png">'),
        ("{{ site.url }}{{ site.baseurl }}/ of {{ page.title }}", "https://x.org/blog/ of T"),
        ("`a`{: .x} and [l](u){: .x} and *e*{: .x}.", "`a` and [l](u) and *e*."),
        ("```text\na\n```\n{: .x}", "```text\na\n```"),
        ("<div>\na\n</div>\n{: .x}", "<div>\na\n</div>"),
        ("* TOC\n{:toc}\n\nA.", "A."),
        ("{::comment}\nb\n{:/comment}\nA.", "A."),
        ("A note[^1].\n\n[^1]: Short", "A note<sup>1</sup>.\n\n<sup>1</sup> Short"),
    ],
)  # fmt: skip
def test_jekylls_markup_becomes_plain(text: str, expected: str) -> None:
    """Liquid and kramdown are replaced by what the page shows."""
    assert [expected] == prose(f"{text}\n")


def test_values_are_their_text_whatever_their_expression() -> None:
    """A `>` in an expression ends nothing; what Markdown would take for markup is escaped."""
    value = '<span data-value="sum(won > lost for won, lost in duels)">3</span>'
    starred = "<span data-value=\"'*a*'\">&#42;a&#42;</span>"
    body = f"```python\nduels = []\n```\n\nIn {value} of {starred}.\n"
    assert ["In 3 of &#42;a&#42;."] == prose(body)


def test_links_defined_elsewhere_in_the_post_go_with_their_cell() -> None:
    """Each cell of a notebook is a text of its own."""
    body = "See [the docs].\n\n```python\nx = 1\n```\n\nEnd.\n\n[the docs]: /docs/\n"
    link = "[the docs]: https://x.org/docs/"
    assert [f"See [the docs].\n\n{link}", f"End.\n\n{link}"] == prose(body)


def test_a_raw_block_around_a_cell_leaves_nothing_behind() -> None:
    """Its tags are in the prose before and after the cell."""
    body = "A.\n\n{% raw %}\n```python\nprint('{{ x }}')\n```\n{: #c}\n{% endraw %}\n\nB {{ x }}.\n"
    assert ["A.", "B ."] == prose(body)


def test_a_line_of_markdown_keeps_its_markup() -> None:
    """It is HTML on the page, which notebooks show as well."""
    link = '<a href="https://a.example">&#42;</a>'
    body = f'```python\nx\n```\n\n<span class="markdown" data-value="x">{link}</span>\n'
    assert [link] == prose(body)
