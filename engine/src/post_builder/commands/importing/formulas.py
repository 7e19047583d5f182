r"""Formulas of notebooks, in dollars, `\(…\)` or bare environments, as kramdown reads them."""

from __future__ import annotations

import re

from msgspec import Struct

from post_builder.document.post import Span
from post_builder.document.prose.formulas import Formula
from post_builder.document.prose.markup import Markup

_PIPE = re.compile(r"\\\||(?<!\\)\|")


class KramdownFormula(Struct, frozen=True):
    """A formula as it is in a post."""

    text: str
    """With its delimiters and, for one on lines of its own, blank lines around it."""
    tex: str
    """What kramdown must find between the delimiters."""


def as_kramdown(markup: Markup, formula: Formula) -> KramdownFormula:
    """Write a formula for kramdown, between lines of its own if it has them in the notebook."""
    tex = _without_liquid(formula.tex)
    before, after = _around(markup, formula.span)
    if formula.display and not before.strip(" \t>") and not after.strip():
        return _block(markup, formula, tex)
    lines = tex if re.search(r"(?<!\\)%", tex) else " ".join(tex.split("\n"))
    tex = lines if r"\begin{array}" in lines else _PIPE.sub(_named, lines)
    return KramdownFormula(f"$${tex}$$", tex)


def _block(markup: Markup, formula: Formula, tex: str) -> KramdownFormula:
    column = next(
        (
            block.indent
            for block in markup.blocks
            if block.token.type == "inline"
            and block.span.start <= formula.span.start < block.span.end
        ),
        0,
    )
    start, _ = _line(markup, formula.span)
    quote = (
        markup.text[start : formula.span.start]
        if ">" in markup.text[start : formula.span.start]
        else ""
    )
    prefix = quote or " " * column
    lines = ["$$", *(line.strip().removeprefix("> ").strip() for line in tex.split("\n")), "$$"]
    body = f"\n{prefix}".join(line for line in lines if line)
    above = "" if _blank_before(markup.text[:start]) else f"\n{prefix}"
    opening = "" if quote or above else " " * max(0, column - (formula.span.start - start))
    below = "" if _blank_after(markup.text[formula.span.end :]) else "\n"
    tex = "\n".join(line for line in lines[1:-1] if line)
    return KramdownFormula(f"{above}{opening}{body}{below}", tex)


def _blank_before(text: str) -> bool:
    return not text.strip() or bool(re.search(r"\n[ \t>]*\n\Z", text))


def _blank_after(text: str) -> bool:
    return not text.strip() or bool(re.match(r"[ \t]*\n[ \t>]*\n", text))


def _around(markup: Markup, span: Span) -> tuple[str, str]:
    """Return what is on the lines of a formula before and after it."""
    start, end = _line(markup, span)
    return markup.text[start : span.start], markup.text[span.end : end]


def _line(markup: Markup, span: Span) -> tuple[int, int]:
    return markup.line(span.start).start, markup.line(max(span.start, span.end - 1)).end


def _without_liquid(tex: str) -> str:
    """Part braces that Liquid would take for its own; TeX ignores the space."""
    return re.sub(r"\{(?=[{%])", "{ ", tex)


def _named(match: re.Match[str]) -> str:
    """Return the name of a bar, which kramdown would take for the edge of a table's cell."""
    return r"\Vert " if match.group() == r"\|" else r"\vert "
