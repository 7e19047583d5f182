"""Finding the cells of a post, with their options and output regions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from markdown_it.token import Token

from post_builder.document.code.languages import SESSIONS, names_of, word_of
from post_builder.document.code.sessions import (
    Example,
    SessionError,
    parse_session,
    pasted_session,
)
from post_builder.document.liquid import END_RAW, TAG, liquid_problem
from post_builder.document.options import LINE as OPTIONS_LINE
from post_builder.document.options import OptionError, Options, Tag, parse_options
from post_builder.document.parsing.text_lines import TextLines
from post_builder.document.post import END, START, Cell, Span
from post_builder.errors import PostError

_NO_OPTIONS = Options()

_NOT_QUOTES = re.compile(r"[^\s>]")
"""What is a space in the lines below a fence: the marker of a list item."""

_FENCES = 2
"""Lines that a closed code block has at least."""

_ENDS_LAZINESS = re.compile(r"^(?:[ \t]*$| {0,3}</?[A-Za-z]| {0,3}\{:)", re.MULTILINE)
"""A line that ends what a list item, quote or indented code takes for its own."""

_LIST_START = re.compile(r"^ {0,3}(?:[+*-]|\d+\.)[\t |]", re.MULTILINE)
"""How a list item starts."""

_FOREIGN_LINE = re.compile(r"(?:[^\S\n]*\n)*+(?P<line>:[\w-]+:|---[^\S\n]*(?:\n|\Z))")
"""A line of options in MyST's way, above the code."""


def find_cells(
    text: TextLines, fences: Sequence[Token], language: str, problems: list[PostError]
) -> Iterator[Cell]:
    """Yield the code blocks that run.

    Args:
        text: of the post.
        fences: all its fenced code blocks, as markdown-it found them.
        language: of the kernel.
        problems: takes an error for each block that cannot run as it is.
    """
    names: dict[str, int] = {}
    split = -1  # the line below the last block of which kramdown takes a line for a list item
    for token in fences:
        start, end = text.range_of(token)
        if text.in_liquid("comment", text.starts[start]):
            continue
        below_split = split >= 0 and all(line.strip("> \t\r\n") for line in text.lines[split:start])
        split = end if below_split or _has_item(text, token) else -1
        if not runs(token.info, language):
            problems += _split(text, token)
            continue
        try:
            if below_split:
                message = "kramdown takes a line of a block above this one for an item of a list"
                raise text.error(start, message, "put an empty line above that block")
            cell = _cell(text, token, len(names) + 1, language)
        except PostError as error:
            problems.append(error)
            continue
        if cell.name in names:
            message = f"two cells are named {cell.name}: the other is on line {names[cell.name]}"
            problems.append(text.error(start, message, "give each cell its own name"))
        names[cell.name] = cell.line
        yield cell


def runs(info: str, language: str) -> bool:
    """Return whether the words on a fence make it a cell of a language, or a session in it."""
    word = word_of(info)
    return word in names_of(language) or (language == "python" and word in SESSIONS)


