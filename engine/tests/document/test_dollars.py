"""Formulas between single dollars, which kramdown shows as they are."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from post_builder.document.post import Post
from post_builder.document.prose.dollars import formulas_in_dollars

TEX = r"\ell(x)"


@pytest.mark.parametrize(
    "tex",
    [
        TEX,
        "x",
        "x_1",
        "W^{(2)}x + b",
        "f(x)",
        "n = 10",
        "3 + 4 = 7",
        "2x",
        "|x|",
        "y'",
        r"98\%",
        r"3 \times 3",
        r"\text{loss of a batch}",
        r"\frac{1}{2} \sum_i x_i",
        "softmax(z_i)",
    ],
)
@pytest.mark.parametrize("prose", ["the loss ${}$", "(${}$),", "- ${}$", "| ${}$ | 2 |", "# ${}$"])
def test_a_formula_between_single_dollars_is_found(prose: str, tex: str) -> None:
    """In sentences, lists, tables and headings, whatever is on the lines around it."""
    text = f"One, $$a_1$$ and `$b_1$`.\n\n{prose.replace('{}', tex)}\n"
    assert [(2, tex)] == list(formulas_in_dollars(text))


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10, $5-$10, $3/$4, US$5 and US$6, 5$ to 6$, A$AP and Ke$ha",
        "between $6 and 7$, or $10k to $20k, and $1,000",
        "$HOME and $PATH, $HOME/$USER, $HOME:$PATH, ${HOME}/${USER}, $(ls) and $(pwd)",
        "$snake_case$, $Id$, $PATH$, df$x + df$y, ^$|x$, $a is not $b, $ x $",
        r"\$x\$ and \$x$",
        "$$x$$ and $$\n\\ell(x)\n$$",
        "`$x$` and ``a `$x_1$` b`` and <code>x</code>",
        "`$`x`$`",
        "```text\n$x_1$\n```\n\n- list\n\n  ```sh\n  $x_1$\n  ```\n\n      $x_1$\n",
        "a\n\n    $x_1$\n\n\t$x_2$\n",
        "<div>\n$x_1$\n</div>\n\n<!-- $x_1$ -->\n\n<b title='$x_1$'>a</b>",
        "{{ '$x_1$' }} and {% assign a = '$x_1$' %} and {% comment %}$x_1${% endcomment %}",
        '{% highlight text %}\n$x_1$\n{% endhighlight %}\n\n{% include a.html b="$x_1$" %}',
        "[a](/b/$x_1$) and http://a.b/$x$/c and <http://a.b/$x$>",
        "[a][b]\n\n[b]: /c/$x$/",
        'text\n{: title="$x_1$"}\n',
        "$x\n\ny$",
    ],
)
def test_other_dollars_are_not_formulas(text: str) -> None:
    """Money, shells, code, HTML, Liquid, addresses and attributes."""
    assert [] == list(formulas_in_dollars(text))


@given(st.text(st.sampled_from("$ab1_^\\ \n`<>{}%=-()[]|:/x")))
def test_text_without_a_pair_of_dollars_has_none(text: str) -> None:
    """A line with less than two dollars that are not doubled, whatever else it holds."""
    lines = text.replace("$$", "").split("\n")
    single = "\n".join(line.replace("$", "", line.count("$") - 1) for line in lines)
    assert [] == list(formulas_in_dollars(single))


@given(st.text(st.sampled_from("$ab1_^\\ \r\n`<>{}%=-()[]|:/x")))
def test_what_is_found_is_on_its_line(text: str) -> None:
    """Whatever is around it, a formula is a piece of its line, and a line has one notice."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found = list(formulas_in_dollars(text))
    assert all(tex[0] in lines[index] and "$" in lines[index] for index, tex in found)
    assert sorted({index for index, _ in found}) == [index for index, _ in found]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_build_and_check_say_what_to_write(read: Callable[[str], Post], end: str) -> None:
    """At the line of the formula in the file, whatever ends its lines."""
    text = f"A loss.\n\nThe loss ${TEX}$.\n"
    [notice] = read(text.replace("\n", end)).notices
    assert 6 == notice.line
    assert f"${TEX}$ is not a formula in kramdown: readers see its dollars" == notice.message
    assert f"write $${TEX}$$" == notice.hint


def test_outputs_are_not_prose(read: Callable[[str], Post]) -> None:
    """Dollars that code printed."""
    text = "```python\nx\n```\n<!-- output -->\na $x_1$\n<!-- /output -->\n"
    assert () == read(text).notices
