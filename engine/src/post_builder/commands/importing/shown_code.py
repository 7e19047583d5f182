"""Code in a notebook's prose, which is shown and does not run."""

from __future__ import annotations

import re

from post_builder.document.code.languages import SESSIONS, names_of
from post_builder.document.liquid import END_RAW, TAG
from post_builder.document.options import Tag
from post_builder.document.post import Span
from post_builder.document.prose.markup import Block, Markup

_WORD = re.compile(r"[\w+#-]+")
_DIRECTIVES = frozenset({"code-cell", "code-block", "code"})
"""Words before the language on the fences of MyST."""


def protected(text: str) -> str:
    """Keep Liquid from interpreting a code span or HTML."""
    if not TAG.search(text):
        return text
    if END_RAW.search(text):
        return TAG.sub(r'{{ "\g<0>" }}', text)
    return f"{{% raw %}}{text}{{% endraw %}}"


def shown_code(markup: Markup, span: Span, language: str) -> str:
    """Write a block of code of a Markdown cell.

    Its fence is closed if it was left open, has one word, and starts where the text of its list
    item does. Code in the language of the notebook is marked as not running.
    """
    block = next(block for block in markup.blocks if block.span == span)
    text = markup.at(span)
    if block.token.type == "fence":
        text = _fenced(block, text, language)
    if TAG.search(text) and END_RAW.search(text):
        text = TAG.sub(r'{{ "\g<0>" }}', text)
    elif TAG.search(text):
        text = f"{{% raw %}}\n{text.rstrip()}\n{{% endraw %}}\n"
    return _apart(markup, block, text)


def _apart(markup: Markup, block: Block, text: str) -> str:
    """Put blank lines around a block that touches what is above or below it."""
    first, last = block.span.start, block.span.end
    line = markup.at(markup.line(first))
    quote = line[: line.find(">") + 1] if line.lstrip().startswith(">") else ""
    above = markup.at(markup.line(first - 1)).strip(" \t\n>") if first else ""
    own = re.match(r"[ \t>]*(?:[*+-]|\d+[.)])[ \t]", line)  # it starts its list item
    below = markup.at(markup.line(last)).strip(" \t\n>") if last < len(markup.text) else ""
    space = f"{quote}\n"
    return f"{space if above and not own else ''}{text}{space if below else ''}"


def _fenced(block: Block, text: str, language: str) -> str:
    lines = text.rstrip("\n").split("\n")
    extra = block.token.meta["indent"]
    fence = block.token.markup
    prefix = lines[0][: lines[0].index(fence)]
    prefix = prefix[: len(prefix) - extra] if extra else prefix
    content = block.token.content.rstrip("\n").split("\n")
    first, *rest = _closing(content, fence)
    word = _word(block.token.info, text)
    inner = re.sub(r"[^\s>]", " ", prefix)
    body = [f"{inner}{line}" if line else inner.rstrip() for line in (first, *rest)]
    written = [f"{prefix}{fence}{word}", *body, f"{inner}{fence}"]
    if word.lower() in names_of(language) | SESSIONS:
        written.append(f"{inner}{{: .{Tag.SKIP_EXECUTION}}}")
    return "\n".join(written) + "\n"


def _closing(content: list[str], fence: str) -> list[str]:
    """Return lines without a fence that was meant to close the block at the end of its last one."""
    last = content[-1]
    return [*content[:-1], last.removesuffix(fence)] if last.endswith(fence) else content


def _word(info: str, text: str) -> str:
    """Return the language on a fence, which kramdown wants to be one word."""
    words = [word for word in _WORD.findall(info) if word not in _DIRECTIVES]
    word = words[0] if words else ""
    return "text" if word and END_RAW.search(text) else word
