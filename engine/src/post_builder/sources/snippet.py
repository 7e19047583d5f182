"""A piece of a file, cut out and dedented so that it can be the text of a cell."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterable

from msgspec import Struct

from post_builder.place import Place

MARKER = re.compile(r"\s*#\s*(?P<end>end)?region\b[ \t]*(?P<name>.*?)\s*")
"""A line that opens or closes a region, as editors fold them; editors allow titles with spaces."""


class Snippet(Struct, frozen=True):
    """A piece of a file, ready to be the text of a cell."""

    code: str
    """Dedented; its lines end in `\\n`."""
    places: tuple[Place, ...]
    """Where each line of the code comes from."""


class SourceFile(Struct, frozen=True):
    """A Python file that cells take text from."""

    name: str
    """Its path as errors name it, relative to the site's root."""
    lines: tuple[str, ...]

    def place(self, number: int) -> Place:
        """Return the place of a line, counted from 1."""
        return Place(self.name, number, self.lines[number - 1])

    def cut(self, numbers: Iterable[int]) -> Snippet:
        """Cut out lines and dedent them; region markers and surrounding empty lines are dropped."""
        kept = [number for number in numbers if not is_marker(self.lines[number - 1])]
        while kept and not self.lines[kept[0] - 1].strip():
            kept.pop(0)
        while kept and not self.lines[kept[-1] - 1].strip():
            kept.pop()
        indented = bool(kept) and self.lines[kept[0] - 1][:1].isspace()
        frozen = self._inside_strings() if indented else set()
        code = [n for n in kept if n not in frozen and self.lines[n - 1].strip()]
        width = min((_indent(self.lines[n - 1]) for n in code), default=0)
        texts = [
            self.lines[n - 1] if n in frozen else _dedent(self.lines[n - 1], width) for n in kept
        ]
        return Snippet("".join(f"{text}\n" for text in texts), tuple(map(self.place, kept)))

    def _inside_strings(self) -> set[int]:
        """Return the lines that begin inside a string whose text dedenting would change.

        The indentation of a docstring has no meaning, so its lines move with the code.
        """
        inside: set[int] = set()
        line_start = True
        source = io.StringIO("\n".join([*self.lines, ""]))
        for token in tokenize.generate_tokens(source.readline):
            is_string = token.type in {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", -1)}
            if is_string and not line_start:
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
            if token.type not in {tokenize.COMMENT, tokenize.NL}:
                line_start = token.type in {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
        return inside


def is_marker(line: str) -> bool:
    """Return whether a line marks a region; `# region of interest` is a comment for readers."""
    marker = MARKER.fullmatch(line)
    return marker is not None and " " not in marker["name"]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _dedent(line: str, width: int) -> str:
    """Remove up to `width` characters of indentation."""
    return line[min(width, _indent(line)) :]
