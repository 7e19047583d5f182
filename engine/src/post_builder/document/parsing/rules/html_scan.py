"""A pass through the lines of an HTML block, to the end that kramdown finds for it."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec import Struct

EMPTY = frozenset(
    (
        *("area", "base", "br", "col", "command", "embed", "hr", "img", "input", "keygen", "link"),
        *("meta", "param", "source", "track", "wbr"),
    )
)
"""Elements without content."""

_BLOCK_CONTENT = re.compile(
    "address|applet|article|aside|blockquote|body|dd|details|div|dl|fieldset|figure|figcaption"
    "|footer|form|header|hgroup|iframe|li|main|map|menu|nav|noscript|object|section|summary|td"
)
"""Elements whose content is Markdown blocks under `markdown="1"`."""

_TEXT_CONTENT = re.compile(
    "a|abbr|acronym|b|bdo|big|button|caption|cite|del|dfn|dt|em|h[1-6]|i|ins|label|legend"
    "|optgroup|p|q|rb|rbc|rp|rt|rtc|ruby|select|small|span|strong|sub|sup|th|tt"
)
"""Elements whose content is the text of one paragraph then."""

_NAME = r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?"
START = re.compile(
    rf"""<(?P<name>{_NAME})
        (?P<attributes>(?:\s++{_NAME}(?:\s*+=\s*+(?:\w++|"[^"]*+"|'[^']*+'))?)*+)
        \s*+(?P<closed>/)?>""",
    re.VERBOSE,
)
_END = re.compile(rf"</(?P<name>{_NAME})\s*+>")
OPENING = re.compile(rf"</?(?P<name>{_NAME})|<!--")
"""The start of a tag or comment."""
_MARKDOWN = re.compile(r"""\smarkdown\s*=\s*["']?(?P<value>\w+)""", re.IGNORECASE)
EXTENSION = re.compile(r"\{::(?P<name>comment|nomarkdown)(?:\s[^}]*)?\}\s*$")
"""Extensions of kramdown whose content is not Markdown."""


class Element(Struct, frozen=True):
    """An open element."""

    name: str
    level: int
    """Of the list or quote that it is in."""
    reads_blocks: bool
    """Whether kramdown reads Markdown blocks in it."""


@lru_cache(maxsize=256)
def _usual_model(name: str) -> str:
    """Return what kramdown reads in an element under `markdown="1"`."""
    if _BLOCK_CONTENT.fullmatch(name):
        return "blocks"
    return "text" if _TEXT_CONTENT.fullmatch(name) else "raw"


class MoreLinesNeeded(Exception):  # noqa: N818  # not an error
    """The end of a block is not among the lines that were read."""


class Scan(Struct):
    """A pass through the lines of one block."""

    text: str
    open: list[Element]
    level: int
    parse_block_html: bool
    is_whole: bool
    """Whether no line may follow the text."""
    is_short: bool = False
    """Whether a tag may go on below the text."""
    last_comment_end: int = -1
    """Offset of the last `-->`."""

    def __post_init__(self) -> None:
        """Look for the end of comments once, or each `<!--` without one would."""
        self.last_comment_end = self.text.rfind("-->")

    def block(self) -> int | None:
        """Return the offset at which the block ends; None if there is none."""
        if self.text.startswith("{"):
            return self._extension()
        if self.text.startswith("<!--"):
            return self._after("-->", 0)
        if end := _END.match(self.text):
            self.open.pop()
            return self._raw(end.end())
        start = START.match(self.text)  # a tag does not extend over more lines than a step
        if start is None and self.is_short:
            self._need_lines()
        return self._raw(self._element(start)) if start else None

    def _need_lines(self) -> None:
        if not self.is_whole:
            raise MoreLinesNeeded

    def _after(self, mark: str, position: int) -> int | None:
        found = self.text.find(mark, position)
        if found < 0:
            self._need_lines()
            return None
        return found + len(mark)

    def _extension(self) -> int | None:
        opening = EXTENSION.match(self.text.partition("\n")[0])
        name = opening["name"] if opening else ""
        end = re.compile(rf"^ {{0,3}}\{{:/(?:{name})?\}}\s*?$", re.MULTILINE).search(self.text)
        if end is None:
            self._need_lines()
        return end.end() if end else None

    def _element(self, start: re.Match[str]) -> int:
        """Enter the element of a start tag; return the offset at which raw text goes on."""
        name, position = start["name"].lower(), start.end()
        if start["closed"] or name in EMPTY:
            return position
        model = self._model(name, start["attributes"])
        if model == "blocks":
            if end := re.compile(rf"[ \t]*</{name}\s*>", re.IGNORECASE).match(self.text, position):
                return end.end()
            self.open.append(Element(name, self.level, reads_blocks=True))
        elif model == "text" or name in {"script", "style"}:
            pattern = re.compile(rf"</{re.escape(name)}\s*>", re.IGNORECASE)
            found = pattern.search(self.text, position)
            if found is None:
                self._need_lines()
            return found.end() if found else len(self.text)
        else:
            self.open.append(Element(name, self.level, reads_blocks=False))
        return position

    def _model(self, name: str, attributes: str) -> str:
        """Return what kramdown reads in an element: `raw`, `blocks`, or `text` of one paragraph."""
        usual = _usual_model(name)
        value = _MARKDOWN.search(attributes) if attributes else None
        models = {"0": "raw", "1": usual, "block": "blocks", "span": "text"}
        if value and value["value"] in models:
            return models[value["value"]]
        in_raw = self.open and not self.open[-1].reads_blocks
        return usual if self.parse_block_html and not in_raw else "raw"

    def _raw(self, position: int) -> int:
        """Return the offset at which no raw element is open any more."""
        outer = [element for element in self.open if element.reads_blocks]
        while self.open and not self.open[-1].reads_blocks:
            found = OPENING.search(self.text, position)
            if found is None:
                self._need_lines()
                self.open = outer  # kramdown closes what is open at the end
                return len(self.text)
            position = self._step(found)
        return position

    def _step(self, found: re.Match[str]) -> int:
        """Go over a tag or comment within raw text."""
        if found.group() == "<!--":
            if found.start() < self.last_comment_end:
                return self.text.index("-->", found.start()) + 3
            self._need_lines()
            return found.end()
        if end := _END.match(self.text, found.start()):
            if end["name"].lower() == self.open[-1].name:
                self.open.pop()
            return end.end()
        start = START.match(self.text, found.start())
        if start is None and (self.is_short or self.text.find(">", found.end()) < 0):
            self._need_lines()
        return self._element(start) if start else found.end()
