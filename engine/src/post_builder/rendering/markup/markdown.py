"""Markdown outputs as HTML."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from post_builder.rendering.markup.formulas import MAX_DOLLARS, mathml
from post_builder.rendering.markup.source import NotShownError


def markdown_html(text: str, limit: int) -> str:
    """Turn Markdown with formulas into HTML, which is not clean yet.

    Raises:
        NotShownError: if it is longer than the limit: a parser in Python takes its time.
    """
    from markdown_it import MarkdownIt  # noqa: PLC0415  # only Markdown outputs need it
    from mdit_py_plugins.amsmath import amsmath_plugin  # noqa: PLC0415
    from mdit_py_plugins.dollarmath import dollarmath_plugin  # noqa: PLC0415

    if len(text) > limit:
        raise NotShownError(f"its Markdown has {len(text):,} characters")
    parser = MarkdownIt("commonmark").enable("table")
    if text.count("$") <= MAX_DOLLARS:
        dollarmath_plugin(
            parser, allow_space=False, allow_digits=False, double_inline=True, renderer=_formula
        )
    amsmath_plugin(parser, renderer=lambda content: _formula(content, {"display_mode": True}))
    return str(parser.render(text))


def _formula(content: str, options: Mapping[str, Any]) -> str:
    """Write a formula as MathML, or as its source if it cannot be converted."""
    try:
        return mathml(content, display=bool(options["display_mode"]))
    except NotShownError:
        mark = "$$" if options["display_mode"] else "$"
        return f"<code>{html.escape(f'{mark}{content}{mark}')}</code>"
