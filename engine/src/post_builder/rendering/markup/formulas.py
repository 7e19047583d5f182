"""Formulas as MathML, which browsers show without a script."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from post_builder.rendering.markup.sanitise import clean, tokens
from post_builder.rendering.markup.source import NotShownError, Source
from post_builder.rendering.text.terminal import without_controls

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_LENGTH = 10_000
"""Characters of one formula; beyond it a converter in Python takes seconds."""

MAX_DOLLARS = 1_000
"""Dollar signs in one output up to which formulas are looked for: each takes a millisecond."""

_DOLLARS = (
    r"\$\$(?P<display>[^$]+)\$\$"
    r"|(?<![\\$\w])\$(?![\s$])(?P<inline>[^$\n]{1,1000}?)(?<![\s\\])\$(?![\w$])"
)
"""A formula between dollars, by Pandoc's rules: in `$5 and $6` there is none."""

_IN_HTML = re.compile(_DOLLARS)

_IN_LATEX = re.compile(
    _DOLLARS + r"|\\\[(?P<bracket>(?:[^$\\]|\\(?![\[\]]))++)\\\]"
    r"|\\\((?P<paren>(?:[^$\\]|\\(?![()]))++)\\\)"
    r"|(?P<environment>\\begin\{(?P<name>[a-z]{1,20}\*?)\}"
    r"(?:[^\\]|\\(?!(?:begin|end)\{(?P=name)\}))++\\end\{(?P=name)\})"
)

_VERBATIM = frozenset({"code", "pre", "kbd", "samp", "math", "tt"})
"""Elements whose text holds no formulas."""

_ELEMENT = re.compile(r"<(/?)([a-z][a-z0-9]*)")


def mathml(latex: str, *, display: bool) -> str:
    """Turn a formula into MathML.

    Raises:
        NotShownError: if the formula is empty, too long, or not one that can be converted.
    """
    from xml.etree.ElementTree import tostring  # noqa: PLC0415  # only formulas need it

    from latex2mathml.converter import Converter  # noqa: PLC0415  # only formulas need it

    latex = without_controls(latex).strip()
    if not latex or len(latex) > _MAX_LENGTH:
        raise NotShownError("the formula is too long" if latex else "the formula is empty")
    try:
        converter = Converter(display="block" if display else "inline")
        element: Element = converter.convert_to_element(latex)
    except Exception as error:  # whatever it raises is about the formula: it does no I/O
        problem = f"{type(error).__name__} {str(error)[:80]}".strip()
        raise NotShownError(f"the formula cannot be converted: {problem}") from error
    for node in element.iter():
        node.text = html.unescape(node.text) if node.text else None  # it writes entities itself
    return clean(Source(tostring(element, encoding="unicode"), "", "", ())).html


def latex_html(text: str) -> str:
    """Turn a LaTeX output, one formula or text with formulas in it, into HTML.

    Raises:
        NotShownError: if a formula cannot be converted.
    """
    text = text.strip()
    if text.count("$") > MAX_DOLLARS:
        raise NotShownError("its LaTeX has too many formulas")
    inner = text.strip("$").strip()
    if "$" not in inner and not re.match(r"\\[\[(]", inner) and text[:1] == text[-1:] == "$":
        return mathml(inner, display=True)
    if found := _IN_LATEX.fullmatch(text):
        return mathml(_content(found)[0], display=True)
    if not _IN_LATEX.search(text):
        return mathml(text, display=True)
    return _with_formulas(_IN_LATEX, text)


def formulas_in_html(markup: str) -> str:
    """Turn the formulas between dollars in cleaned HTML into MathML; other text stays as it is."""
    if not 0 < markup.count("$") <= MAX_DOLLARS:
        return markup
    pieces = []
    verbatim = 0
    for text, tag in tokens(markup):
        pieces.append(text if verbatim else _converted(text))
        element = _ELEMENT.match(tag)
        if element and element[2] in _VERBATIM:
            verbatim = max(0, verbatim + (-1 if element[1] else 1))
        pieces.append(tag)
    return "".join(pieces)


def _converted(text: str) -> str:
    if not _IN_HTML.search(text):
        return text
    try:
        return _with_formulas(_IN_HTML, html.unescape(text))
    except NotShownError:
        return text


def _with_formulas(pattern: re.Pattern[str], text: str) -> str:
    pieces = []
    position = 0
    for found in pattern.finditer(text):
        content, display = _content(found)
        pieces.append(html.escape(text[position : found.start()], quote=False))
        pieces.append(mathml(content, display=display))
        position = found.end()
    return "".join([*pieces, html.escape(text[position:], quote=False)])


def _content(found: re.Match[str]) -> tuple[str, bool]:
    """Return a formula without what surrounds it, and whether it has a line of its own."""
    groups = found.groupdict()
    if inline := groups["inline"] or groups.get("paren"):
        return inline, False
    return groups["display"] or groups.get("bracket") or groups["environment"], True
