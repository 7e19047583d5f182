"""Terminal output as a page shows it: cursor movements carried out, colours as HTML classes."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.style import Style

_SET_COLOUR = r"\x1b\[[0-9;]{0,64}m"

CONTROL = re.compile(rf"(?!{_SET_COLOUR})[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0\ufdd1]")
"""Characters that a page must not contain, except the codes of colours."""

_COLOUR = re.compile(_SET_COLOUR)
"""A terminal code that sets colours or weight."""

_OTHER_CODE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\[[0-9;]{65,}m|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])"
)
"""A terminal code that moves the cursor, sets a title and the like; or one no terminal reads."""

_CHARACTER = re.compile(rf"((?:{_SET_COLOUR})*)([^\x1b]|\x1b(?!\[[0-9;]{{0,64}}m)|\Z)")
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
    from rich.style import Style  # noqa: PLC0415  # only coloured outputs need it

    style = Style.null()  # is kept from line to line
    lines = []
    for line in text.split("\n"):
        codes = [(0, 0), *(match.span() for match in _COLOUR.finditer(line)), (len(line), 0)]
        pieces = []
        for (start, end), (stop, _) in pairwise(codes):
            style = _next_style(style, line[start:end])
            pieces.append(_span(html.escape(line[end:stop], quote=False), style))
        lines.append("".join(pieces))
    return "\n".join(lines)


@lru_cache(maxsize=1024)
def _next_style(style: Style, code: str) -> Style:
    """Return the style that a terminal has after a code."""
    from rich.ansi import AnsiDecoder  # noqa: PLC0415  # only coloured outputs need it

    decoder = AnsiDecoder()
    decoder.style = style
    decoder.decode_line(code)
    return decoder.style


@lru_cache(maxsize=1024)
def _classes(style: Style) -> str:
    names = [*_colour_classes(style)]
    names += ["ansi-bold"] if style.bold else []
    names += ["ansi-underline"] if style.underline else []
    return " ".join(names)


def _span(inner: str, style: Style) -> str:
    classes = _classes(style)
    return f'<span class="{classes}">{inner}</span>' if classes and inner else inner


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
