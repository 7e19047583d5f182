"""Blocks of Python as people write them for Jekyll, turned into cells and sessions."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from post_builder.document.code.languages import SESSIONS, names_of
from post_builder.document.code.sessions import SessionError, parse_session
from post_builder.document.liquid import BLOCK, END_RAW, TAG
from post_builder.document.post import Edit, Span
from post_builder.document.prose.liquid_parts import LiquidPart, liquid_parts
from post_builder.document.prose.markup import Block, Markup, read_markup

_SESSION = "pycon"
_WORD = re.compile(r"\{?\.?(?P<word>[\w+#-]+)\}?[ \t,]*(?P<rest>.*)", re.DOTALL)
_DIRECTIVES = frozenset({"code-cell", "code-block", "code"})
_PROMPT = re.compile(r"[ \t]*>>>(?: |$)", re.MULTILINE)
_IPYTHON_IN = re.compile(r"In ?\[\d*\]: ?(?P<code>.*)")
_IPYTHON_MORE = re.compile(r" *\.{3,}: ?(?P<code>.*)")
_CLASS = re.compile(r"[ \t]*\{:[ \t]*\.(?:language-)?(?P<word>[\w+#-]+)[ \t]*\}[ \t]*(?:\n|\Z)")
"""The language of a block by a class alone, as Software Carpentry's lessons write it."""

_RAW = re.compile(r"\A\s*\{%-?\s*raw\s*-?%\}(?P<code>.*?)\{%-?\s*endraw\s*-?%\}\s*\Z", re.DOTALL)


class Conversion(Struct):
    """How the blocks of a post change."""

    edits: list[Edit] = field(default_factory=list)
    notes: list[tuple[int, str]] = field(default_factory=list)
    """Offset in the text, and what was lost or could not be turned into a cell."""


def convert_blocks(text: str, content: int, language: str) -> Conversion:
    r"""Turn the blocks of a language into fences that run.

    Args:
        text: of the post, with `\n` as line ending.
        content: offset at which its content starts.
        language: of its kernel.
    """
    found = Conversion()
    raw = [Span(*match.span("content")) for match in BLOCK.finditer(text, content)]
    parts = [part for part in liquid_parts(text, content) if part.kind == "tag"]
    highlighted = list(_highlighted(parts, names_of(language) | SESSIONS))
    for opening, closing in highlighted:
        _convert_highlight(text, opening, closing, found)
    inside = [Span(first.span.start, last.span.end) for first, last in highlighted]
    fences = _Fences(text, read_markup(text[content:], "kramdown"), content, language, found)
    for block in fences.markup.blocks:
        span = fences.span(block)
        if block.token.type == "fence" and not _within(span, inside):
            fences.convert(block, in_raw=_within(span, raw))
    return found


def _within(span: Span, others: Sequence[Span]) -> bool:
    return any(other.start <= span.start and span.end <= other.end + 1 for other in others)


def _highlighted(
    parts: Sequence[LiquidPart], names: frozenset[str]
) -> Iterator[tuple[LiquidPart, LiquidPart]]:
    """Yield the tags around each block that Jekyll highlights as one of some languages."""
    opening: LiquidPart | None = None
    for part in parts:
        if part.name == "highlight":
            opening = part
        elif part.name == "endhighlight" and opening:
            word = opening.arguments.split()[:1]
            if word and word[0].lower() in names:
                yield opening, part
            opening = None


def _convert_highlight(
    text: str, opening: LiquidPart, closing: LiquidPart, found: Conversion
) -> None:
    first = text.rfind("\n", 0, opening.span.start) + 1
    prefix = text[first : opening.span.start]
    last = text.find("\n", closing.span.end)
    last = len(text) if last < 0 else last
    after = text[closing.span.end : last]
    code = text[opening.span.end : closing.span.start]
    literal = _RAW.match(code)
    code = literal["code"] if literal else code
    if prefix.strip() or after.strip() or (TAG.search(code) and not literal):
        why = "Liquid fills it in" if TAG.search(code) else "it shares its lines with text"
        found.notes.append((opening.span.start, f"this block stays as it is: {why}"))
        return
    word, *options = opening.arguments.split()
    if options:
        found.notes.append((opening.span.start, f"dropped: {' '.join(options)}"))
    lines = textwrap.dedent(code.strip("\n")).rstrip().split("\n")
    is_session = word.lower() in SESSIONS or _PROMPT.match("\n".join(lines))
    block = _fence(_SESSION if is_session else "python", lines, prefix)
    if TAG.search(code):
        block = f"{{% raw %}}\n{block}\n{{% endraw %}}"
    above = "" if _blank_line_before(text, first) else "\n"
    below = "" if re.match(r"\n[ \t]*(?:\n|\Z)|\Z", text[last:]) else "\n"
    found.edits.append((Span(first, last), f"{above}{block}{below}"))


def _blank_line_before(text: str, offset: int) -> bool:
    return not text[:offset].strip() or bool(re.search(r"\n[ \t]*\n\Z", text[:offset]))


