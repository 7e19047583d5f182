"""Stopping a build whose outputs hold what looks like a secret."""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from html import unescape

from post_builder.errors import RenderError
from post_builder.place import Place
from post_builder.rendering.text.secret_patterns import PATTERNS

_LONG = 1_000_000
"""Characters from which on a text is too long to be kept."""

_ESCAPE = re.compile(
    r"(?<!\\)\\++(?:(?P<colour>(?:x1[bB]|u001[bB]|033)\[[\d;]{0,20}m)"
    r"|x(?P<byte>[0-9a-fA-F]{2})|u(?P<unit>[0-9a-fA-F]{4})|(?P<quote>[\"'/])|[abfnrtv0])"
    r"|%(?P<percent>[0-9a-fA-F]{2})"
)
"""How a `repr`, JSON or an address writes a character, however often it was escaped."""

NEEDED = {
    "assigned-secret": ("key", "token", "secret", "passw", "passphrase"),
    "authorization-header": ("authorization",),
    "aws-secret-key": ("aws", "access", "session"),
    "azure-client-secret": ("q~",),
    "azure-key": ("jqqj99", "azdo"),
    "bearer-token": ("bearer",),
    "cloudflare-key": ("cloudflare",),
    "connection-string": ("password", "pwd", ":5432:"),
    "cookie": ("cookie",),
    "database-url": ("://",),
    "deepl-key": (":fx",),
    "key-in-header": ("-key", "-token"),
    "lob-key": ("live_", "test_"),
    "mailgun-key": ("key-",),
    "maxmind-key": ("_mmk",),
    "notion-token": ("ntn_", "secret_"),
    "npm-login": ("_auth", "_password"),
    "password-variable": ("_pass", "passw", "passphrase", "_pwd"),
    "quoted-password": ("passw", "passphrase", "secret"),
    "telegram-token": (":aa",),
    "twitter-token": ("%2", "%3"),
    "wandb-key": ("wandb",),
}
"""Words, in small letters, of which each match of a pattern has one.

Only of the patterns that are slow to search for; to search for a word takes nothing beside them.
"""

_SPACE = "\v"
"""What an escaped space becomes: no new line, since lines are counted."""


_INVISIBLE = str.maketrans("", "", "\u00ad\u200b\u200c\u200d\u2060\ufeff")
"""Characters that readers do not see, and search engines skip."""

_WRAP = re.compile(r"(?<=[\w.~+/=-]{20})\n(?=[\w.~+/=-]{8})")
"""Where a line may have been broken within a secret."""


def find_secret(text: str, allowed: Collection[str] = ()) -> tuple[str, int] | None:
    """Find what looks like a secret.

    Args:
        text: an output, plain or escaped for HTML.
        allowed: names of patterns that are not searched for.

    Returns:
        The name of the pattern and the line of the text, counted from 1; None if there is none.
    """
    search = _search if len(text) <= _LONG else _search.__wrapped__
    return search(text, frozenset(allowed))


@lru_cache(maxsize=256)  # of `watch`: most outputs are as in the build before
def _search(text: str, allowed: frozenset[str]) -> tuple[str, int] | None:
    text = unescape(text) if "&" in text else text
    plain = _ESCAPE.sub(_unescaped, text) if "\\" in text or "%" in text else text
    joined = plain if plain.isascii() else plain.translate(_INVISIBLE)
    breaks = [found.start() for found in _WRAP.finditer(joined)]
    joined = _WRAP.sub("", joined) if breaks else joined
    for version in dict.fromkeys((text, plain)):
        if found := _find(version, allowed):
            name, start = found
            return name, version.count("\n", 0, start) + 1
    if joined == plain or not (found := _find(joined, allowed)):
        return None
    name, start = found
    before = sum(position - number < start for number, position in enumerate(breaks))
    return name, joined.count("\n", 0, start) + before + 1


def _find(text: str, allowed: frozenset[str]) -> tuple[str, int] | None:
    """Return the name of the first pattern that is found, and where."""
    small = text.lower()
    for name, pattern in PATTERNS.items():
        needed = NEEDED.get(name)
        if name in allowed or (needed and not any(word in small for word in needed)):
            continue
        for match in pattern.finditer(text):
            before = text[match.start() - 1 : match.start()]
            if not (before.isalnum() and match.group()[0].isalnum()):
                return name, match.start()
    return None


def _unescaped(match: re.Match[str]) -> str:
    """Return the character that an escape stands for, if a secret can contain it."""
    kind = match.lastgroup
    if kind is None:  # by far the most
        return _SPACE
    if kind == "colour":
        return ""
    character = match[kind] if kind == "quote" else chr(int(match[kind], 16))
    return character if character.isascii() and character.isprintable() else _SPACE


def refuse_secret(text: str, what: str, place: Place, allowed: Collection[str]) -> None:
    """Refuse to publish a text that holds what looks like a secret; the error does not show it.

    Args:
        text: what would be published.
        what: how the error calls it, such as `the output of cell x`.
        place: of the cell or value.
        allowed: names of patterns that the author allows.

    Raises:
        RenderError: with the line and the name of the pattern.
    """
    if found := find_secret(text, allowed):
        name, line = found
        message = f"line {line} of {what} looks like a secret ({name}); nothing was written"
        hint = (
            "do not print it, and replace it where it was used; if it is not a secret, list it "
            f"as {name} under allowed_secrets: in the front matter, or in the site's settings"
        )
        raise RenderError(message, place, hint)
