"""Style sheets within outputs: their rules become attributes of the elements that they are for."""

from __future__ import annotations

import re

from post_builder.rendering.markup.policy import STYLE_VALUE, STYLES

_MAX_WORK = 4_000_000
"""Rules times elements up to which a style sheet is applied; ten times that takes seconds."""

_JUPYTER = '<div class="output_html rendered_html jp-RenderedHTMLCommon">', "</div>"
"""What surrounds an output in Jupyter: some style sheets ask for it."""


def put_inline(markup: str, styles: str) -> str:
    """Apply the rules of style sheets to the elements of some markup, as `style` attributes.

    Args:
        markup: an HTML fragment without style sheets.
        styles: their rules.

    Returns:
        The markup; unchanged if the rules cannot be read, or are too many.
    """
    from css_inline import CSSInliner, InlineError  # noqa: PLC0415  # only style sheets need it

    if styles.count("{") * markup.count("<") > _MAX_WORK:
        return markup
    inliner = CSSInliner(load_remote_stylesheets=False, resolve_css_variables=True)
    opening, closing = _JUPYTER if re.search(r"output_html|rendered_html|jp-", styles) else ("", "")
    try:
        return inliner.inline_fragment(f"{opening}{markup}{closing}", styles)
    except InlineError:
        return markup


def filter_style(style: str) -> str | None:
    """Keep the declarations of a `style` attribute that stay in their place and load nothing."""
    kept = []
    for declaration in style.split(";"):
        name, _, value = declaration.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in STYLES and value and STYLE_VALUE.fullmatch(value):
            kept.append(f"{name}: {value}")
    return "; ".join(kept) or None