class _Fences(Struct, frozen=True):
    """The fences of a post."""

    text: str
    markup: Markup
    """Of the content."""
    content: int
    """Offset at which the content starts."""
    language: str
    found: Conversion

    def span(self, block: Block) -> Span:
        """Return where a block is in the post."""
        return Span(block.span.start + self.content, block.span.end + self.content)

    def convert(self, block: Block, *, in_raw: bool) -> None:
        """Turn a fence into one that runs, if it is of the post's language or a session."""
        span, info = self.span(block), block.token.info.strip()
        word, lost = _language(info)
        named = None if word else _CLASS.match(self.text, span.end)
        if named and named["word"].lower() in names_of(self.language):
            word, span = named["word"], Span(span.start, named.end())
        first = block.token.content.lstrip("\n")
        session = _PROMPT.match(first) or _IPYTHON_IN.match(first)
        ours = word.lower() in names_of(self.language) or (not word and session)
        if not ours or not self._is_closed(block):
            return
        written = self._written(block, word if word and word == info else self.language)
        if TAG.search(block.token.content) and not in_raw:
            if END_RAW.search(block.token.content):
                note = "this block stays as it is: it ends a raw block of Liquid"
                self.found.notes.append((span.start, note))
                return
            note = "Liquid filled this block in; now readers see it as it is written"
            self.found.notes.append((span.start, note))
            written = f"{{% raw %}}\n{written}\n{{% endraw %}}"
        if written != _without_space(self.text[span.start : span.end].rstrip("\n")):
            if lost:
                self.found.notes.append((span.start, f"dropped: {lost}"))
            self.found.edits.append((span, f"{written}\n"))

    def _is_closed(self, block: Block) -> bool:
        last = self.markup.at(block.span).rstrip("\n").rpartition("\n")[2].strip(" \t>")
        return last.startswith(block.token.markup) and not last.strip(block.token.markup[0])

    def _written(self, block: Block, word: str) -> str:
        """Write a fence where its list item starts, or the fences that a session becomes."""
        text, indent = self.markup.at(block.span), block.token.meta["indent"]
        prefix = text[: text.index(block.token.markup)]
        prefix = prefix[: len(prefix) - indent] if indent else prefix
        lines = block.token.content.rstrip("\n").split("\n")
        if any(map(_IPYTHON_IN.match, lines[:1])):
            parts = _ipython_parts(lines)
            fences = (_fence(word if code else "", part, prefix) for code, part in parts)
            return f"\n{prefix.rstrip()}\n".join(fences)
        return _fence(*_as_session(word, lines), prefix, block.token.markup)


def _without_space(text: str) -> str:
    """Return a block without the space between its opening fence and the word on it."""
    return re.sub(r"\A(\s*[`~]{3,})[ \t]+", r"\1", text)


def _language(info: str) -> tuple[str, str]:
    """Return the language on a fence in any tool's spelling, and what else is there."""
    match = _WORD.match(info)
    if match is None:
        return "", ""
    word, rest = match["word"], match["rest"].strip()
    if info.startswith("{") and not info.startswith(f"{{{word}}}"):
        rest = rest.removesuffix("}").strip()  # of the whole, not of an option
    if word in _DIRECTIVES:
        return _language(rest.lstrip("{}")) if rest else ("python", "")
    return word, rest


def _as_session(word: str, lines: list[str]) -> tuple[str, list[str]]:
    """Recognise a session at Python's prompt, which becomes one that is checked."""
    first = next((line for line in lines if line.strip()), "")
    if not _PROMPT.match(first):
        return word, lines
    dedented = textwrap.dedent("\n".join(lines)).split("\n")
    try:
        parse_session("\n".join(dedented) + "\n")
    except SessionError:
        return word, lines
    return _SESSION, dedented


def _ipython_parts(lines: Sequence[str]) -> list[tuple[bool, list[str]]]:
    """Divide a session at IPython's prompt into inputs, without prompts, and what follows them."""
    parts: list[tuple[bool, list[str]]] = []
    for line in lines:
        start = _IPYTHON_IN.match(line)
        more = _IPYTHON_MORE.match(line) if parts and parts[-1][0] else None
        if start:
            parts.append((True, [start["code"]]))
        elif more:
            parts[-1][1].append(more["code"])
        elif parts and not parts[-1][0]:
            parts[-1][1].append(line)
        else:
            parts.append((False, [line]))
    return [(code, text) for code, text in parts if "".join(text).strip()]


def _fence(word: str, lines: Sequence[str], prefix: str, given: str = "```") -> str:
    runs = [run for line in lines for run in re.findall(rf"^\s*({given[0]}{{3,}})", line)]
    fence = given[0] * max([len(given), *(len(run) + 1 for run in runs)])
    inner = re.sub(r"[^\s>]", " ", prefix)
    body = (f"{inner}{line}" if line else inner.rstrip() for line in lines)
    return "\n".join([f"{prefix}{fence}{word}", *body, f"{inner}{fence}"])
