"""Terminal output as a page shows it: cursor movements carried out, colours as HTML classes."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.style import Style

CONTROL = re.compile(r"(?!\x1b\[[\d;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Characters that a page must not contain, except the codes of colours."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")
"""A terminal code that sets colours or weight."""

_OTHER_CODE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
"""A terminal code that moves the cursor, sets a title and the like."""

_CHARACTER = re.compile(r"((?:\x1b\[[\d;]*m)*)([^\x1b]|\x1b(?!\[[\d;]*m)|\Z)")
"""A character with the colours that are set before it."""

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The eight colours of a terminal; each also has an intense variant."""


def settle(text: str) -> str:
    """Return what a terminal shows in the end: backspaces and carriage returns carried out.

    Codes of colours stay; all other terminal codes are dropped.
    """
    lines = _OTHER_CODE.sub("", text).replace("\r\n", "\n").split("\n")
    return "\n".join(map(_settle_line, lines))


def _settle_line(line: str) -> str:
    if "\r" not in line and "\b" not in line:
        return line
    screen: list[str] = []
    column = 0
    for codes, char in _CHARACTER.findall(line):
        if char == "\r":
            column = 0
        elif char == "\b":
            column = max(0, column - 1)
        elif not char:
            screen.append(codes)  # colours set at the end of the line
        else:
            screen[column : column + 1] = [codes + char]
            column += 1
    return "".join(screen)


def without_colours(text: str) -> str:
    """Return a text without the codes of colours."""
    return _COLOUR.sub("", text)


def terminal_html(text: str) -> str:
    """Escape a text for HTML; colours become spans with the classes of Jupyter's own pages."""
    if "\x1b" not in text:
        return html.escape(text, quote=False)
    from rich.ansi import AnsiDecoder  # noqa: PLC0415  # only coloured outputs need it

    decoder = AnsiDecoder()  # keeps the style from line to line
    lines = []
    for line in text.split("\n"):
        decoded = decoder.decode_line(line)
        pieces, position = [], 0
        for span in decoded.spans:
            pieces.append(html.escape(decoded.plain[position : span.start], quote=False))
            inner = html.escape(decoded.plain[span.start : span.end], quote=False)
            pieces.append(_span(inner, span.style))  # type: ignore[arg-type]
            position = span.end
        pieces.append(html.escape(decoded.plain[position:], quote=False))
        lines.append("".join(pieces))
    return "\n".join(lines)


def _span(inner: str, style: Style) -> str:
    names = [*_colour_classes(style)]
    names += ["ansi-bold"] if style.bold else []
    names += ["ansi-underline"] if style.underline else []
    return f'<span class="{" ".join(names)}">{inner}</span>' if names and inner else inner


def _colour_classes(style: Style) -> list[str]:
    """Return the classes of a style's colours: the nearest of a terminal's sixteen."""
    from rich.color import ColorSystem  # noqa: PLC0415  # only coloured outputs need it

    sides = [("fg", style.color), ("bg", style.bgcolor)]
    if style.reverse:
        sides = [("fg", style.bgcolor), ("bg", style.color)]
    names = []
    for side, colour in sides:
        number = colour.downgrade(ColorSystem.STANDARD).number if colour else None
        if number is not None:
            intense = number >= len(_COLOURS) or (bool(style.bold) and side == "fg")
            name = _COLOURS[number % len(_COLOURS)]
            names.append(f"ansi-{name}-{'intense-' if intense else ''}{side}")
        elif style.reverse:
            names.append(f"ansi-default-inverse-{side}")
    return names
