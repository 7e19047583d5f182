r"""Formulas between single dollars, as Jupyter's pages know them and kramdown does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from post_builder.document.liquid import without_liquid
from post_builder.document.prose.markup import Kind, Markup, read_markup

_PAIR = re.compile(r"(?<![\\$\w^])\$(?![\s$])(?P<tex>[^$\n]{1,200})(?<![\s\\])\$(?![\w$])")
"""What is between two dollars, by Pandoc's rules: in `$5 and $6` and `$HOME/$USER` nothing is."""

_TEX = re.compile(r"\\[A-Za-z%]|(?<![A-Za-z])[A-Za-z\d)\]}][_^]")
r"""What only TeX has: a command, as in `\ell`, or an index or exponent, as in `x_1`."""

_PLAIN = re.compile(r"(?=.*[A-Za-z=])(?:[A-Za-z](?![A-Za-z])|[\d\s.,;:()\[\]{}|<>=+*/'!-])+")
"""A formula without it: digits, signs and single letters, among them a letter or `=`."""

_ENDING = re.compile(r"\r\n?")

_ELSEWHERE = re.compile(
    r"""\b\w++://\S+                  # addresses
      | \]\([^)\s]*                   # targets of links
      | ^[ \t>]*\[[^\]\n]+\]:.*       # the same, below the text
      | ^[ \t>]*\{:.*                 # attributes
    """,
    re.VERBOSE | re.MULTILINE,
)
"""What is in the text of a post and is not prose."""


def formulas_in_dollars(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the TeX of formulas between single dollars, the first of each line.

    Money, variables of shells, code, HTML and Liquid are not formulas.

    Args:
        text: the content of a post.

    Yields:
        The index of the line, from 0, and what is between the dollars.
    """
    if not _PAIR.search(text):  # read as Markdown once more only if there may be one
        return
    markup = read_markup(without_liquid(_ENDING.sub("\n", text)), "kramdown")
    prose = _ELSEWHERE.sub("", _prose(markup))
    for index, line in enumerate(prose.split("\n")):
        for pair in _PAIR.finditer(line):
            if _TEX.search(pair["tex"]) or _PLAIN.fullmatch(pair["tex"]):
                yield index, pair["tex"]
                break


def _prose(markup: Markup) -> str:
    """Return the text between code, HTML and formulas of kramdown; lines keep their numbers."""
    parts = (
        (segment.kind, markup.text[segment.span.start : segment.span.end])
        for segment in markup.segments
    )
    return "".join(
        part if kind is Kind.TEXT else "`" + "\n" * part.count("\n") for kind, part in parts
    )
