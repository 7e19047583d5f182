"""Take out of outputs what is not the post's: a machine's paths, addresses, terminal codes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from post_builder.site import Site

CONTROL = re.compile(r"(?!\x1b\[[\d;]*m)[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What no page may hold; colours are left to the rendering."""

_NO_COLOUR = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-ln-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
"""Terminal codes that move the cursor, set titles and the like."""

_COLOUR = re.compile(r"\x1b\[([\d;]*)m")
"""A terminal code that sets colours or weight."""

_SHOWN = re.compile(r"((?:\x1b\[[\d;]*m)*)([^\x1b]|\x1b(?!\[[\d;]*m)|\Z)")
"""A character with the colours set before it."""

_LEVELS = (0, 95, 135, 175, 215, 255)
"""The six levels of each colour in a terminal's cube of 216."""

_SCRIPT = re.compile(r"[\s\x00-\x20]*j\s*a\s*v\s*a\s*s\s*c\s*r\s*i\s*p\s*t\s*:", re.IGNORECASE)

_WORD = re.compile(r"[^\s\"'(<]+")
"""What may be a path in an output."""

_INSTALLED = re.compile(r"\A.*/(?:(?:site|dist)-packages|lib/python3\.\d+)/")
_LIBRARY = re.compile(r"\AFile \S*/(?:site-packages|dist-packages|lib/python3[\d.]*)/(\w+)")
"""How IPython begins a frame of a traceback that is not of a cell."""

_CELL_FILE = re.compile(r"\A.*/ipykernel_\d+/\d+\.py")
_TEMPORARY = re.compile(r"(?:/var/folders/\S+?/T|/tmp)/tmp\w{8}")  # a pattern

_LOGGED = (
    (re.compile(r"\b(pid|process)([ =:]+)\d+", re.IGNORECASE), r"\1\2…"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d+)?"), "…"),
    (re.compile(r"\[\d\d:\d\d<[^\]]*\]"), "[…]"),
    (re.compile(r"\b\d+(?:\.\d+)?( ?)(ns|µs|us|ms|s|sec|secs|seconds?|min|minutes?)\b"), r"…\1\2"),
)
"""What libraries write to stderr that no two runs share, and what stands for it."""


@dataclass(frozen=True, slots=True)
class Cleaner:
    """Makes a post's outputs the same wherever and whenever they are made."""

    site: Site
    names: Mapping[int | None, str]
    """Cells' names by the number under which tracebacks know them."""

    def text(self, text: str) -> str:
        """Clean a text output, and cut it where it is over the limit; colours stay in it."""
        text = _COLOUR.sub(_basic_colour, _NO_COLOUR.sub("", text))
        text = _settled(text).removesuffix("\n")
        return self._cut(CONTROL.sub("\ufffd", self._scrubbed(text)))

    def log(self, text: str) -> str:
        """Clean what was written to stderr: process numbers, times and durations go as well."""
        for pattern, replacement in _LOGGED:
            text = pattern.sub(replacement, text)
        return self.text(text)

    def traceback(self, frames: Sequence[str]) -> str:
        """Clean a traceback; it names cells as the page does, and counts a library's frames."""
        text = "\n".join(_without_libraries(frames))
        return self.text(re.sub(r"Cell In\[(\d+)\]", lambda m: f"Cell {self._name(m)}", text))

    def html(self, markup: str, *, trusted: bool = False) -> str:
        """Drop scripts, handlers, styles and comments; trusted markup keeps the first two."""
        from bs4 import BeautifulSoup  # noqa: PLC0415  # only HTML outputs need it
        from bs4.element import PreformattedString  # noqa: PLC0415  # comments, doctypes

        markup = CONTROL.sub("\ufffd", re.sub(r"\r\n?", "\n", self._scrubbed(markup)))
        soup = BeautifulSoup(markup, "html.parser")
        for element in soup(["style"] if trusted else ["script", "style"]):
            element.decompose()
        for text in soup.find_all(string=lambda text: isinstance(text, PreformattedString)):
            text.extract()
        for tag in [] if trusted else soup.find_all():
            for name in [name for name, value in tag.attrs.items() if _runs(name, str(value))]:
                del tag[name]
        clean = re.sub(r"(?m)[ \t]+$", "", str(soup).strip())
        if len(clean) > self.site.settings.output_limit:
            return f"<p>… {len(clean):,} characters of HTML not shown</p>"
        return clean

    def _name(self, match: re.Match[str]) -> str:
        return self.names.get(int(match[1]), match[1])

    def _cut(self, text: str) -> str:
        limit = self.site.settings.output_limit
        plain = _COLOUR.sub("", text)
        if len(plain) <= limit:
            return text
        return f"{plain[:limit]}\n… {len(plain) - limit:,} more characters not shown"

    def _scrubbed(self, text: str) -> str:
        root = re.escape(str(self.site.root))
        text = re.sub(rf"{root}/(?=[\w.])", "", text)
        text = re.sub(rf"{root}(?![\w-])", ".", text)
        text = _WORD.sub(lambda word: _without_folders(word.group()), text)
        home = os.path.expanduser("~")  # noqa: PTH111  # Path.home() fails where there is none
        if len(home) > 1:
            text = re.sub(rf"(?<![\w.]){re.escape(home)}(?![\w-])", "~", text)
        return re.sub(r"\bat 0x[0-9a-fA-F]{6,}", "at 0x…", text)


