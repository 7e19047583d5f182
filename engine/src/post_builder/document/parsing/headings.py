"""The ids that kramdown's GFM parser gives headings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from post_builder.document.post import Heading

_EXPLICIT = re.compile(r"^(?P<text>.*?)[ \t]*\{#(?P<id>[A-Za-z][\w:-]*)\}[ \t]*$", re.ASCII)
"""A heading with an id of its own."""

_MARKUP = re.compile(
    r"""`+[ ]?(?P<code>.*?)[ ]?`+ | <[^<>]*+>
      | !?\[(?P<link>[^][]*+)\](?:\((?:[^()]|\([^()]*+\))*+\)|\[[^][]*+\])
      | (?<!\w)(?P<q>_{1,3})(?P<strong>[^\s_](?:[^_]|_(?=[^\W_])){0,200}+)(?P=q)(?!\w)
      | \\(?P<escaped>[^\w\s]) | \{:[^{}]*+\} | -{2,3} | \.{3} | <<[ ]? | [ ]?>>""",
    re.VERBOSE,
)
"""Inline markup; what readers see of it is in a group. No asterisk is part of an id anyway."""

_WORDS = re.compile(r"[A-Za-z0-9]++(?: [A-Za-z0-9]++)*+")
"""A text all of which is part of its id."""

_NOT_IN_IDS = re.compile(r"[^\w\- \t]")


def headings(found: Iterable[tuple[int, str]]) -> Iterator[Heading]:
    """Give headings their ids.

    Args:
        found: line and text of each heading, in the order of the page.
    """
    seen: dict[str, int] = {}
    for line, text in found:
        explicit = _EXPLICIT.match(text) if "{#" in text else None
        if explicit:
            yield Heading(line, text, explicit["id"])
            continue
        name = text.lower().replace(" ", "-") if _WORDS.fullmatch(text) else _id(text)
        number = seen.get(name, 0)
        seen[name] = number + 1
        yield Heading(line, text, f"{name}-{number}" if number else name)


def _id(text: str) -> str:
    """Return the id of a heading, which has markup."""
    return _NOT_IN_IDS.sub("", _plain(text).lower()).replace(" ", "-").replace("\t", "-")


def _plain(text: str) -> str:
    """Return the words of a heading without its markup."""
    shown = _MARKUP.sub(
        lambda found: next(
            (group for key, group in found.groupdict().items() if group and key != "q"), ""
        ),
        text,
    )
    return unescape(shown)
