"""A post's text and the parts of it that run: `parse` finds them, `splice` writes into them.

Everything is kept as offsets into the text as it is on disk, so that what lies between the parts
is never re-serialised: line endings, a byte order mark and trailing blanks stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import yaml

from post_builder.errors import Place, PostError
from post_builder.files import load_yaml
from post_builder.document.options import Options

START = "<!-- output -->"
"""The line that opens a cell's output region."""
END = "<!-- /output -->"
"""The line that closes it."""

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
"""A line with its end; only these three ends count, as in kramdown."""
_FRONT_MATTER = re.compile(
    r"""\ufeff?---[ \t]*(?:\r\n|\r|\n)
        (?P<yaml>(?>[^\r\n]*(?:\r\n|\r|\n))*?)
        (?:---|\.\.\.)[ \t]*(?=[\r\n]|\Z)""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of the text, from `start` up to but not including `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A code block that runs."""

    name: str
    code: str
    """The source without the prefix of a list or a quote; its lines end in `\\n`."""
    options: Options
    options_text: str
    """The attribute list as written, for digests."""
    line: int
    """The line of the opening fence, counted from 1; code starts on the next."""
    fence: str
    block: Span
    """The whole of it: fences, code and options."""
    body: Span
    """The code's lines."""
    region: Span
    """The output region with its markers; empty, at the place for one, where there is none."""
    prefix: str
    """What stands before each line of the cell inside a list or a quote."""
    newline: str
    in_raw: bool
    """Whether the cell lies in a Liquid raw block."""
    region_in_raw: bool
    """Whether its output would."""
    origin: tuple[Place, ...] = ()
    """For a transcluded cell the line behind each line of code, in the package or another post."""


@dataclass(frozen=True, slots=True)
class Value:
    """A number in prose that the build keeps true."""

    expression: str
    """What stands between the braces of an f-string."""
    line: int
    span: Span
    """The text that readers see."""
    after: int
    """The index of the last cell above, or -1."""


@dataclass(frozen=True, slots=True)
class Post:
    """A post whose front matter names a kernel."""

    path: str
    text: str
    front_matter: Mapping[str, Any]
    kernel: str
    language: str
    content: int
    """The offset at which the text after the front matter starts."""
    cells: tuple[Cell, ...]
    values: tuple[Value, ...]
    headings: tuple[tuple[int, str], ...]
    """The line and the text of each heading."""
    unreadable_fences: tuple[int, ...]
    """The lines of fences with more than one word, which kramdown takes for a paragraph."""

    def place(self, line: int) -> Place:
        """Name one of the post's lines, counted from 1."""
        lines = _lines(self.text)
        return Place(self.path, line, lines[line - 1].rstrip("\r\n") if line <= len(lines) else "")

    def line_of(self, offset: int) -> int:
        """Give the line, counted from 1, on which an offset into the text lies."""
        return len(LINE.findall(self.text[:offset] + "\0"))


@lru_cache(maxsize=8)
def _lines(text: str) -> list[str]:
    """Cut a text into lines, once for all the places that are named in it."""
    return LINE.findall(text)


def splice(text: str, edits: Iterable[tuple[Span, str]]) -> str:
    """Replace each span by its new text; all else stays, byte for byte.

    Raises:
        ValueError: where two spans overlap.
    """
    ordered = sorted(edits, key=lambda edit: edit[0])
    for (before, _), (after, _) in pairwise(ordered):
        if after.start < before.end:
            raise ValueError(f"edits overlap: {before} and {after}")
    pieces: list[str] = []
    position = 0
    for span, new in ordered:
        pieces += [text[position : span.start], new]
        position = span.end
    return "".join([*pieces, text[position:]])


def read_front_matter(text: str, path: str = "post") -> tuple[Mapping[str, Any], int]:
    """Return a file's front matter and the offset at which its content starts.

    Raises:
        PostError: where the front matter is no YAML mapping.
    """
    match = _FRONT_MATTER.match(text)
    if match is None:
        return {}, 0
    try:
        loaded = load_yaml(match["yaml"])
    except (yaml.YAMLError, ValueError, AttributeError, LookupError) as error:
        mark = getattr(error, "problem_mark", None)
        message = f"the front matter is not valid YAML: {getattr(error, 'problem', None) or error}"
        raise PostError(message, Place(path, 2 + (mark.line if mark else 0))) from error
    if not isinstance(loaded, dict | None):
        raise PostError("the front matter is no mapping of keys to values", Place(path, 2))
    return loaded or {}, match.end()


def parse(text: str, path: str = "post") -> Post | None:
    """Find a post's cells, options, regions and values; None for a post that does not run.

    Raises:
        PostError: with the line at fault.
    """
    return _parsed(text, path)


@lru_cache(maxsize=64)
def _parsed(text: str, path: str) -> Post | None:
    """Parse a text once, though many cells may take their text from one post."""
    front_matter, content = read_front_matter(text, path)
    jupyter = front_matter.get("jupyter")
    spec = jupyter.get("kernelspec") if isinstance(jupyter, dict) else None
    if not (isinstance(spec, dict) and spec.get("name")):
        return None
    kernel = str(spec["name"])
    language = str(spec.get("language") or ("python" if kernel.startswith("python") else ""))
    if not language:
        raise PostError(
            f"the kernelspec {kernel!r} names no language",
            Place(path, 1),
            hint="add `language:` to jupyter.kernelspec; it is the word on the cells' fences",
        )
    from post_builder.document.parser import Parser  # noqa: PLC0415  # it makes what this module defines

    return Parser(text, path, content).parse(front_matter, kernel, language)


def prefixed(cell: Cell, text: str) -> str:
    """Set text as lines of the cell's list or quote, in the post's line endings."""
    blank = cell.prefix.rstrip(" \t")
    return cell.newline.join(f"{cell.prefix}{line}" if line else blank for line in text.split("\n"))
