"""The options of a cell: the kramdown attribute list on the line below its fence."""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum

from msgspec import Struct

from post_builder.document.code.foreign_options import meaning_of_key, meaning_of_tag
from post_builder.document.product_paths import product_paths
from post_builder.errors import similar


class Tag(StrEnum):
    """Classes with a meaning, under the names of Jupyter Book, MyST-NB and nbval."""

    HIDE_INPUT = "hide-input"
    """the code is folded on the page; it still runs, and is still copied"""
    HIDE_OUTPUT = "hide-output"
    """the output is folded on the page"""
    REMOVE_OUTPUT = "remove-output"
    """the cell runs, and its output is not published"""
    RAISES_EXCEPTION = "raises-exception"
    """the cell must raise; the traceback is its output"""
    SKIP_EXECUTION = "skip-execution"
    """the code is shown and does not run"""
    STORED_OUTPUT = "stored-output"
    """the code does not run again; the output that is there stays, and is marked as stored"""
    IGNORE_OUTPUT = "nbval-ignore-output"
    """the output is published and never compared; it stays if a rerun reproduces the rest"""
    TRUSTED_HTML = "trusted-html"
    """the cell's HTML output is shown as it is, with its scripts, in a frame of its own"""
    REMOVE_STDERR = "remove-stderr"
    """what the cell writes to stderr is not published"""


PAGE_TAGS = frozenset({Tag.HIDE_INPUT, Tag.HIDE_OUTPUT})
"""Tags that change how a page shows what a run gave, and not what it gave."""

UNRUN_TAGS = frozenset({Tag.SKIP_EXECUTION, Tag.STORED_OUTPUT})
"""Tags of cells whose code does not run."""

COMPARISON_TAGS = frozenset({Tag.IGNORE_OUTPUT})
"""Tags that only matter when two runs are compared."""


class Attribute(StrEnum):
    """Attributes with a meaning."""

    SOURCE = "data-source"
    """where the text of the cell comes from: a symbol, a region, or the output of another post"""
    ALT = "data-alt"
    """alternative text of the cell's figure; a figure without it fails the build"""
    CAPTION = "data-caption"
    """caption of the cell's figure"""
    TIMEOUT = "data-timeout"
    """seconds that the cell may take; overrides the site's setting"""
    FORMAT = "data-format"
    """format of the cell's figures, `svg` or `png`; overrides the site's setting"""
    TOLERANCE = "data-tolerance"
    """how much numbers may drift, as a part of themselves; overrides the post and the site"""
    ABSOLUTE_TOLERANCE = "data-absolute-tolerance"
    """how much numbers may drift, whatever their size; overrides the post and the site"""
    PRODUCTS = "data-products"
    """files that the cell writes, with spaces between them; builds keep and check them"""


_NOT_NEGATIVE = "a number that is not negative"

_SIMILAR = 0.8
"""How similar a word and a known one must be to count as a misspelling."""

LINE = re.compile(r"\{:(?![:/])(?P<body>(?:\\\}|[^}])+)\}[ \t]*$")
"""An attribute list alone on its line; inside it kramdown wants `}` written as `\\}`."""

_WORD = re.compile(
    r"""\s+|\#(?P<id>[A-Za-z][\w:-]*)|\.(?P<cls>[^\s.\#]+)
      |(?P<key>\w[\w:-]*)=(?P<q>["'])(?P<value>(?:\\\}|\\(?P=q)|(?!(?P=q))[^}])*)(?P=q)
      |(?P<bare>[^\s.#]\S*)""",
    re.VERBOSE | re.ASCII,
)

_MAX_NAME = 100
"""Characters; file names have at most 255 with all that is added to them."""


class OptionError(ValueError):
    """An attribute list that does not say what its author meant."""


class Options(Struct, frozen=True):
    """What the attribute list of a cell says."""

    name: str | None = None
    source: str | None = None
    """Where the text of a transcluded cell comes from, as `sources` reads it."""
    alt: str | None = None
    caption: str | None = None
    timeout: float | None = None
    """Seconds."""
    tolerance: float | None = None
    absolute_tolerance: float | None = None
    format: str | None = None
    """Of the cell's figures, `svg` or `png`."""
    products: tuple[str, ...] = ()
    """Paths of the files that the cell writes, relative to the site's root."""
    tags: frozenset[Tag] = frozenset()

    def of_run(self) -> dict[str, object]:
        """Return the options that may change what a cell gives."""
        others = {"alt", "caption", "tolerance", "absolute_tolerance", "products"}
        names = [name for name in self.__struct_fields__ if name not in others]
        tags = sorted(self.tags - PAGE_TAGS - COMPARISON_TAGS)
        products = {"products": self.products} if self.products else {}
        return {name: getattr(self, name) for name in names} | {"tags": tags} | products

    def of_page(self) -> dict[str, object]:
        """Return the options that change how a page shows what a cell gave."""
        return {"alt": self.alt, "caption": self.caption, "tags": sorted(self.tags & PAGE_TAGS)}


