"""Formulas in prose that no page can show: their LaTeX has an error."""

from __future__ import annotations

from collections.abc import Iterator

from post_builder.document.post import Post
from post_builder.document.prose.markup import read_markup
from post_builder.rendering.markup.formulas import mathml
from post_builder.rendering.markup.source import NotShownError
from post_builder.ui.findings import Finding

_HINT = "correct its LaTeX; kramdown takes all between two $$ for a formula"


def broken_formulas(post: Post) -> Iterator[Finding]:
    """Yield a finding for each `$$…$$` that is not LaTeX, whatever the site shows formulas with."""
    if "$$" not in post.text:
        return
    for segment in read_markup(post.text[post.content :], "kramdown").segments:
        if segment.formula is None:
            continue
        try:
            mathml(segment.formula.tex, display=segment.formula.display)
        except NotShownError as error:
            place = post.place(post.line_of(post.content + segment.span.start))
            yield Finding("style", place, f"readers would not see a formula: {error}", _HINT)
