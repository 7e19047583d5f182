"""Terminal output as a page shows it: cursor movements carried out, colours as HTML classes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from rich.style import Style

_COLOUR = re.compile(r"\x1b\[[0-9;]{,99}m")
"""A terminal code that sets colours or weight."""

CONTROL = re.compile(
    rf"(?!{_COLOUR.pattern})[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0\ufdd1]"
)
"""Characters that a page must not contain, except the codes of colours."""

_OTHER_CODE = re.compile(
    rf"""(?!{_COLOUR.pattern})\x1b(?:
        \[ [0-?]* [ -/]* [@-~]                 # moves the cursor, erases, sets modes
      | [\]PX^_] [^\x07\x1b]* (?:\x07|\x1b\\)   # sets a title, makes a link, draws
      | [ -/]+ [0-~]                           # chooses a character set
      | [0-OQ-WYZ\\`-~]                        # saves the cursor, resets and the like
    )""",
    re.VERBOSE,
)
"""Any other terminal code."""

_MOVE = re.compile(r"(\r+|\x08+)")
"""What moves the cursor within a line, once or several times."""

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The eight colours of a terminal; each also has an intense variant."""


def settle(text: str) -> str:
    """Return what a terminal shows in the end: backspaces and carriage returns carried out.

    Codes of colours stay; all other terminal codes are dropped.
    """
    text = _OTHER_CODE.sub("", text).replace("\r\n", "\n")
    if not _MOVE.search(text):
        return text
    from rich.style import Style  # noqa: PLC0415  # only such outputs need it

    pen = _Pen(Style.null())
    return "\n".join(_settle_line(line, pen) for line in text.split("\n"))


def _settle_line(line: str, pen: _Pen) -> str:
    """Carry out the movements in a line; each character keeps the colours it was written in."""
    from rich.color import ColorSystem  # noqa: PLC0415  # as above

    if not (pen.style or "\x1b" in line or _MOVE.search(line)):
        return line
    screen: list[tuple[str, Style]] = []
    column = 0
    for part in _MOVE.split(line):
        if part.startswith("\r"):
            column = 0
        elif part.startswith("\b"):
            column = max(0, column - len(part))
        elif part:
            new = [(char, style) for piece, style in pen.write(part) for char in piece]
            screen[column : column + len(new)] = new
            column += len(new)
    runs = groupby(screen, itemgetter(1))
    texts = ((style, "".join(char for char, _ in run)) for style, run in runs)
    return "".join(style.render(text, color_system=ColorSystem.TRUECOLOR) for style, text in texts)


class _Pen(Struct):
    """Writes text in the style that codes set; it keeps the style from line to line."""

    style: Style

    def write(self, line: str) -> Iterator[tuple[str, Style]]:
        """Yield the pieces of a line with their styles."""
        position = 0
        for code in _COLOUR.finditer(line):
            if piece := line[position : code.start()]:
                yield piece, self.style
            self.style = _next_style(self.style, code.group())
            position = code.end()
        if rest := line[position:]:
            yield rest, self.style


@lru_cache(maxsize=1024)
def _next_style(style: Style, code: str) -> Style:
    """Return the style that a terminal has after a code."""
    from rich.ansi import AnsiDecoder  # noqa: PLC0415  # only coloured outputs need it

    decoder = AnsiDecoder()
    decoder.style = style
    decoder.decode_line(code)
    return decoder.style


def without_colours(text: str) -> str:
    """Return a text without the codes of colours."""
    return _COLOUR.sub("", text)


def without_controls(text: str) -> str:
    """Return a text without the codes of colours, and other control characters replaced."""
    return CONTROL.sub("\ufffd", without_colours(text))


def terminal_html(text: str) -> str:
    """Escape a text for HTML; colours become spans with the classes of Jupyter's own pages."""
    if "\x1b" not in text:
        return html.escape(text, quote=False)
    from rich.style import Style  # noqa: PLC0415  # only coloured outputs need it

    pen = _Pen(Style.null())
    return "\n".join(
        "".join(
            _span(html.escape(piece, quote=False), _classes(style))
            for piece, style in pen.write(line)
        )
        for line in text.split("\n")
    )


def _span(inner: str, classes: str) -> str:
    return f'<span class="{classes}">{inner}</span>' if classes else inner


@lru_cache(maxsize=1024)
def _classes(style: Style) -> str:
    names = [*_colour_classes(style)]
    names += ["ansi-bold"] if style.bold else []
    names += ["ansi-underline"] if style.underline else []
    return " ".join(names)


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
