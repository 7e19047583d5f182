"""Terminal output as a page shows it: cursor movements carried out, colours as HTML classes."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.ansi import AnsiDecoder
    from rich.style import Style

_COLOUR = re.compile(r"\x1b\[[0-9;]{,99}m")
"""A terminal code that sets colours or weight."""

CONTROL = re.compile(rf"(?!{_COLOUR.pattern})[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
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

_MOVE = re.compile(r"([\r\b])")
"""What moves the cursor within a line."""

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
"""The eight colours of a terminal; each also has an intense variant."""


def settle(text: str) -> str:
    """Return what a terminal shows in the end: backspaces and carriage returns carried out.

    Codes of colours stay; all other terminal codes are dropped.
    """
    text = _OTHER_CODE.sub("", text).replace("\r\n", "\n")
    if not _MOVE.search(text):
        return text
    from rich.ansi import AnsiDecoder  # noqa: PLC0415  # only such outputs need it

    decoder = AnsiDecoder()
    return "\n".join(_settle_line(line, decoder) for line in text.split("\n"))


def _settle_line(line: str, decoder: AnsiDecoder) -> str:
    """Carry out the movements in a line; each character keeps the colours it was written in."""
    from rich.color import ColorSystem  # noqa: PLC0415  # as above

    if not (decoder.style or "\x1b" in line or _MOVE.search(line)):
        return line
    screen: list[tuple[str, Style]] = []
    column = 0
    for part in _MOVE.split(line):
        if part == "\r":
            column = 0
        elif part == "\b":
            column = max(0, column - 1)
        else:
            new = [(char, style) for piece, style in _styled(part, decoder) for char in piece]
            screen[column : column + len(new)] = new
            column += len(new)
    runs = groupby(screen, itemgetter(1))
    texts = ((style, "".join(char for char, _ in run)) for style, run in runs)
    return "".join(style.render(text, color_system=ColorSystem.TRUECOLOR) for style, text in texts)


def _styled(line: str, decoder: AnsiDecoder) -> Iterator[tuple[str, Style]]:
    """Yield the pieces of a line with their styles; the decoder keeps the style between lines."""
    from rich.style import Style  # noqa: PLC0415  # as above

    decoded, position = decoder.decode_line(line), 0
    for span in decoded.spans:
        yield decoded.plain[position : span.start], Style.null()
        yield decoded.plain[span.start : span.end], span.style  # type: ignore[misc]
        position = span.end
    yield decoded.plain[position:], Style.null()


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
    from rich.ansi import AnsiDecoder  # noqa: PLC0415  # only coloured outputs need it

    decoder = AnsiDecoder()
    lines = text.split("\n")
    return "\n".join("".join(_span(*piece) for piece in _styled(line, decoder)) for line in lines)


def _span(text: str, style: Style) -> str:
    inner, names = html.escape(text, quote=False), _colour_classes(style)
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