def parse_options(body: str) -> Options:
    """Read what is between `{:` and `}`.

    Raises:
        OptionError: for a misspelling of a known option, or a value of the wrong kind.
    """
    name, classes, attributes = _words(body)
    _refuse_unfit_name(name or "")
    for class_ in classes:
        _refuse_foreign(f".{class_}", meaning_of_tag(class_))
        _refuse_misspelling(class_, list(Tag), ".")
    for key, value in attributes.items():
        _refuse_foreign(f'{key}="{value}"', meaning_of_key(key, value))
        _refuse_misspelling(key, list(Attribute), "")
    tags = frozenset(tag for tag in Tag if tag in classes)
    return Options(
        name=name,
        source=attributes.get(Attribute.SOURCE),
        alt=attributes.get(Attribute.ALT),
        caption=attributes.get(Attribute.CAPTION),
        timeout=_number(attributes, Attribute.TIMEOUT, "a number above 0"),
        tolerance=_number(attributes, Attribute.TOLERANCE, _NOT_NEGATIVE),
        absolute_tolerance=_number(attributes, Attribute.ABSOLUTE_TOLERANCE, _NOT_NEGATIVE),
        format=_format(attributes),
        products=_products(attributes, tags),
        tags=tags,
    )


def _words(body: str) -> tuple[str | None, list[str], dict[str, str]]:
    """Split an attribute list into id, classes and attributes, as kramdown does."""
    name: str | None = None
    classes: list[str] = []
    attributes: dict[str, str] = {}
    position = 0
    while position < len(body):
        word = _WORD.match(body, position)
        if word is None:
            raise OptionError(f"kramdown cannot read {body[position:].strip()!r}")
        apart = not position or body[position - 1].isspace()
        if word["key"] and not apart:
            raise OptionError(f"kramdown needs a space before {word.group()}")
        if word["bare"] and not apart:
            raise OptionError(_unreadable(body, position))
        position = word.end()
        if word["id"]:
            name = word["id"]
        elif word["cls"]:
            classes.append(word["cls"])
        elif word["key"]:
            attributes[word["key"]] = re.sub(rf"\\([}}{word['q']}])", r"\1", word["value"])
        elif word["bare"]:
            _refuse_bare(word["bare"])
    return name, classes, attributes


def _unreadable(body: str, position: int) -> str:
    """Say why a word cannot follow directly upon what is before it."""
    rest = re.split(r"\s", body[position:], maxsplit=1, flags=re.ASCII)[0]  # as `_WORD` does
    if body[position - 1] in "\"'":
        return f"a quotation mark within a value is written \\{body[position - 1]}, before {rest!r}"
    before = body[:position].rsplit(maxsplit=1)[-1]
    return f"kramdown cannot read {before + rest!r}: names have letters a to z, digits, -, _ and :"


def _refuse_unfit_name(name: str) -> None:
    """Refuse a name that is too long for a file name."""
    if len(name) > _MAX_NAME:
        raise OptionError(f"the name of a cell has at most {_MAX_NAME} characters: #{name[:20]}…")


def _refuse_foreign(written: str, meaning: str) -> None:
    """Refuse an option of another tool, and name the one that is meant."""
    if meaning:
        raise OptionError(f"{written} is not an option here: {meaning}")


def _refuse_bare(word: str) -> None:
    """Refuse a bare word, which kramdown reads as a reference to another list and drops."""
    if near := similar(word, sorted(Tag), 1, _SIMILAR):
        raise OptionError(f"{word!r} has no effect without a dot: write .{near[0]}")
    if "=" in word:
        raise OptionError(f"{word!r} needs quotes around its value")


def _refuse_misspelling(word: str, known: Collection[str], mark: str) -> None:
    if word in known:
        return
    if f"data-{word}" in known:
        raise OptionError(f"unknown option {word}: did you mean data-{word}?")
    if near := similar(word, sorted(known), 1, _SIMILAR):
        raise OptionError(f"unknown option {mark}{word}: did you mean {mark}{near[0]}?")


def _format(attributes: dict[str, str]) -> str | None:
    given = attributes.get(Attribute.FORMAT)
    if given not in (None, "svg", "png"):
        raise OptionError(f"{Attribute.FORMAT} must be svg or png: {given!r}")
    return given


def _products(attributes: dict[str, str], tags: frozenset[Tag]) -> tuple[str, ...]:
    if Attribute.PRODUCTS not in attributes:
        return ()
    for tag in sorted(tags & UNRUN_TAGS):
        raise OptionError(f"a cell marked .{tag} writes no files: remove {Attribute.PRODUCTS}")
    try:
        return product_paths(attributes[Attribute.PRODUCTS])
    except ValueError as error:
        raise OptionError(f"{Attribute.PRODUCTS} {error}") from error


def _number(attributes: dict[str, str], key: str, wanted: str) -> float | None:
    if key not in attributes:
        return None
    try:
        number = float(attributes[key])
    except ValueError:
        number = -1.0
    if not 0 <= number < float("inf") or (number == 0 and "above" in wanted):
        raise OptionError(f"{key} must be {wanted}: {attributes[key]!r}")
    return number
