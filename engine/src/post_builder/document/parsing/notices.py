"""Saying what looks as if it ran, had an effect or were a formula, and does not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from markdown_it.token import Token

from post_builder.document.code.foreign_options import meaning_of_key
from post_builder.document.code.languages import names_of, word_of
from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.options import Attribute, Tag
from post_builder.document.parsing.cells import runs
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import Cell, Notice
from post_builder.document.prose.dollars import formulas_in_dollars
from post_builder.errors import similar

_HIGHLIGHT = re.compile(r"\{%-?\s*highlight\s+(?P<language>[\w+#.-]+)")
_BRACED = re.compile(r"\{?\.?(?P<language>[\w+#-]+)")
"""The first word on a fence, as Quarto, MyST and Pandoc write it."""

_MYST = frozenset({"code-cell", "code", "code-block", "jupyter-execute"})
"""Directives of MyST and Sphinx that hold code."""

_FENCE = re.compile(r"[ \t>]*(?:`{3,}|~{3,})[ \t]*(?P<info>[^`\s][^`\n]*)$")
_COMMENT = re.compile(r"[ \t>]*(?:<!--|\{::comment)")
_QUARTO = re.compile(r"#\|\s*(?P<key>[\w.-]+)\s*:\s*(?P<value>.*)$")
_CLASS = re.compile(r"""\.language-(?P<language>[\w+#-]+)""")
_HTML_CODE = re.compile(r"""<code\s[^<>]*\blanguage-(?P<language>[\w+#-]+)""", re.IGNORECASE)
_KNOWN = re.compile(
    "|".join([*(re.escape(key) for key in Attribute), *(rf"\.{tag}\b" for tag in Tag)])
)
"""Our options in an attribute list."""

_WITHOUT_COLON = re.compile(
    r"""\{[ ]?(?P<body>(?:[.#][\w-]+|[\w-]+=["'][^"'{}]*["'])[^{}%]*)\}[ \t]*$"""
)
"""A line that would be options with a colon."""

_SIMILAR, _SHORT = 0.8, 4
"""How similar a word and a language must be, and how long at least."""


def find_notices(
    text: TextLines, tokens: Sequence[Token], language: str, cells: Sequence[Cell]
) -> list[Notice]:
    """Find blocks that do not run although they look as if they did, and formulas that are text.

    Args:
        text: of the post.
        tokens: its blocks.
        language: of its kernel.
        cells: those that run.
    """
    found: list[Notice] = []
    for token in tokens:
        if find := _FINDERS.get(token.type):
            found += find(text, token, language)
    found += _highlighted(text, language)
    found += _dollars(text)
    for before, cell in zip((None, *cells), cells, strict=False):
        found += _quarto_lines(cell)
        found += _late_options(text, cell)
        found += _options_above(text, cell, before)
    return sorted(
        (notice for notice in found if not _is_output(text, notice, cells)),
        key=lambda notice: notice.line,
    )


def _is_output(text: TextLines, notice: Notice, cells: Sequence[Cell]) -> bool:
    offset = text.starts[notice.line - 1]
    return text.in_liquid("comment", offset) or any(
        cell.region.start <= offset < cell.region.end for cell in cells
    )


def _fence(text: TextLines, token: Token, language: str) -> Iterator[Notice]:
    if runs(token.info, language):
        return
    start, end = text.range_of(token)
    if notice := _unlike(token.info.strip(), start + 1, language):
        yield notice
    yield from _idle_options(text, end, language)


def _unlike(info: str, line: int, language: str) -> Notice | None:
    """Return what to say about the words on a fence that is not a cell."""
    word = word_of(info)
    fence = f"write ```{language}, with options on the line below the block"
    braced = _BRACED.match(info)
    named = braced["language"].lower() if braced else ""
    ours = named in names_of(language) or named in _MYST
    if not word and info:
        message = "kramdown allows one word on a fence: this is not a code block on the page"
        hint = f"{fence}; {{: .hide-input }}" if ours else "put options on the line below the block"
        return Notice(line, message, hint)
    if ours and info.startswith(("{", ".")):
        return Notice(line, f"this block does not run: its fence says {info}", fence)
    if _is_near(word, language) or word == f"{language}2":
        message = f"this block does not run: {word} is not a name of {language}"
        return Notice(line, message, fence)
    return None


@lru_cache(maxsize=1024)
def _is_near(word: str, language: str) -> bool:
    names = names_of(language)
    return len(word) >= _SHORT and bool(similar(word, names, 1, _SIMILAR))


def _idle_options(text: TextLines, index: int, language: str) -> Iterator[Notice]:
    """Find our options below a block that is not a cell, and a language that only they name."""
    line = text.lines[index].strip(" \t>\r\n") if index < len(text.lines) else ""
    match = OPTIONS_LINE.match(line)
    if match is None:
        return
    if known := _KNOWN.search(match["body"]):
        message = f"{known.group()} has no effect: the block above is not a cell"
        hint = f"cells are fences with the word {language}"
        yield Notice(index + 1, message, hint)
    named = _CLASS.search(match["body"])
    if named and named["language"].lower() in names_of(language):
        message = "this block does not run: only its options name its language"
        yield Notice(index + 1, message, f"write ```{language} above the code and ``` below it")


def _indented(text: TextLines, token: Token, language: str) -> Iterator[Notice]:
    _, end = text.range_of(token)
    while end > 0 and not text.lines[end - 1].strip():
        end -= 1
    yield from _idle_options(text, end, language)


def _html(text: TextLines, token: Token, language: str) -> Iterator[Notice]:
    """Find code within HTML, where kramdown shows fences as they are."""
    start, end = text.range_of(token)
    if _COMMENT.match(text.lines[start]):
        return
    for index in range(start, end):
        line = text.lines[index].rstrip("\r\n")
        found = _FENCE.match(line)
        if found and word_of(found["info"]) in names_of(language):
            yield Notice(
                index + 1,
                f"this block does not run: it is inside HTML that starts on line {start + 1},"
                " and kramdown shows it as plain text",
                'put markdown="1" into the start tag, or end the HTML above the block',
            )
        code = _HTML_CODE.search(line)
        if code and code["language"].lower() in names_of(language):
            hint = f"write ```{language} above the code and ``` below it"
            yield Notice(index + 1, "this block does not run: it is written in HTML", hint)


_FINDERS: dict[str, Callable[[TextLines, Token, str], Iterator[Notice]]] = {
    "fence": _fence,
    "code_block": _indented,
    "html_block": _html,
}
"""What is said about a block, by its type."""


def _highlighted(text: TextLines, language: str) -> Iterator[Notice]:
    for found in _HIGHLIGHT.finditer(text.text, text.starts[text.first]):
        ours = found["language"].lower() in names_of(language)
        if ours and not text.in_liquid("raw", found.start()):
            yield Notice(
                text.index_of(found.start()) + 1,
                f"this block does not run: it is a highlight tag, not a {language} fence",
                f"write ```{language} instead of the tag, and ``` instead of endhighlight",
            )


def _dollars(text: TextLines) -> Iterator[Notice]:
    for index, tex in formulas_in_dollars(text.content):
        message = f"${tex}$ is not a formula in kramdown: readers see its dollars"
        yield Notice(text.first + index + 1, message, f"write $${tex}$$")


def _quarto_lines(cell: Cell) -> Iterator[Notice]:
    """Find Quarto's options at the start of the code; they are comments here."""
    if not cell.code.startswith("#|"):
        return
    for number, line in enumerate(cell.code.split("\n"), 1):
        if not line.startswith("#|"):
            return
        option = _QUARTO.match(line)
        meaning = meaning_of_key(option["key"], option["value"]) if option else ""
        message = "options in comments have no effect, and readers see them"
        hint = meaning or "delete the line"
        where = "on the line below the block" if "write " in meaning else ""
        yield Notice(cell.line + number, message, f"{hint} {where}".strip())


def _late_options(text: TextLines, cell: Cell) -> Iterator[Notice]:
    """Find options below a cell that are not its own."""
    if cell.options_text:
        return
    below = text.index_of(cell.block.end - 1) + 1
    has_output = cell.region.end > cell.block.end
    index = text.index_of(cell.region.end - 1) + 1 if has_output else below
    if bare := _WITHOUT_COLON.match(text.bare(below, cell.prefix)):
        message = f"these are not options of cell {cell.name}: readers see them as text"
        yield Notice(below + 1, message, f"write {{: {bare['body'].strip()}}}")
    while not (line := text.bare(index, cell.prefix)):
        index += 1
    match = OPTIONS_LINE.match(line) if index > below else None
    if match and _KNOWN.search(match["body"]):
        between = "its output" if has_output else "an empty line"
        yield Notice(
            index + 1,
            f"these options are not those of cell {cell.name}: {between} is between them",
            "move them to the line below the block" if has_output else "delete the empty line",
        )


def _options_above(text: TextLines, cell: Cell, before: Cell | None) -> Iterator[Notice]:
    """Find options on the line above a cell, where kramdown gives them to what is above."""
    above = cell.line - 2  # as an index
    if (
        above < text.first
        or "{" not in text.lines[above]
        or (before and text.starts[above] < before.block.end)
    ):
        return
    match = OPTIONS_LINE.match(text.bare(above, cell.prefix))
    if match and _KNOWN.search(match["body"]):
        message = f"these options are above cell {cell.name}, where it does not see them"
        yield Notice(above + 1, message, "move them to the line below the block")