def _ending(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def _cell(text: TextLines, token: Token, number: int, language: str) -> Cell:
    start, end = text.range_of(token)
    opening = text.lines[start]
    prefix = _prefix(text, token)
    _refuse_bad_fence(text, token, prefix)
    options, options_text, after = _options(text, end, prefix)
    if END_RAW.match(text.bare(after, prefix)):
        after += 1
    session = _session(text, token, language)
    if session and options.source:
        raise text.error(start, "a session cannot take its text from elsewhere")
    if session and Tag.RAISES_EXCEPTION in options.tags:
        hint = "write `Traceback (most recent call last):` below the input that raises"
        raise text.error(start, "in a session the result says which input raises", hint)
    cell = Cell(
        name=options.name or f"cell-{number}",
        code="".join(example.source for example in session) if session else token.content,
        options=options,
        options_text=options_text,
        line=start + 1,
        fence=token.markup,
        block=Span(text.starts[start], text.starts[after]),
        body=Span(text.starts[start + 1], text.starts[end - 1]),
        region=_region(text, after, prefix),
        prefix=prefix,
        newline=_ending(text.lines[after - 1]) or _ending(opening),
        in_raw=text.in_liquid("raw", text.starts[start]),
        region_in_raw=text.in_liquid("raw", text.starts[after]),
        session=session,
    )
    _refuse_liquid(text, cell)
    return cell


def _session(text: TextLines, token: Token, language: str) -> tuple[Example, ...]:
    """Read the inputs and results of a session; a cell has none, and must not look like one."""
    start, _ = text.range_of(token)
    if word_of(token.info) in SESSIONS:
        try:
            return parse_session(token.content)
        except SessionError as error:
            hint = "put text that is not a session into a block of another language, such as text"
            raise text.error(start + 1 + error.index, str(error), hint) from error
    if language == "python" and (index := pasted_session(token.content)) is not None:
        raise text.error(
            start + 1 + index,
            "this block is a session with prompts, whose results would be published unchecked",
            "write ```pycon above it, with >>> before inputs: they run, and builds write their"
            " results; or delete prompts and results",
        )
    if option := _FOREIGN_LINE.match(token.content):
        raise text.error(
            start + 1 + token.content.count("\n", 0, option.start("line")),
            "options in the code are not read here",
            "write them on the line below the block: {: #name .hide-input }",
        )
    return ()


def _split(text: TextLines, token: Token) -> Iterator[PostError]:
    """Yield an error for a block of which kramdown would show a part as text: it loses its end."""
    above = token.meta["absorbed"]
    if above and _ENDS_LAZINESS.search(token.content):
        message = f"kramdown takes this block into the {above} above it, and ends it too early"
        yield text.error(text.range_of(token)[0], message, "put an empty line above it")


def _has_item(text: TextLines, token: Token) -> bool:
    """Return whether kramdown takes a line of a block in a list for an item."""
    start, _ = text.range_of(token)
    prefix = _prefix(text, token)
    touches = "  " in prefix and start > 0 and text.bare(start - 1, prefix)
    return bool(touches and _LIST_START.search(token.content))


def _prefix(text: TextLines, token: Token) -> str:
    """Return what is before each line of a block: of its list items spaces, of its quotes `>`."""
    opening = text.lines[text.range_of(token)[0]]
    return _NOT_QUOTES.sub(" ", opening[: opening.index(token.markup)])


def _refuse_bad_fence(text: TextLines, token: Token, prefix: str) -> None:
    start, end = text.range_of(token)
    closing = text.bare(end - 1, prefix)
    too_short = end - start < _FENCES or len(closing) < len(token.markup)
    if too_short or closing.rstrip(token.markup[0]):
        hint = f"end it with a line of {token.markup}"
        raise text.error(start, "this code block is not closed", hint)
    if token.meta["indent"]:
        raise text.error(
            start,
            "readers would get this code with extra spaces before each line",
            "start the fence, and its code, where the text of its list item starts",
        )
    if above := token.meta["absorbed"]:
        raise text.error(
            start,
            f"kramdown takes this block into the {above} above it, and may change its code",
            "put an empty line above it"
            + (", or indent it as far as the text of the item" if "item" in above else ""),
        )
    if _has_item(text, token):
        raise text.error(
            start,
            "kramdown takes a line of this code for an item of the list",
            "put an empty line above the block",
        )


def _refuse_liquid(text: TextLines, cell: Cell) -> None:
    if cell.options.source:
        return  # its source is checked instead
    for found in TAG.finditer(text.text, cell.body.start, cell.body.end):
        if not text.in_liquid("raw", found.start()):
            raise text.error(text.index_of(found.start()), *liquid_problem(cell.name))


def _options(text: TextLines, index: int, prefix: str) -> tuple[Options, str, int]:
    """Read the attribute list on a line, if there is one; return the next line's index too."""
    bare = text.bare(index, prefix)
    match = OPTIONS_LINE.match(bare)
    if match is None:
        if re.match(r"\{:\s*[#.\w]", bare):
            hint = "they must end on their line, and a } inside them is written \\}"
            raise text.error(index, "kramdown cannot read these options", hint)
        return _NO_OPTIONS, "", index
    try:
        return parse_options(match["body"]), match["body"].strip(), index + 1
    except OptionError as error:
        raise text.error(index, str(error)) from error


def _region(text: TextLines, after: int, prefix: str) -> Span:
    """Find the output region below a cell; without one, the empty span where it would be."""
    start = after
    while not (line := text.bare(start, prefix)):
        start += 1
    if line != START:
        return Span(text.starts[after], text.starts[after])
    for end in range(start + 1, len(text.lines)):
        bare = text.bare(end, prefix)
        if bare == START:
            break
        if bare == END:
            return _region_span(text, start, end + 1)
    raise text.error(
        start,
        "this output region has no end",
        f"put {END} below the output, or delete the output; the build recreates it",
    )


def _region_span(text: TextLines, start: int, end: int) -> Span:
    """Return the span of some lines.

    At the end of a text without a final newline it includes the newline before them.
    """
    if text.lines[end - 1].endswith(("\r", "\n")):
        return Span(text.starts[start], text.starts[end])
    before = text.lines[start - 1]
    newline = len(before) - len(before.rstrip("\r\n"))
    return Span(text.starts[start] - newline, text.starts[end])