def _without_libraries(frames: Sequence[str]) -> Iterator[str]:
    """Say in a line how many frames lie in an installed package: readers look for their own."""
    for package, run in groupby(frames, _package):
        if package is None:
            yield from run
        else:
            count = len(list(run))
            yield f"… {count} frame{'s' if count > 1 else ''} in {package}"


def _package(frame: str) -> str | None:
    """Name the installed package in whose code a frame of a traceback lies."""
    found = _LIBRARY.match(_COLOUR.sub("", frame))
    return found[1] if found else None


def _runs(attribute: str, value: str) -> bool:
    """Tell whether an attribute of HTML holds code: a handler, or an address that is a script."""
    return attribute.lower().startswith("on") or bool(_SCRIPT.match(value))


def _without_folders(path: str) -> str:
    """Drop from a path where packages, cells' stand-ins and scratch files lie on this machine."""
    if "/" not in path:
        return path
    path = _CELL_FILE.sub("<cell>", _INSTALLED.sub("", path))
    return _TEMPORARY.sub("/tmp/…", path)  # noqa: S108  # what readers see


def _basic_colour(code: re.Match[str]) -> str:
    """Say a colour of 256, or of 16 million, as the nearest of a terminal's sixteen."""
    numbers = [int(number or 0) for number in code[1].split(";")]
    said: list[int] = []
    while numbers:
        number = numbers.pop(0)
        if number in {38, 48} and numbers[:1] in ([5], [2]):
            count = 1 if numbers.pop(0) == 5 else 3  # noqa: PLR2004  # an index, or red green blue
            said.append(_nearest(numbers[:count]) + number - 38)
            del numbers[:count]
        else:
            said.append(number)
    return f"\x1b[{';'.join(map(str, said))}m"


def _nearest(colour: list[int]) -> int:
    """Give the code of the foreground colour that comes nearest."""
    if len(colour) == 1 and colour[0] < 16:  # noqa: PLR2004  # those are the sixteen themselves
        return 30 + colour[0] if colour[0] < 8 else 82 + colour[0]  # noqa: PLR2004  # two rows of 8
    red, green, blue = _cube(colour[0]) if len(colour) == 1 else (*colour, 0, 0, 0)[:3]
    strongest = max(red, green, blue)
    parts = (part * 2 > strongest > 0 for part in (red, green, blue))
    hue = sum(bit for bit, part in zip((1, 2, 4), parts, strict=True) if part)
    return (90 if strongest > _LEVELS[3] else 30) + hue


def _cube(index: int) -> tuple[int, int, int]:
    """Give the red, green and blue of one of a terminal's 256 colours over 15."""
    if index >= 232:  # noqa: PLR2004  # 24 greys end the list
        grey = 8 + 10 * (index - 232)
        return grey, grey, grey
    index -= 16
    return _LEVELS[index // 36], _LEVELS[index // 6 % 6], _LEVELS[index % 6]


def _settled(text: str) -> str:
    """Show what a terminal shows in the end: backspaces and carriage returns carried out."""
    return "\n".join(map(_settled_line, text.replace("\r\n", "\n").split("\n")))


def _settled_line(line: str) -> str:
    if "\r" not in line and "\b" not in line:
        return line
    screen: list[str] = []
    column = 0
    for codes, char in _SHOWN.findall(line):
        if char == "\r":
            column = 0
        elif char == "\b":
            column = max(0, column - 1)
        elif not char:
            screen.append(codes)  # colours set at the line's end
        else:
            screen[column : column + 1] = [codes + char]
            column += 1
    return "".join(screen)
